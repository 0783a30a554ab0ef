//! Why something cannot be said.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a figure, or a whole answer, is unknown. Unknown is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QueryUnknown)]
pub enum Unknown {
    /// Nothing was imported or read yet.
    NothingImported,
    /// The days are before everything that is known, or what was held then is not known.
    History,
    /// There is no price until that day.
    NoPrice,
    /// What it cost is not known.
    CostUnknown,
    /// The day of purchase is not known.
    DateUnknown,
    /// What kind of asset it is for tax is not known.
    KindUnknown,
    /// No source says which sector, class or category it is of, or which symbol it has.
    ClassMissing,
    /// Charges are not known: a tradebook has none.
    ChargesUnknown,
    /// No income was ever recorded. It is paid to the bank and in no tradebook.
    IncomeNotRecorded,
    /// How much is pledged is known of the newest statement's day alone.
    PledgeUnknown,
    /// The index has no close at the ends of the period.
    NoBenchmark,
    /// Shares went into or came out of a security that is not part of it: a merger or a demerger.
    Exchanged,
    /// Money went in and out so that no yearly rate, or more than one, fits.
    NoRate,
    /// There is nothing that it could be a part of.
    NoBase,
    /// The period has no days on which something was held.
    NoPeriod,
}

impl Unknown {
    /// In words, for people.
    pub fn message(self) -> &'static str {
        match self {
            Self::NothingImported => "nothing was imported yet",
            Self::History => "what was held in these days is not known",
            Self::NoPrice => "there is no price",
            Self::CostUnknown => "the cost is not known",
            Self::DateUnknown => "the day of purchase is not known",
            Self::KindUnknown => "the kind of asset is not known",
            Self::ClassMissing => "no source says what it is",
            Self::ChargesUnknown => "the charges are not known",
            Self::IncomeNotRecorded => "no income was ever recorded",
            Self::PledgeUnknown => "what was pledged then is not known",
            Self::NoBenchmark => "the index has no close at the ends of the period",
            Self::Exchanged => "shares went into or came out of another security",
            Self::NoRate => "no yearly rate fits what was paid in and out",
            Self::NoBase => "there is nothing it could be a part of",
            Self::NoPeriod => "nothing was held in the period",
        }
    }
}
