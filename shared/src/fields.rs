//! The fields of a request, from a JSON body, a query string or a form, and what is wrong with them.
//!
//! Requests are declared by [`request!`](crate::request!), which reads every field before it gives up.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde_json::{Map, Value};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::Problem;
use crate::problem::FieldError;

/// A request that is read field by field.
pub trait FromFields: Sized {
    /// Reads every field before giving up with `None`, so that all faults are known.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// A request without fields: whatever it is sent with is a fault, not silently ignored.
#[derive(Debug)]
pub struct Nothing;

impl FromFields for Nothing {
    fn from_fields(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }
}

/// The fields of a request, and the faults found so far.
pub struct Fields {
    values: BTreeMap<String, Given>,
    errors: Vec<FieldError>,
}

/// What was given for a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// In a query string or a form, where numbers are texts, too.
    Text(String),
    /// In a JSON body.
    Json(Value),
}

impl Given {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(value) => value.as_str(),
        }
    }
}

impl Fields {
    /// The fields of a JSON object.
    pub fn from_json(object: Map<String, Value>) -> Self {
        Self {
            values: object
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, Given::Json(value)))
                .collect(),
            errors: Vec::new(),
        }
    }

    /// The fields of a query string or a form; one named twice is a fault.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: BTreeMap::new(), errors: Vec::new() }.and_pairs(pairs)
    }

    /// Adds the fields of a query string to those of a body.
    pub fn and_pairs(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in pairs {
            if self.values.insert(name.clone(), Given::Text(value)).is_some() {
                self.fault(&name, "is given more than once");
            }
        }
        self
    }

    /// Reads a request; the refusal lists every fault, unknown fields among them.
    pub fn read<T: FromFields>(mut self) -> Result<T, Problem> {
        let read = T::from_fields(&mut self);
        for name in std::mem::take(&mut self.values).into_keys() {
            self.fault(&name, "is not a field of this request; check its spelling");
        }
        match read {
            Some(request) if self.errors.is_empty() => Ok(request),
            _ => Err(Problem::invalid(self.errors)),
        }
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<Given> {
        self.values.remove(name)
    }

    /// Notes a fault.
    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        let path = name.chars().take(LONGEST_PATH).collect();
        self.errors.push(FieldError { path, message: message.into() });
    }
}

/// How much of a field's name is answered, which may be the caller's own.
const LONGEST_PATH: usize = 100;

/// More decimals than a price or a quantity has.
pub(crate) const MOST_DECIMALS: usize = 10;

/// Whether a day is one that accounts and databases know.
pub fn known_day(day: &Date) -> bool {
    (1950..2100).contains(&day.year())
}

/// A text of so many printable characters, without the space around them.
pub fn printable(text: &str, long: RangeInclusive<usize>) -> Result<String, String> {
    let text = text.trim();
    let good = long.contains(&text.chars().count()) && is_printable(text);
    let message = || format!("must have {} to {} printable characters", long.start(), long.end());
    good.then(|| text.to_owned()).ok_or_else(message)
}

/// Whether a text has only characters that are seen. Control characters, line separators and format characters are not:
/// some of them reverse what follows, others are invisible. The joiners U+200C and U+200D, which scripts of India need, may
/// stand between two letters.
pub fn is_printable(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let joins = |at: usize| {
        let beside = |at: Option<usize>| at.and_then(|at| letters.get(at));
        let joined = |letter: &char| {
            matches!(
                letter.general_category_group(),
                GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
            )
        };
        beside(at.checked_sub(1)).is_some_and(joined)
            && beside(at.checked_add(1)).is_some_and(joined)
    };
    letters.iter().enumerate().all(|(at, letter)| match letter.general_category() {
        GeneralCategory::Control
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned => false,
        GeneralCategory::Format => matches!(letter, '\u{200C}' | '\u{200D}') && joins(at),
        _ => true,
    })
}

/// Reads an e-mail address, into lower case.
pub fn email(text: &str) -> Result<String, String> {
    let email = text.trim().to_ascii_lowercase();
    // Plain addresses only: what else RFC 5322 allows, mail servers read in several ways.
    let local_letter =
        |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = email.len() <= 254
        && email.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && local.chars().all(local_letter)
                && local.split('.').all(|part| !part.is_empty())
                && domain.contains('.')
                && domain.split('.').all(label)
        });
    if good { Ok(email) } else { Err("must be an e-mail address, like asha@example.in".into()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::{printable, whole};

    crate::request! {
        struct Order {
            name: String = printable(10),
            most: Option<i64> = whole(1, 10),
        }
    }

    fn read(body: Value) -> Result<Order, Problem> {
        let Value::Object(object) = body else { panic!("an object") };
        Fields::from_json(object).read()
    }

    #[test]
    fn null_is_the_same_as_missing() {
        let order = read(json!({ "name": "x", "most": null })).unwrap();
        assert_eq!((order.name.as_str(), order.most), ("x", None));
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let pairs =
            [("name", "a"), ("name", "b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(Fields::from_pairs(pairs).read::<Order>().is_err());
    }

    #[test]
    fn names_in_scripts_of_india_are_taken_with_their_joiners() {
        assert!(!is_printable("ശ്രീ\u{200D}"), "a joiner at the end joins nothing");
        for name in [
            "ക്\u{200D}ഷമ",
            "র\u{200D}্যাম",
            "ರ\u{200D}್ಕ",
            "क्\u{200C}ष",
            "ലക്\u{200C}ഷ്മി",
            "தமிழ்",
            "ਅਮਰ",
            "आशा राव",
        ] {
            assert!(is_printable(name), "{name}");
        }
    }

    #[test]
    fn what_is_not_seen_or_turns_a_text_is_refused() {
        for text in [
            "a\u{202E}b",
            "a\u{2066}b",
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{200B}b",
            "a\u{FEFF}b",
            "a\u{00AD}b",
            "a\u{0007}b",
            "\u{200D}",
            "a \u{200D}b",
            "a\u{200C}",
            "\u{E0041}a",
        ] {
            assert!(!is_printable(text), "{text:?}");
        }
    }

    #[test]
    fn of_many_faults_the_first_hundred_are_listed() {
        let body: Map<String, Value> =
            (0..120_000).map(|n| (format!("field{n}"), json!(1))).collect();
        let Err(problem) = Fields::from_json(body).read::<Order>() else { panic!("faults") };
        let document = problem.document("r");
        assert_eq!(document["errors"].as_array().map(Vec::len), Some(100));
        assert_eq!(document["errorsFound"], 120_001);
        assert!(document.to_string().len() < 20_000);
    }

    #[test]
    fn addresses_are_taken_in_lower_case() {
        assert_eq!(email(" Asha@Example.IN "), Ok("asha@example.in".into()));
        for text in [
            "x<victim@corp.in>",
            "a,b@c.in",
            "é@c.in",
            "a..b@c.in",
            "a@-c.in",
            "",
            "asha",
            "@example.in",
            "asha@",
            "asha@example",
            "a@b@c.in",
            "a b@c.in",
            "a@c..in",
            "a\n@c.in",
        ] {
            assert!(email(text).is_err(), "{text}");
        }
    }
}
