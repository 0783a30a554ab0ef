//! What is wrong with a query, and where.

use std::fmt;

/// A fault of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON Pointer (RFC 6901): `/filters/0/value`. Empty for the query as a whole.
    pub path: String,
    /// Why, as a stable word.
    pub why: Why,
    /// What is wrong and what would be right, for people.
    pub message: String,
}

/// Why something of a query is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A value of another JSON type than is wanted.
    WrongType,
    /// A field that there is not.
    UnknownField,
    /// A field that must be there.
    Missing,
    /// A word that is none of those that are known here.
    UnknownWord,
    /// A number or a day that is not one, or out of its bounds.
    OutOfRange,
    /// More than are allowed.
    TooMany,
    /// The same twice.
    Repeated,
    /// Good by itself, and not together with the rest.
    NotTogether,
    /// A query of a version that is not known.
    NewerVersion,
}

impl Why {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::WrongType => "wrong_type",
            Self::UnknownField => "unknown_field",
            Self::Missing => "missing",
            Self::UnknownWord => "unknown_word",
            Self::OutOfRange => "out_of_range",
            Self::TooMany => "too_many",
            Self::Repeated => "repeated",
            Self::NotTogether => "not_together",
            Self::NewerVersion => "newer_version",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
