//! Days in a question: words, months, dates, financial years, spans.

mod phrases;

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::Date;

use super::phrases::Phrases;
use super::tokens::{Token, number, word_number};
use crate::Dimension;
use crate::period::{Period, Relative, Unit};
use phrases::{MONTHS, OTHERS, PERIODS};

/// What some words say of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Days.
    Days(Period),
    /// Parts of time: `monthly`.
    Every(Dimension),
    /// The period of the same length before: `the previous one`.
    Before,
    /// Days that are still to come: `next year`.
    Future,
}

static PHRASES: LazyLock<Phrases<Time>> = LazyLock::new(|| {
    let period = |(word, phrases): &(Relative, &'static str)| {
        (Time::Days(Period::Relative(*word)), *phrases)
    };
    let all = PERIODS.iter().map(period).chain(OTHERS.iter().copied());
    let phrases =
        all.flat_map(|(time, phrases)| phrases.split(", ").map(move |phrase| (phrase, time)));
    Phrases::new(phrases)
});

/// The words that a phrase of time may have.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let months = MONTHS.iter().map(|(name, _)| *name);
    PHRASES.words().chain(months).chain([
        "days", "weeks", "months", "years", "day", "week", "month", "year", "since", "between",
        "last", "past",
    ])
}

fn month(word: &str) -> Option<i8> {
    let full = MONTHS.iter().find(|(name, _)| *name == word).map(|(_, month)| *month);
    full.or_else(|| match word {
        "sept" => Some(9),
        _ if word.len() == 3 => {
            MONTHS.iter().find(|(name, _)| name.starts_with(word)).map(|(_, month)| *month)
        }
        _ => None,
    })
}

/// What the words from here on say of time, and how many they are.
pub(super) fn read(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    let found = [
        span(tokens),
        between(tokens, today),
        since(tokens, today),
        until(tokens, today),
        quarter(tokens, today),
        weekday(tokens, today),
        financial_year(tokens, today),
        day(tokens, today).map(|(day, length)| (Time::Days(Period::AsOf(day)), length)),
        month_or_year(tokens, today),
        PHRASES.longest(tokens),
    ];
    // The longest counts; of two that are as long, the first.
    found.into_iter().flatten().rev().max_by_key(|(_, length)| *length)
}

/// How many words a phrase has, when the tokens begin with it.
fn starts_with(tokens: &[Token], phrase: &str) -> Option<usize> {
    let words: Vec<&str> = phrase.split(' ').collect();
    let same = tokens.len() >= words.len()
        && words.iter().zip(tokens).all(|(word, token)| *word == token.text);
    same.then_some(words.len())
}

/// `last 90 days`, `past six months`, `pichle 3 mahine`.
fn span(tokens: &[Token]) -> Option<(Time, usize)> {
    let the = usize::from(tokens.first()?.text == "the");
    let first = tokens.get(the)?;
    if !["last", "past", "previous", "pichle", "pichhle"].contains(&first.text.as_str()) {
        return None;
    }
    let count = &tokens.get(the + 1)?.text;
    let (count, length) = match number(count).and_then(|number| i32::try_from(number).ok()) {
        Some(count) => (count, the + 3),
        None => match word_number(count) {
            Some(count) => (i32::try_from(count).ok()?, the + 3),
            None => return None,
        },
    };
    let unit = unit(&tokens.get(length - 1)?.text)?;
    (1..=3_650).contains(&count).then_some((Time::Days(Period::Last(count, unit)), length))
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "day" | "days" | "din" | "d" => Unit::Days,
        "week" | "weeks" | "hafte" => Unit::Weeks,
        "month" | "months" | "mahine" | "m" => Unit::Months,
        "year" | "years" | "saal" | "y" => Unit::Years,
        _ => return None,
    })
}

/// `between 1 April 2026 and 30 June 2026`, `from April to June`.
fn between(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    // "January to March" says it without a word before.
    let skip = usize::from(["between", "from"].contains(&tokens.first()?.text.as_str()));
    let (first, length) = edges(&tokens[skip..], today)?;
    let next = skip + length;
    if skip == 0
        && !tokens
            .get(next)
            .is_some_and(|token| ["to", "till", "tak"].contains(&token.text.as_str()))
    {
        return None;
    }
    if !["and", "to", "until", "till", "tak"].contains(&tokens.get(next)?.text.as_str()) {
        return None;
    }
    let (last, length) = edges(&tokens[next + 1..], today)?;
    let (mut from, to) = (first.0, last.1);
    // "jan to mar 2025" is of one year.
    if from > to {
        from = from.saturating_sub(1.year());
    }
    if to.year() < from.year()
        || to.saturating_sub(1.year()) > from
            && tokens.iter().take(4).all(|token| four_digits(&token.text).is_none())
    {
        from = Date::new(to.year(), from.month(), from.day())
            .ok()
            .filter(|from| *from <= to)
            .unwrap_or(from);
    }
    let period = Period::Between { from: Some(from), to: Some(to) };
    (from <= to).then_some((Time::Days(period), next + 1 + length))
}

/// The first and last day of a day, a month or a year.
fn edges(tokens: &[Token], today: Date) -> Option<((Date, Date), usize)> {
    if let Some((day, length)) = day(tokens, today) {
        return Some(((day, day), length));
    }
    match month_or_year(tokens, today)? {
        (Time::Days(Period::Between { from: Some(from), to: Some(to) }), length) => {
            Some(((from, to), length))
        }
        _ => None,
    }
}

/// `since April`, `since 1 January 2026`, `from 2025 on`.
fn since(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    if !["since", "after"].contains(&tokens.first()?.text.as_str()) {
        return None;
    }
    let ((from, _), length) = edges(&tokens[1..], today)?;
    Some((Time::Days(Period::Between { from: Some(from), to: None }), 1 + length))
}

/// `Q2`, `Q2 of this FY`, `Q1 FY26`: quarters of a financial year, of the running one where none is named.
fn quarter(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    let skip = usize::from(["in", "during", "of", "for"].contains(&tokens.first()?.text.as_str()));
    let number: i8 = tokens.get(skip)?.text.strip_prefix('q')?.parse().ok()?;
    if !(1..=4).contains(&number) {
        return None;
    }
    let mut length = skip + 1;
    let of = usize::from(
        tokens.get(length).is_some_and(|token| ["of", "in"].contains(&token.text.as_str())),
    );
    let rest = tokens.get(length + of..).unwrap_or_default();
    let named = financial_year(rest, today).or_else(|| PHRASES.longest(rest));
    let this = crate::period::financial_year_of(today);
    let year = match named {
        Some((Time::Days(Period::FinancialYear(year)), words)) => {
            length += of + words;
            year
        }
        Some((Time::Days(Period::Relative(Relative::ThisFinancialYear)), words)) => {
            length += of + words;
            this
        }
        Some((Time::Days(Period::Relative(Relative::LastFinancialYear)), words)) => {
            length += of + words;
            this - 1
        }
        _ => this,
    };
    let from = Date::new(year, 4, 1).ok()?.saturating_add((i32::from(number - 1) * 3).months());
    let to = from.saturating_add(3.months()).yesterday().ok()?;
    Some((Time::Days(Period::Between { from: Some(from), to: Some(to) }), length))
}

/// `last Friday`, `on Monday`: the last one; today only where it is not said to be the last.
fn weekday(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    const NAMES: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let before = tokens.first()?.text.as_str();
    let skip = usize::from(["last", "on", "this", "pichle", "previous"].contains(&before));
    let word = &tokens.get(skip)?.text;
    let wanted = NAMES.iter().position(|name| name == word)?;
    let now = usize::try_from(today.weekday().to_monday_zero_offset()).ok()?;
    let back = (now + 7 - wanted) % 7;
    let back = if back == 0 && ["last", "pichle", "previous"].contains(&before) { 7 } else { back };
    let day = today.saturating_sub(i32::try_from(back).ok()?.days());
    Some((Time::Days(Period::AsOf(day)), skip + 1))
}

/// `before April`, `until 31 March 2026`.
fn until(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    let first = &tokens.first()?.text;
    if !["before", "until", "till", "upto"].contains(&first.as_str()) {
        return None;
    }
    let ((from, to), length) = edges(&tokens[1..], today)?;
    let to = if first == "before" { from.yesterday().ok()? } else { to };
    Some((Time::Days(Period::Between { from: None, to: Some(to) }), 1 + length))
}

/// `FY 2025-26`, `FY26`, `2025-26`, `financial year 2025-26`.
fn financial_year(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    let named = ["financial year", "fiscal year", "fin year", "tax year", "fy", "f y"];
    // The year in which a year is assessed is the one after it.
    let assessed = ["assessment year", "ay"].iter().find_map(|name| starts_with(tokens, name));
    if let Some(skip) = assessed {
        return match financial_year(&tokens[skip..], today)? {
            (Time::Days(Period::FinancialYear(year)), length) => {
                Some((Time::Days(Period::FinancialYear(year - 1)), skip + length))
            }
            _ => None,
        };
    }
    let skip = named.iter().find_map(|name| starts_with(tokens, name)).unwrap_or(0);
    let first = &tokens.get(skip)?.text;
    let year = |text: &str| -> Option<i16> {
        let parts: Vec<&str> = text.split(['-', '/']).collect();
        match parts[..] {
            [from, to] if from.len() == 4 && (to.len() == 2 || to.len() == 4) => {
                let from: i16 = from.parse().ok()?;
                let end: i16 = to[to.len() - 2..].parse().ok()?;
                ((from + 1) % 100 == end).then_some(from)
            }
            [from, to] if from.len() == 2 && to.len() == 2 => {
                let (from, end): (i16, i16) = (from.parse().ok()?, to.parse().ok()?);
                ((from + 1) % 100 == end).then_some(2000 + from)
            }
            // The year in which it ends.
            [end] if skip > 0 && end.len() == 2 => Some(1999 + end.parse::<i16>().ok()?),
            [end] if skip > 0 && end.len() == 4 => Some(end.parse::<i16>().ok()? - 1),
            _ => None,
        }
    };
    let found = match first.strip_prefix("fy").filter(|rest| !rest.is_empty()) {
        Some(rest) => match rest.len() {
            2 => Some(1999 + rest.parse::<i16>().ok()?),
            4 => Some(rest.parse::<i16>().ok()? - 1),
            _ => year(rest),
        },
        None => year(first),
    };
    let found = found.filter(|year| (1990..=today.year() + 1).contains(year))?;
    Some((Time::Days(Period::FinancialYear(found)), skip + 1))
}

/// A day: `31 March 2026`, `31st March`, `March 31, 2026`, `31/03/2026`, `2026-03-31`. Without a year the last one.
fn day(tokens: &[Token], today: Date) -> Option<(Date, usize)> {
    let skip = usize::from(["on", "ko"].contains(&tokens.first()?.text.as_str()));
    let rest = &tokens[skip..];
    let first = &rest.first()?.text;
    if let Some(day) = written(first) {
        return Some((day, skip + 1));
    }
    let ordinal = |at: usize| -> Option<(i8, usize)> {
        let day: i8 = rest.get(at)?.text.parse().ok().filter(|day| (1..=31).contains(day))?;
        let ends = rest.get(at + 1).map(|token| token.text.as_str());
        let suffix = usize::from(matches!(ends, Some("st" | "nd" | "rd" | "th")));
        Some((day, 1 + suffix))
    };
    let (day, month, length) = match ordinal(0) {
        Some((day, length)) => {
            let of = usize::from(rest.get(length).is_some_and(|token| token.text == "of"));
            (day, month(&rest.get(length + of)?.text)?, length + of + 1)
        }
        None => {
            let month = month(first)?;
            let (day, length) = ordinal(1)?;
            (day, month, 1 + length)
        }
    };
    let year = rest.get(length).and_then(|token| four_digits(&token.text));
    let date = |year| Date::new(year, month, day).ok();
    let found = match year {
        Some(year) => date(year),
        None => date(today.year()).filter(|day| *day <= today).or_else(|| date(today.year() - 1)),
    };
    Some((found?, skip + length + usize::from(year.is_some())))
}

fn written(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [first, second, third] = parts[..] else { return None };
    let (year, day) = if first.len() == 4 { (first, third) } else { (third, first) };
    let year: i16 = match year.len() {
        4 => year.parse().ok()?,
        2 => 2000 + year.parse::<i16>().ok()?,
        _ => return None,
    };
    Date::new(year, second.parse().ok()?, day.parse().ok()?).ok()
}

fn four_digits(text: &str) -> Option<i16> {
    let year = (text.len() == 4).then(|| text.parse::<i16>().ok()).flatten();
    year.filter(|year| (1990..=2099).contains(year))
}

/// `in July`, `July 2026`, `in 2025`, `Q1`, `end of March`. A month without a year is the last one that has begun.
fn month_or_year(tokens: &[Token], today: Date) -> Option<(Time, usize)> {
    let skip = usize::from(["in", "during", "of", "for"].contains(&tokens.first()?.text.as_str()));
    let rest = &tokens[skip..];
    let first = &rest.first()?.text;
    let days =
        |from: Date, to: Date| Time::Days(Period::Between { from: Some(from), to: Some(to) });
    if let Some(year) = four_digits(first).filter(|year| *year <= today.year()) {
        let from = Date::new(year, 1, 1).ok()?;
        return Some((days(from, from.last_of_year()), skip + 1));
    }
    // "may" is a month where it is written as one, or has a year.
    let year = rest.get(1).and_then(|token| four_digits(&token.text));
    let written = rest.first()?.raw.starts_with(char::is_uppercase) || year.is_some() || skip > 0;
    let month = month(first).filter(|month| *month != 5 || written)?;
    let from = match year {
        Some(year) => Date::new(year, month, 1).ok()?,
        None => {
            let this = Date::new(today.year(), month, 1).ok()?;
            if this <= today { this } else { this.saturating_sub(1.year()) }
        }
    };
    Some((days(from, from.last_of_month()), skip + 1 + usize::from(year.is_some())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tokens::tokens;
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let between = |from: &str, to: &str| json!({ "from": from, "to": to });
        let table = [
            ("last 90 days", json!({ "last": 90, "unit": "days" }), 3),
            ("the past six months", json!({ "last": 6, "unit": "months" }), 4),
            ("since April", json!({ "from": "2026-04-01" }), 2),
            ("since 1 January 2025", json!({ "from": "2025-01-01" }), 4),
            ("in July", between("2026-07-01", "2026-07-31"), 2),
            ("December", between("2025-12-01", "2025-12-31"), 1),
            ("in 2025", between("2025-01-01", "2025-12-31"), 2),
            ("31st March", json!({ "asOf": "2026-03-31" }), 3),
            ("on 31/03/2026", json!({ "asOf": "2026-03-31" }), 2),
            ("March 5, 2024", json!({ "asOf": "2024-03-05" }), 3),
            ("FY 2025-26", json!({ "financialYear": "2025-26" }), 2),
            ("FY26", json!({ "financialYear": "2025-26" }), 1),
            ("between April and June 2026", between("2026-04-01", "2026-06-30"), 5),
            ("this financial year", json!({ "period": "this_financial_year" }), 3),
            ("pichle mahine", json!({ "period": "last_month" }), 2),
        ];
        for (text, expected, length) in table {
            let found = read(&tokens(text), jiff::civil::date(2026, 11, 30));
            let Some((Time::Days(period), words)) = found else { panic!("{text}: {found:?}") };
            assert_eq!((period.to_json(), words), (expected, length), "{text}");
        }
    }

    #[test]
    fn what_says_no_days_is_none() {
        for text in ["may I see", "10", "2,500", "lasting", "99/99/2026"] {
            assert_eq!(read(&tokens(text), jiff::civil::date(2026, 11, 30)), None, "{text}");
        }
    }
}
