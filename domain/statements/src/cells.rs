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

/// Which of a day and a month stands first where the year is last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// As in India: `20/11/2026`.
    #[default]
    DayFirst,
    /// As in the United States: `11/20/2026`.
    MonthFirst,
    /// Some cells of the column can only be the one, and some only the other.
    Mixed,
}

/// What a column of days says of its order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OrderSeen {
    day_first: bool,
    month_first: bool,
    /// Whether a cell with slashes could be read in both orders.
    open: bool,
}

impl OrderSeen {
    /// Takes a cell of the column into account.
    pub(crate) fn see(&mut self, cell: &str) {
        let Some((first, second, slashes)) = year_last(cell) else { return };
        match (first > 12, second > 12) {
            (true, _) => self.day_first = true,
            (_, true) => self.month_first = true,
            // 5/5/2026 is the same day in both orders.
            _ => self.open |= slashes && first != second,
        }
    }

    /// The order of the column.
    pub(crate) fn order(self) -> Order {
        match (self.day_first, self.month_first) {
            (true, true) => Order::Mixed,
            (false, true) => Order::MonthFirst,
            _ => Order::DayFirst,
        }
    }

    /// Whether no cell settles the order.
    pub(crate) fn is_open(self) -> bool {
        self.open && !self.day_first && !self.month_first
    }
}

/// The first two numbers of a date whose year is last, and whether slashes part them.
fn year_last(text: &str) -> Option<(i8, i8, bool)> {
    let text = date_part(text);
    let slashes = text.contains('/');
    let [first, second, year] = text.split(['-', '/']).collect::<Vec<_>>()[..] else { return None };
    (year.len() == 4 && digits(year)).then_some(())?;
    Some((number(first)?, number(second)?, slashes))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    digits(text).then(|| text.parse().ok()).flatten()
}

/// A cell without the time that may follow its day.
fn date_part(text: &str) -> &str {
    let text = text.trim().trim_start_matches('\'');
    let whole = text.split(['T', ' ']).next().unwrap_or_default();
    if whole.contains(['-', '/']) { whole } else { text }
}

/// A date: `2026-11-20`, `20-11-2026`, `20/11/2026`, `20-Nov-2026`, `20 Nov 26`, `November 20, 2026`, or the day number a
/// spreadsheet keeps.
pub(crate) fn day(text: &str) -> Option<Date> {
    day_in(text, Order::DayFirst)
}

/// The same in a column of this order; none where a column has both.
pub(crate) fn day_in(text: &str, order: Order) -> Option<Date> {
    // No demat account is older than 1996, and no statement will be of a day after 2099.
    any_day(text, order).filter(|day| (1990..2100).contains(&day.year()))
}

fn any_day(text: &str, order: Order) -> Option<Date> {
    if let Some(day) = spelled(text) {
        return Some(day);
    }
    let text = date_part(text);
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    match parts[..] {
        [year, month, day] if year.len() == 4 => {
            Date::new(number(year)?, number(month)?, number(day)?).ok()
        }
        [first, second, year] if year.len() == 4 => {
            let (day, month) = match order {
                Order::DayFirst => (first, second),
                Order::MonthFirst => (second, first),
                Order::Mixed => return None,
            };
            Date::new(number(year)?, number(month)?, number(day)?).ok()
        }
        [serial] => {
            // Day 60 was 29 February 1900, which never was: counting starts a day early.
            let serial: Decimal = serial.trim().parse().ok()?;
            let serial = serial.trunc().to_i32().filter(|day| (30_000..80_000).contains(day))?;
            date(1899, 12, 30).checked_add(serial.days()).ok()
        }
        _ => None,
    }
}

/// A date with its month in letters: `27-Nov-2026`, `30-Jun-25`, `27 November 2026`, `Nov 27, 2026`.
fn spelled(text: &str) -> Option<Date> {
    let mut words =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let (first, second, year) = (words.next()?, words.next()?, words.next()?);
    let (day, month) = match month(first) {
        Some(month) => (second, month),
        None => (first, month(second)?),
    };
    let year = match year.len() {
        4 => number(year)?,
        2 => 2000 + number::<i16>(year)?,
        _ => return None,
    };
    let day = day.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    Date::new(year, month, number(day)?).ok()
}

/// A month by its name or the first three letters of it.
fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    let is = |name: &&str| {
        word == **name || word.len() >= 3 && word == name[..word.len().min(4).min(name.len())]
    };
    let at = MONTHS.iter().position(is)?;
    i8::try_from(at + 1).ok()
}

/// What a line says of its day: `None` of a line without "as on", "as of" or "as at".
pub(crate) fn as_on(text: &str) -> Option<Result<Date, ()>> {
    let lower = text.to_lowercase();
    let at = ["as on", "as of", "as at"].iter().find_map(|words| {
        let at = lower.find(words)?;
        // Whole words only: not "has on", not "as often".
        let before = lower[..at].chars().next_back().is_none_or(|letter| !letter.is_alphanumeric());
        let rest = &lower[at + words.len()..];
        let after = rest.chars().next().is_none_or(|letter| !letter.is_alphanumeric());
        (before && after).then_some(rest)
    })?;
    let words: Vec<&str> =
        at.split_whitespace().map(|word| word.trim_matches([':', '(', ')', ',', '.'])).collect();
    let from =
        |start: usize| (1..=3).find_map(|length| day(&words.get(start..start + length)?.join(" ")));
    Some((0..words.len()).find_map(from).ok_or(()))
}

/// A time of day: `9:20`, `09:20:05`, `2:45 PM`; without parts of a second, which nobody needs.
pub(crate) fn clock(text: &str) -> Option<Time> {
    let text = text.trim().to_ascii_uppercase();
    let ends = |half: &'static str| Some((text.strip_suffix(half)?.trim_end(), half));
    let (time, half) = ["AM", "PM", "IST"].into_iter().find_map(ends).unwrap_or((&text, ""));
    let mut parts = time.split(':');
    let (hour, minute): (i8, i8) = (number(parts.next()?)?, number(parts.next()?)?);
    let second: i8 = match parts.next() {
        Some(second) => number(second.split('.').next()?)?,
        None => 0,
    };
    parts.next().is_none().then_some(())?;
    let hour = match half {
        "PM" if hour < 12 => hour + 12,
        "AM" if hour == 12 => 0,
        _ => hour,
    };
    Time::new(hour, minute, second, 0).ok()
}

/// The time of a cell that begins with its day: `2024-07-23T12:20:42`, `12/5/2024 14:45`, or that of a spreadsheet's number.
/// It is taken for Indian time. `None` for a cell without a time, an error for a time that cannot be read.
pub(crate) fn time_after_day(text: &str) -> Option<Result<Time, ()>> {
    let text = text.trim();
    if let Some(time) = time_of_day(text) {
        return Some(Ok(time));
    }
    let time = match text.find(':') {
        // The last separator before the time: a month in letters may contain a T or stand between spaces.
        Some(colon) => &text[text[..colon].rfind(['T', ' '])? + 1..],
        None if spelled(text).is_some() => return None,
        None => text.split_once(['T', ' '])?.1.trim(),
    };
    // A time that ends in Z is UTC: its day in India may be the next one.
    (!time.is_empty()).then(|| clock(time.trim_end_matches("+05:30")).ok_or(()))
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
        for text in [
            "20-Nov-2026",
            "20 Nov 2026",
            "20-Nov-26",
            "20/November/2026",
            "Nov 20, 2026",
            "20th Nov 2026",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in
            ["", "31-02-2026", "12", "2026-11", "0001-01-01", "20-Nov", "20-Nop-2026", "Nov 2026"]
        {
            assert_eq!(day(text), None, "{text}");
        }
        for text in [
            "Holdings statement for stocks as on 20-11-2026",
            "Your Holding Details as of 20 Nov 2026 (IST)",
            "As at: November 20, 2026",
            "as on 20-Nov-26.",
        ] {
            assert_eq!(as_on(text).and_then(Result::ok), expected, "{text}");
        }
        assert_eq!(as_on("as on last Friday"), Some(Err(())));
        for text in ["Holdings", "it has on 20-11-2026", "as often 20-11-2026"] {
            assert_eq!(as_on(text), None, "{text}");
        }
    }

    #[test]
    fn a_column_is_one_order_which_one_cell_settles() {
        let seen = |cells: &[&str]| {
            let mut seen = OrderSeen::default();
            cells.iter().for_each(|cell| seen.see(cell));
            (seen.order(), seen.is_open())
        };
        assert_eq!(seen(&["7/8/2024", "7/23/2024"]), (Order::MonthFirst, false));
        assert_eq!(seen(&["7/8/2024", "23/7/2024 9:20"]), (Order::DayFirst, false));
        assert_eq!(seen(&["7/8/2024"]), (Order::DayFirst, true));
        assert_eq!(seen(&["7-8-2024", "2024-07-08", "8/8/2024", ""]), (Order::DayFirst, false));
        assert_eq!(seen(&["7/23/2024", "23/7/2024"]), (Order::Mixed, false));
        assert_eq!(day_in("7/8/2024", Order::MonthFirst), Some(date(2024, 7, 8)));
        assert_eq!(day_in("7/8/2024", Order::Mixed), None);
    }

    #[test]
    fn a_time_is_read_as_people_and_spreadsheets_write_it() {
        let time = |hour, minute, second| Some(jiff::civil::time(hour, minute, second, 0));
        for (text, is) in [
            ("9:20", time(9, 20, 0)),
            ("09:20:05.123", time(9, 20, 5)),
            ("2:45 PM", time(14, 45, 0)),
            ("12:05 am", time(0, 5, 0)),
            ("25:00", None),
            ("9", None),
            ("9:20:05:1", None),
            ("9:20 noon", None),
        ] {
            assert_eq!(clock(text), is, "{text}");
        }
        assert_eq!(time_after_day("12/5/2024 14:45").and_then(Result::ok), time(14, 45, 0));
        assert_eq!(time_after_day("23-OCT-2024 10:00").and_then(Result::ok), time(10, 0, 0));
        assert_eq!(time_after_day("23 Oct 2024 2:45PM").and_then(Result::ok), time(14, 45, 0));
        assert_eq!(
            time_after_day("2024-07-23T12:20:42+05:30").and_then(Result::ok),
            time(12, 20, 42)
        );
        assert_eq!(time_after_day("2024-07-23T06:50:42Z"), Some(Err(())));
        assert_eq!((time_after_day("2024-07-23"), time_after_day("23 Oct 2024")), (None, None));
        assert_eq!(time_after_day("2024-07-23 noon"), Some(Err(())));
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
