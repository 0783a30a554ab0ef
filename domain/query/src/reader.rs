//! JSON taken apart, with every fault noted where it is.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use crate::vocabulary::Word;
use crate::{Fault, Why};

/// Faults of one query that are listed; more help nobody.
const MOST_FAULTS: usize = 50;
/// Characters of somebody's own text that a message repeats.
const MOST_QUOTED: usize = 40;

/// The faults found so far.
#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, path: &str, why: Why, message: impl Into<String>) {
        if !self.are_enough() {
            self.0.push(Fault { path: path.to_owned(), why, message: message.into() });
        }
    }

    fn are_enough(&self) -> bool {
        self.0.len() >= MOST_FAULTS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_list(self) -> Vec<Fault> {
        self.0
    }
}

/// A value and where it is.
pub(crate) struct At<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: String,
}

/// An object whose fields are taken one by one.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// A field that may be missing; null is as good as missing.
    pub(crate) fn find(&mut self, name: &'static str) -> Option<At<'a>> {
        self.known.push(name);
        let value = self.map.get(name).filter(|value| !value.is_null())?;
        Some(At { value, path: format!("{}/{name}", self.path) })
    }

    /// A field that must be there.
    pub(crate) fn need(&mut self, name: &'static str, faults: &mut Faults) -> Option<At<'a>> {
        let found = self.find(name);
        if found.is_none() {
            faults.add(
                &format!("{}/{name}", self.path),
                Why::Missing,
                format!("`{name}` is missing"),
            );
        }
        found
    }

    /// Notes the fields that nobody took.
    pub(crate) fn finish(self, faults: &mut Faults) {
        for name in self.map.keys().filter(|name| !self.known.contains(&name.as_str())) {
            // Looking for what was meant takes time, and nobody would be told.
            if faults.are_enough() {
                return;
            }
            let near = nearest(name, self.known.iter().copied());
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let message = format!("there is no field {}{near}", quoted(name));
            faults.add(&format!("{}/{}", self.path, escaped), Why::UnknownField, message);
        }
    }
}

impl<'a> At<'a> {
    pub(crate) fn object(&self, faults: &mut Faults) -> Option<Fields<'a>> {
        let Some(map) = self.value.as_object() else {
            return self.wrong("an object", faults);
        };
        Some(Fields { map, path: self.path.clone(), known: Vec::new() })
    }

    /// The items of an array of at most so many.
    pub(crate) fn list(&self, most: usize, faults: &mut Faults) -> Option<Vec<At<'a>>> {
        let Some(items) = self.value.as_array() else {
            return self.wrong("a list", faults);
        };
        if items.len() > most {
            let message = format!("has {} items; at most {most} are allowed", items.len());
            faults.add(&self.path, Why::TooMany, message);
            return None;
        }
        let item = |(at, value)| At { value, path: format!("{}/{at}", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn text(&self, faults: &mut Faults) -> Option<&'a str> {
        match self.value.as_str() {
            Some(text) => Some(text),
            None => self.wrong("a text", faults),
        }
    }

    /// One of the words of a table; `what` is what they are called.
    pub(crate) fn word<W: Word>(&self, what: &str, faults: &mut Faults) -> Option<W> {
        let text = self.text(faults)?;
        let found = W::ALL.iter().find(|one| one.word() == text).copied();
        if found.is_none() {
            let near = nearest(text, W::ALL.iter().map(|one| one.word()));
            let message = format!("{} is no {what}{near}", quoted(text));
            faults.add(&self.path, Why::UnknownWord, message);
        }
        found
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&self, least: usize, most: usize, faults: &mut Faults) -> Option<usize> {
        let Value::Number(number) = self.value else {
            return self.wrong("a whole number", faults);
        };
        let number = whole(number).and_then(|number| usize::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            faults.add(&self.path, Why::OutOfRange, format!("must be from {least} to {most}"));
        }
        number
    }

    /// A decimal number, as text or as a whole number: others of JSON are not exact.
    pub(crate) fn decimal(&self, faults: &mut Faults) -> Option<Decimal> {
        let number = match self.value {
            Value::String(text) => decimal(text),
            Value::Number(number) => whole(number).map(Decimal::from),
            _ => return self.wrong("a decimal number as text", faults),
        };
        if number.is_none() {
            let message = "must be a decimal number as text, such as \"1250.50\"";
            faults.add(&self.path, Why::OutOfRange, message);
        }
        number
    }

    fn wrong<T>(&self, wanted: &str, faults: &mut Faults) -> Option<T> {
        faults.add(&self.path, Why::WrongType, format!("must be {wanted}"));
        None
    }
}

/// The largest whole number, and with a minus the smallest.
pub(crate) const MOST_WHOLE: i64 = 999_999_999_999_999;

/// A whole number of JSON, which may be written `5.0`.
fn whole(number: &Number) -> Option<i64> {
    let exact = |float: f64| (float.fract() == 0.0).then_some(float as i64);
    let whole = number.as_i64().or_else(|| number.as_f64().and_then(exact))?;
    (-MOST_WHOLE..=MOST_WHOLE).contains(&whole).then_some(whole)
}

/// What a decimal number is written as: a sign, up to 15 digits, a point, up to 6 digits.
pub(crate) const DECIMAL_PATTERN: &str = "^-?[0-9]{1,15}(\\.[0-9]{1,6})?$";

fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let good = |digits: &str, most| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let number = (good(whole, 15) && good(part, 6)).then(|| Decimal::from_str(text).ok())??;
    // One number has one form, so that queries that say the same are the same.
    Some(if number.is_zero() { Decimal::ZERO } else { number.normalize() })
}

/// A text of somebody's, short enough for a message.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

fn shortened(text: &str) -> String {
    let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
    let short: String = text.chars().take(MOST_QUOTED).map(clean).collect();
    if text.chars().count() > MOST_QUOTED { format!("{short}…") } else { short }
}

/// `; did you mean …?`, where a known word is nearly the same, or the words there are.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let word: String = word.chars().take(MOST_QUOTED).collect();
    // Letters that were swapped, left out, added or mistaken.
    let near = known.clone().map(|one| (strsim::osa_distance(&word, one), one)).min();
    // Of a short word that many would be another word: `==` is not `!=`.
    let near = near.filter(|(typos, one)| *typos <= 2.max(one.len() / 4) && one.len() > 2 * typos);
    match near {
        Some((_, near)) => format!("; did you mean `{near}`?"),
        None => format!("; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_known_is_suggested() {
        let known = ["value", "invested", "weight"];
        assert_eq!(nearest("valeu", known.into_iter()), "; did you mean `value`?");
        assert_eq!(nearest("wieght", known.into_iter()), "; did you mean `weight`?");
        assert_eq!(nearest("colour", known.into_iter()), "; there are value, invested, weight");
        // Nearly the same, and the opposite.
        assert_eq!(nearest("==", ["=", "!="].into_iter()), "; there are =, !=");
    }

    #[test]
    fn a_decimal_has_the_pattern_that_the_schema_has() {
        for good in ["0", "-1", "10.5", "123456789012345.123456"] {
            assert!(decimal(good).is_some(), "{good}");
        }
        for bad in ["", "-", ".5", "5.", "1e5", "+1", "1_000", "1234567890123456", "0.1234567", "٣"]
        {
            assert!(decimal(bad).is_none(), "{bad}");
        }
    }
}
