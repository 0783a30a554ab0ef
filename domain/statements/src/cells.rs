//! Numbers, dates and names as people and brokers write them.

use jiff::ToSpan;
use jiff::civil::{Date, Time, date};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The largest amount a cell may hold.
const MOST: i64 = 10_000_000_000_000;

/// A header name for comparing: letters and digits only, in lower case.
pub(crate) fn normalised(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A decimal as written in India: `₹1,23,456.78`, `(12.50)` for a negative; `None` when blank or a dash.
pub(crate) fn decimal(text: &str) -> Result<Option<Decimal>, String> {
    let bare = text.trim().trim_start_matches('\'').trim();
    let (bare, negative) = match bare.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (bare, false),
    };
    let bare = bare.trim_start_matches('₹').trim_start_matches("Rs.").trim_end_matches('%').trim();
    if matches!(bare, "" | "-" | "--" | "NA" | "N.A." | "N/A") {
        return Ok(None);
    }
    let digits = without_commas(bare).ok_or("is not a number")?;
    let number: Decimal = digits.parse().map_err(|_| "is not a number")?;
    if number.abs() > Decimal::from(MOST) {
        return Err("is larger than any holding".into());
    }
    Ok(Some(if negative { -number } else { number }))
}

/// The digits of a number whose commas stand between groups of two or three, and before the point.
fn without_commas(number: &str) -> Option<String> {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) =
        unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
    let groups: Vec<&str> = whole.split(',').collect();
    let sized = groups.iter().enumerate().all(|(place, group)| match place {
        _ if groups.len() == 1 => true,
        0 => (1..=3).contains(&group.len()),
        place if place == groups.len() - 1 => group.len() == 3,
        _ => (2..=3).contains(&group.len()),
    });
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let sign = if number.starts_with('-') { "-" } else { "" };
    let good =
        sized && groups.iter().all(|group| all_digits(group)) && fraction.is_none_or(all_digits);
    let point = if fraction.is_some() { "." } else { "" };
    good.then(|| format!("{sign}{}{point}{}", groups.concat(), fraction.unwrap_or_default()))
}

/// A date: `2026-11-20`, `20-11-2026`, `20/11/2026`, or the day number a spreadsheet keeps.
pub(crate) fn day(text: &str) -> Option<Date> {
    // No demat account is older than 1996, and no statement will be of a day after 2099.
    any_day(text).filter(|day| (1990..2100).contains(&day.year()))
}

fn any_day(text: &str) -> Option<Date> {
    let text = text.trim().trim_start_matches('\'');
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i16>().ok()).flatten()
    };
    let parts: Vec<&str> = text.get(..10).unwrap_or(text).split(['-', '/']).collect();
    match parts[..] {
        [year, month, day] if year.len() == 4 => Date::new(
            number(year)?,
            i8::try_from(number(month)?).ok()?,
            i8::try_from(number(day)?).ok()?,
        )
        .ok(),
        [day, month, year] if year.len() == 4 => Date::new(
            number(year)?,
            i8::try_from(number(month)?).ok()?,
            i8::try_from(number(day)?).ok()?,
        )
        .ok(),
        [serial] => {
            // Day 60 was 29 February 1900, which never was: counting starts a day early.
            let serial: Decimal = serial.parse().ok()?;
            let serial = serial.trunc().to_i32().filter(|day| (30_000..80_000).contains(day))?;
            date(1899, 12, 30).checked_add(serial.days()).ok()
        }
        _ => None,
    }
}

/// The date that follows `as on` in a line such as "Equity Holdings Statement as on 2026-11-20".
pub(crate) fn as_on(text: &str) -> Option<Date> {
    let lower = text.to_lowercase();
    let at = lower.find("as on")?;
    lower[at + "as on".len()..].split_whitespace().find_map(day)
}

/// The time in the day number that a spreadsheet keeps: 45496.514 is 12:20.
pub(crate) fn time_of_day(text: &str) -> Option<Time> {
    let serial: Decimal = text.trim().parse().ok()?;
    if day(text).is_none() || serial.fract().is_zero() {
        return None;
    }
    let seconds = (serial.fract() * Decimal::from(86_400)).round().to_i64()?;
    Time::midnight().checked_add(seconds.seconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_written_in_india() {
        let table = [
            ("1,23,456.78", "123456.78"),
            ("₹1,234", "1234"),
            ("(12.50)", "-12.5"),
            ("'50", "50"),
            ("-3", "-3"),
            ("12.30%", "12.3"),
            ("1,234,567", "1234567"),
            ("50.000000", "50"),
        ];
        for (text, number) in table {
            assert_eq!(decimal(text).unwrap().unwrap().normalize().to_string(), number, "{text}");
        }
        for blank in ["", " ", "-", "N.A."] {
            assert_eq!(decimal(blank), Ok(None), "{blank}");
        }
    }

    #[test]
    fn a_comma_in_the_wrong_place_is_not_guessed_at() {
        for text in ["1.234,56", "12,3", "1,2345", ",5", "1e5", "ten", "1.2.3", "--1"] {
            assert!(decimal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_each_form() {
        let expected = Some(date(2026, 11, 20));
        for text in ["2026-11-20", "20-11-2026", "20/11/2026", "46346", "2026-11-20T09:15:00"] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in ["", "20-Nov-2026", "31-02-2026", "12", "2026-11", "0001-01-01"] {
            assert_eq!(day(text), None, "{text}");
        }
        assert_eq!(as_on("Holdings statement for stocks as on 20-11-2026"), expected);
        assert_eq!(as_on("Holdings"), None);
    }

    #[test]
    fn a_spreadsheets_day_number_may_have_a_time_in_it() {
        assert_eq!(day("45496.514375"), Some(date(2024, 7, 23)));
        assert_eq!(time_of_day("45496.514375"), Some(jiff::civil::time(12, 20, 42, 0)));
        assert_eq!((time_of_day("45496"), time_of_day("12")), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,24}") {
            let _ = (decimal(&text), day(&text), as_on(&text), normalised(&text));
        }
    }
}
