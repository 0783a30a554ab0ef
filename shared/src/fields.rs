//! Reading a request's fields, reporting every fault at once.
//!
//! JSON bodies, query strings and multipart texts are read the same way: a request type says how
//! each of its fields is read, and only when all are good is it made.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use uuid::Uuid;

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
    values: BTreeMap<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of a JSON object.
    pub fn from_json(object: Map<String, Value>) -> Self {
        Self {
            values: object.into_iter().filter(|(_, value)| !value.is_null()).collect(),
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
            if self.values.insert(name.clone(), Value::String(value)).is_some() {
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

    /// A text that must be there. `read` says what is wrong as "must …" or "is …".
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match self.optional(name, read)? {
            Some(value) => Some(value),
            None => {
                self.fault(name, "is required");
                None
            }
        }
    }

    /// A text that may be missing; the outer `None` means a fault was noted.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let read = match self.values.remove(name) {
            None => return Some(None),
            Some(Value::String(text)) => read(&text),
            Some(_) => Err("must be a text".into()),
        };
        self.note(name, read)
    }

    /// A UUID that must be there.
    pub fn id(&mut self, name: &str) -> Option<Uuid> {
        self.required(name, |id| Uuid::parse_str(id).map_err(|_| "must be a UUID".into()))
    }

    /// A UUID that may be missing.
    pub fn optional_id(&mut self, name: &str) -> Option<Option<Uuid>> {
        self.optional(name, |id| Uuid::parse_str(id).map_err(|_| "must be a UUID".into()))
    }

    /// A day that may be missing: no account is older than 1950, and no database's calendar ends before 2100.
    pub fn day(&mut self, name: &str) -> Option<Option<Date>> {
        self.optional(name, |day| {
            let read = day.parse().ok().filter(known_day);
            read.ok_or_else(|| "must be a day, as 2026-11-20".into())
        })
    }

    /// A decimal number that may be missing.
    pub fn decimal(&mut self, name: &str) -> Option<Option<Decimal>> {
        self.optional(name, |number| {
            let read =
                number.parse().ok().filter(|number: &Decimal| number.scale() <= MOST_DECIMALS);
            read.ok_or_else(|| "must be a decimal number, as 1250.50".into())
        })
    }

    /// A list of texts that must be there, each of them read.
    pub fn texts<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        match self.optional_texts(name, read)? {
            Some(texts) => Some(texts),
            None => {
                self.fault(name, "is required");
                None
            }
        }
    }

    /// A list of texts that may be missing, each of them read.
    pub fn optional_texts<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<Vec<T>>> {
        let read = match self.values.remove(name) {
            None => return Some(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().ok_or_else(|| "must be a list of texts".into()))
                .map(|text| text.and_then(&read))
                .collect(),
            Some(_) => Err("must be a list of texts".to_owned()),
        };
        self.note(name, read)
    }

    /// A whole number that may be missing.
    pub fn integer(&mut self, name: &str, least: i64, most: i64) -> Option<Option<i64>> {
        let number = match self.values.remove(name) {
            None => return Some(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let read = number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("must be a whole number from {least} to {most}"));
        self.note(name, read)
    }

    /// `true` or `false`; `false` when missing.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let read = match self.values.remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(Value::String(text)) => {
                text.parse().map_err(|_| "must be true or false".to_owned())
            }
            Some(_) => Err("must be true or false".to_owned()),
        };
        self.note(name, read).flatten()
    }

    /// Notes a fault.
    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        let path = name.chars().take(LONGEST_PATH).collect();
        self.errors.push(FieldError { path, message: message.into() });
    }

    fn note<T>(&mut self, name: &str, read: Result<T, String>) -> Option<Option<T>> {
        match read {
            Ok(value) => Some(Some(value)),
            Err(message) => {
                self.fault(name, message);
                None
            }
        }
    }
}

/// How much of a field's name is answered, which may be the caller's own.
const LONGEST_PATH: usize = 100;

/// More decimals than a price or a quantity has.
const MOST_DECIMALS: u32 = 10;

/// Whether a day is one that accounts and databases know.
pub fn known_day(day: &Date) -> bool {
    (1950..2100).contains(&day.year())
}

/// A name or a label: 1 to `most` printable characters, without the space around them.
pub fn printable(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && is_printable(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("must have 1 to {most} printable characters"))
    }
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

    struct Asked {
        name: String,
        most: Option<i64>,
    }

    impl FromFields for Asked {
        fn from_fields(fields: &mut Fields) -> Option<Self> {
            let name = fields.required("name", |name| Ok(name.to_owned()));
            let most = fields.integer("most", 1, 10);
            Some(Self { name: name?, most: most? })
        }
    }

    fn read(body: Value) -> Result<Asked, Problem> {
        let Value::Object(object) = body else { panic!("an object") };
        Fields::from_json(object).read()
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let Err(problem) = read(json!({ "most": 99, "nmae": "x" })) else { panic!("three faults") };
        let errors = problem.document("r")["errors"].clone();
        let paths: Vec<_> =
            errors.as_array().unwrap().iter().map(|error| error["path"].clone()).collect();
        assert_eq!(paths, ["name", "most", "nmae"]);
    }

    #[test]
    fn null_is_the_same_as_missing() {
        let asked = read(json!({ "name": "x", "most": null })).unwrap();
        assert_eq!((asked.name.as_str(), asked.most), ("x", None));
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let pairs =
            [("name", "a"), ("name", "b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(Fields::from_pairs(pairs).read::<Asked>().is_err());
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
            assert_eq!(printable(name, 100).as_deref(), Ok(name));
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
            assert!(printable(text, 100).is_err(), "{text:?}");
        }
    }

    #[test]
    fn of_many_faults_the_first_hundred_are_listed() {
        let body: Map<String, Value> =
            (0..120_000).map(|n| (format!("field{n}"), json!(1))).collect();
        let Err(problem) = Fields::from_json(body).read::<Asked>() else { panic!("faults") };
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
