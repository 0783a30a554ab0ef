//! How fields are read.

use serde_json::{Value, json};

use super::Reader;
use crate::Timestamp;
use crate::fields::{Given, MOST_DECIMALS, known_day};
use crate::secret::Secret;

/// A field that is read from a text, and its schema.
pub fn text<T>(
    read: impl Fn(&str) -> Result<T, String>,
    schema: impl Fn() -> Value,
) -> impl Reader<Value = T> {
    struct Text<F, S>(F, S);
    impl<T, F: Fn(&str) -> Result<T, String>, S: Fn() -> Value> Reader for Text<F, S> {
        type Value = T;

        fn read(&self, given: &Given) -> Result<T, String> {
            (self.0)(given.text().ok_or("must be a text")?)
        }

        fn schema(&self) -> Value {
            let mut schema = (self.1)();
            if let Value::Object(schema) = &mut schema {
                schema.insert("type".into(), json!("string"));
            }
            schema
        }
    }
    Text(read, schema)
}

/// Letters that are seen, one at least that is no space: what is printable, as far as a pattern says it.
pub(super) const PRINTABLE: &str = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$";

/// A name or a label: 1 to `most` printable characters, without the space around them.
pub fn printable(most: usize) -> impl Reader<Value = String> {
    printable_of(1, most)
}

/// The same of `least` characters or more.
pub fn printable_of(least: usize, most: usize) -> impl Reader<Value = String> {
    text(
        move |text| crate::fields::printable(text, least..=most),
        move || json!({ "minLength": least, "maxLength": most, "pattern": PRINTABLE }),
    )
}

/// Any text that is not empty and no longer than a request may be.
pub fn any_text() -> impl Reader<Value = String> {
    text(
        |text| match text {
            "" => Err("must not be empty; leave it out".to_owned()),
            text => Ok(text.to_owned()),
        },
        || json!({ "minLength": 1 }),
    )
}

/// Any text of at most so many bytes.
pub fn any_text_to(most: usize) -> impl Reader<Value = String> {
    text(
        move |text| match text.len() <= most {
            true => Ok(text.to_owned()),
            false => Err("is too long".to_owned()),
        },
        move || json!({ "maxLength": most }),
    )
}

/// Any text, kept secret.
pub fn any_secret() -> impl Reader<Value = Secret> {
    text(|text| Ok(Secret::new(text)), || json!({}))
}

/// Something secret of `least` to `most` bytes, taken as it is. Who sends another length is told `otherwise`.
pub fn secret(least: usize, most: usize, otherwise: &'static str) -> impl Reader<Value = Secret> {
    text(
        move |text| match text.len() {
            length if (least..=most).contains(&length) => Ok(Secret::new(text)),
            _ => Err(otherwise.to_owned()),
        },
        move || json!({ "minLength": least, "maxLength": most }),
    )
}

/// A JSON object, whatever is in it: its reader is somebody else's.
pub fn any_object() -> impl Reader<Value = Value> {
    struct Object;
    impl Reader for Object {
        type Value = Value;

        fn read(&self, given: &Given) -> Result<Value, String> {
            match given {
                Given::Json(value @ Value::Object(_)) => Ok(value.clone()),
                _ => Err("must be an object".to_owned()),
            }
        }

        fn schema(&self) -> Value {
            json!({ "type": "object" })
        }
    }
    Object
}

/// A UUID, with its hyphens.
pub fn id() -> impl Reader<Value = uuid::Uuid> {
    text(
        |text| {
            let read = uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
            read.ok_or_else(|| "must be a UUID".to_owned())
        },
        || json!({ "format": "uuid" }),
    )
}

/// A day: no account is older than 1950, and no database's calendar ends before 2100.
pub fn day() -> impl Reader<Value = jiff::civil::Date> {
    text(
        |text| {
            let read = text.parse().ok().filter(|day| known_day(day) && text.len() == 10);
            read.ok_or_else(|| "must be a day from 1950 to 2099, as 2026-11-20".to_owned())
        },
        || json!({ "format": "date", "pattern": "^(19[5-9][0-9]|20[0-9]{2})-[0-9]{2}-[0-9]{2}$" }),
    )
}

/// A moment to come.
pub fn future() -> impl Reader<Value = Timestamp> {
    text(
        |text| match text.parse::<Timestamp>() {
            Ok(at) if at > crate::clock::now() && at.as_second() < END_OF_TIME_S => Ok(at),
            _ => Err("must be a time to come, like 2027-03-31T18:30:00Z".into()),
        },
        || json!({ "format": "date-time" }),
    )
}

/// The year 10000: databases go on, but not all that read them.
const END_OF_TIME_S: i64 = 253_402_300_800;

/// A decimal number, which JSON carries as a text.
pub fn decimal() -> impl Reader<Value = rust_decimal::Decimal> {
    text(
        |text| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
            let good = [(whole, 18), (part, MOST_DECIMALS)].iter().all(|(digits, most)| {
                (1..=*most).contains(&digits.len())
                    && digits.bytes().all(|digit| digit.is_ascii_digit())
            });
            let read = if good { text.parse().ok() } else { None };
            read.ok_or_else(|| "must be a decimal number, as 1250.50".to_owned())
        },
        || json!({ "pattern": format!(r"^-?[0-9]{{1,18}}(\.[0-9]{{1,{MOST_DECIMALS}}})?$") }),
    )
}

/// An e-mail address, read into small letters.
pub fn email() -> impl Reader<Value = String> {
    text(crate::fields::email, || json!({ "format": "email", "maxLength": 254 }))
}

/// One of these words, and what it stands for.
pub fn choice<T: Clone, const N: usize>(words: [(&'static str, T); N]) -> impl Reader<Value = T> {
    struct Choice<T, const N: usize>([(&'static str, T); N]);
    impl<T: Clone, const N: usize> Reader for Choice<T, N> {
        type Value = T;

        fn read(&self, given: &Given) -> Result<T, String> {
            let given = given.text();
            let found = self.0.iter().find(|(word, _)| given == Some(*word));
            found
                .map(|(_, meaning)| meaning.clone())
                .ok_or_else(|| one_of(&self.0.each_ref().map(|(word, _)| *word)))
        }

        fn schema(&self) -> Value {
            json!({ "type": "string", "enum": self.0.each_ref().map(|(word, _)| *word).to_vec() })
        }
    }
    Choice(words)
}

/// One of these words.
pub fn word_of(words: &'static [&'static str]) -> impl Reader<Value = &'static str> {
    text(
        move |text| words.iter().find(|word| **word == text).copied().ok_or_else(|| one_of(words)),
        move || json!({ "enum": words }),
    )
}

fn one_of(words: &[&str]) -> String {
    match words {
        [one] => format!("must be `{one}`"),
        [most @ .., last] => format!("must be `{}` or `{last}`", most.join("`, `")),
        [] => "is not taken".to_owned(),
    }
}

/// A whole number.
pub fn whole<T>(least: T, most: T) -> impl Reader<Value = T>
where
    T: TryFrom<i64> + Into<i64> + Copy,
{
    struct Whole<T>(T, T);
    impl<T: TryFrom<i64> + Into<i64> + Copy> Reader for Whole<T> {
        type Value = T;

        fn read(&self, given: &Given) -> Result<T, String> {
            let (least, most): (i64, i64) = (self.0.into(), self.1.into());
            let number = match given {
                // 5.0 is a whole number to JSON Schema.
                Given::Json(Value::Number(number)) => {
                    let text = number.to_string();
                    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
                }
                Given::Text(text) => text.parse().ok(),
                Given::Json(_) => None,
            };
            let number = number.filter(|number| (least..=most).contains(number));
            let number = number.and_then(|number| T::try_from(number).ok());
            number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
        }

        fn schema(&self) -> Value {
            let (least, most): (i64, i64) = (self.0.into(), self.1.into());
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
    }
    Whole(least, most)
}

/// `true` or `false`.
pub fn flag() -> impl Reader<Value = bool> {
    struct Flag;
    impl Reader for Flag {
        type Value = bool;

        fn read(&self, given: &Given) -> Result<bool, String> {
            let flag = match given {
                Given::Json(Value::Bool(flag)) => Some(*flag),
                Given::Text(text) => text.parse().ok(),
                Given::Json(_) => None,
            };
            flag.ok_or_else(|| "must be true or false".to_owned())
        }

        fn schema(&self) -> Value {
            json!({ "type": "boolean" })
        }
    }
    Flag
}

/// A list of at most so many, each of them read.
pub fn list<R: Reader>(least: usize, most: usize, each: R) -> impl Reader<Value = Vec<R::Value>> {
    struct List<R>(usize, usize, R);
    impl<R: Reader> Reader for List<R> {
        type Value = Vec<R::Value>;

        fn read(&self, given: &Given) -> Result<Vec<R::Value>, String> {
            let Self(least, most, each) = self;
            let Given::Json(Value::Array(items)) = given else {
                return Err("must be a list".to_owned());
            };
            if !(*least..=*most).contains(&items.len()) {
                return Err(format!("must have {least} to {most} items"));
            }
            items.iter().map(|item| each.read(&Given::Json(item.clone()))).collect()
        }

        fn schema(&self) -> Value {
            let Self(least, most, each) = self;
            json!({ "type": "array", "items": each.schema(), "minItems": least, "maxItems": most })
        }
    }
    List(least, most, each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_as_their_pattern_says() {
        let read = |text: &str| decimal().read(&Given::Text(text.into())).is_ok();
        for good in ["0", "-1.5", "1250.50", "999999999999999999.9999999999"] {
            assert!(read(good), "{good}");
        }
        for bad in ["", "1e5", "+1", "1_000", ".5", "5.", "1,000", "0.12345678901", "१"] {
            assert!(!read(bad), "{bad}");
        }
    }
}
