//! The days that a query is about.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::Why;
use crate::reader::{At, Faults};
use crate::vocabulary::words;

words! {
    /// Days by their place beside today.
    Relative {
        Today = "today": "Today.",
        Yesterday = "yesterday": "Yesterday.",
        ThisWeek = "this_week": "From Monday on.",
        LastWeek = "last_week": "Monday to Sunday before this week.",
        ThisMonth = "this_month": "From the 1st on.",
        LastMonth = "last_month": "The whole month before this one.",
        ThisQuarter = "this_quarter": "From the beginning of the quarter on.",
        LastQuarter = "last_quarter": "The whole quarter before this one.",
        ThisYear = "this_year": "From 1 January on.",
        LastYear = "last_year": "The whole calendar year before this one.",
        ThisFinancialYear = "this_financial_year": "From 1 April on.",
        LastFinancialYear = "last_financial_year": "The whole financial year before this one.",
        All = "all": "Everything that is known.",
    }
}

words! {
    /// What a span of days is counted in.
    Unit {
        Days = "days": "Days.",
        Weeks = "weeks": "Weeks.",
        Months = "months": "Months.",
        Years = "years": "Years.",
    }
}

/// The longest span, in any unit.
const MOST_COUNTED: usize = 3_650;
/// The days that may be named.
const FIRST: Date = date(1950, 1, 1);
const LAST: Date = date(2099, 12, 31);

/// The days that a query is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// As everything was when a day ended.
    AsOf(Date),
    /// From one day to another, both with it.
    Between {
        /// The first; `None` from the beginning.
        from: Option<Date>,
        /// The last; `None` until today.
        to: Option<Date>,
    },
    /// By a word.
    Relative(Relative),
    /// The last so many days, weeks, months or years, today with them.
    Last(i32, Unit),
    /// The financial year that begins in April of this year.
    FinancialYear(i16),
}

impl Period {
    /// Reads `{"asOf": …}`, `{"from": …, "to": …}`, `{"period": …}`, `{"last": …, "unit": …}` or `{"financialYear": …}`.
    pub(crate) fn read(at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        let mut fields = at.object(faults)?;
        let as_of = fields.find("asOf");
        let (from, to) = (fields.find("from"), fields.find("to"));
        let relative = fields.find("period");
        let (last, unit) = (fields.find("last"), fields.find("unit"));
        let year = fields.find("financialYear");
        fields.finish(faults);
        let ways = [
            as_of.is_some(),
            from.is_some() || to.is_some(),
            relative.is_some(),
            last.is_some() || unit.is_some(),
            year.is_some(),
        ];
        if ways.iter().filter(|way| **way).count() != 1 {
            let message = "must have one of `asOf`, `from` with or without `to`, `period`, `last` with `unit`, \
                           `financialYear`";
            faults.add(&at.path, Why::NotTogether, message);
            return None;
        }
        if let Some(day) = as_of {
            return read_day(&day, faults).map(Self::AsOf);
        }
        if let Some(word) = relative {
            let word = word.word("period", faults);
            return word.map(Self::Relative);
        }
        if let Some(year) = year {
            return read_year(&year, faults).map(Self::FinancialYear);
        }
        if last.is_some() || unit.is_some() {
            return read_last(at, last, unit, faults);
        }
        let from = from.map(|day| read_day(&day, faults));
        let to = to.map(|day| read_day(&day, faults));
        if matches!(from, Some(None)) || matches!(to, Some(None)) {
            return None;
        }
        let (from, to) = (from.flatten(), to.flatten());
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            faults.add(&at.path, Why::NotTogether, "`from` must not be after `to`");
            return None;
        }
        Some(Self::Between { from, to })
    }

    /// As it stands in a query.
    pub fn to_json(self) -> Value {
        match self {
            Self::AsOf(day) => json!({ "asOf": day.to_string() }),
            Self::Between { from, to } => {
                let mut value = json!({});
                for (name, day) in [("from", from), ("to", to)] {
                    if let Some(day) = day {
                        value[name] = json!(day.to_string());
                    }
                }
                value
            }
            Self::Relative(word) => json!({ "period": word.name() }),
            Self::Last(count, unit) => json!({ "last": count, "unit": unit.name() }),
            Self::FinancialYear(from) => json!({ "financialYear": financial_year(from) }),
        }
    }

    /// The first day, `None` from the beginning, and the last, when today is this day. A first day after the last is no day
    /// at all: the period is still to come.
    pub fn days(self, today: Date) -> (Option<Date>, Date) {
        let (from, to) = match self {
            Self::AsOf(day) => (None, day),
            Self::Between { from, to } => (from, to.unwrap_or(today)),
            Self::Relative(word) => relative(word, today),
            Self::Last(count, unit) => (Some(back(today, count, unit)), today),
            Self::FinancialYear(year) => {
                (Some(april(year)), april(year + 1).yesterday().unwrap_or(today))
            }
        };
        (from.map(|from| from.max(FIRST)), to)
    }

    /// Whether nothing of it has come yet, when today is this day.
    pub(crate) fn begins_after(self, today: Date) -> bool {
        match self {
            Self::AsOf(day) => day > today,
            other => other.days(today).0.is_some_and(|from| from > today),
        }
    }
}

/// `2025-26`.
pub(crate) fn financial_year(from: i16) -> String {
    format!("{from}-{:02}", (from + 1) % 100)
}

/// 1 April of a year.
fn april(year: i16) -> Date {
    date(year.clamp(1900, 2200), 4, 1)
}

/// The year in which the financial year of a day begins.
pub(crate) fn financial_year_of(day: Date) -> i16 {
    if day.month() < 4 { day.year() - 1 } else { day.year() }
}

fn relative(word: Relative, today: Date) -> (Option<Date>, Date) {
    let before = |day: Date| day.yesterday().unwrap_or(day);
    let months = |day: Date, months: i32| day.saturating_sub(months.months());
    let month = today.first_of_month();
    let quarter = months(month, i32::from((today.month() - 1) % 3));
    let monday = today.saturating_sub(i32::from(today.weekday().to_monday_zero_offset()).days());
    let year = today.first_of_year();
    let financial = april(financial_year_of(today));
    let (from, to) = match word {
        Relative::Today => (today, today),
        Relative::Yesterday => (before(today), before(today)),
        Relative::ThisWeek => (monday, today),
        Relative::LastWeek => (monday.saturating_sub(1.week()), before(monday)),
        Relative::ThisMonth => (month, today),
        Relative::LastMonth => (months(month, 1), before(month)),
        Relative::ThisQuarter => (quarter, today),
        Relative::LastQuarter => (months(quarter, 3), before(quarter)),
        Relative::ThisYear => (year, today),
        Relative::LastYear => (months(year, 12), before(year)),
        Relative::ThisFinancialYear => (financial, today),
        Relative::LastFinancialYear => (months(financial, 12), before(financial)),
        Relative::All => return (None, today),
    };
    (Some(from), to)
}

/// The first of the last so many days and so on, today being the last of them.
fn back(today: Date, count: i32, unit: Unit) -> Date {
    let span = match unit {
        Unit::Days => count.days(),
        Unit::Weeks => count.weeks(),
        Unit::Months => count.months(),
        Unit::Years => count.years(),
    };
    let from = today.saturating_sub(span);
    from.tomorrow().unwrap_or(from)
}

fn read_day(at: &At<'_>, faults: &mut Faults) -> Option<Date> {
    let text = at.text(faults)?;
    let plain = text.len() == 10;
    let day = plain.then(|| text.parse::<Date>().ok()).flatten();
    let day = day.filter(|day| (FIRST..=LAST).contains(day));
    if day.is_none() {
        faults.add(&at.path, Why::OutOfRange, "must be a day from 1950 to 2099, as in 2026-03-31");
    }
    day
}

fn read_year(at: &At<'_>, faults: &mut Faults) -> Option<i16> {
    let text = at.text(faults)?;
    let year = text.get(..4).and_then(|year| year.parse::<i16>().ok());
    let year = year.filter(|year| (1950..2099).contains(year) && financial_year(*year) == text);
    if year.is_none() {
        faults.add(&at.path, Why::OutOfRange, "must be a financial year, as in 2025-26");
    }
    year
}

fn read_last(
    at: &At<'_>,
    last: Option<At<'_>>,
    unit: Option<At<'_>>,
    faults: &mut Faults,
) -> Option<Period> {
    let (Some(last), Some(unit)) = (last, unit) else {
        let message = "`last` and `unit` belong together, as in {\"last\": 90, \"unit\": \"days\"}";
        faults.add(&at.path, Why::NotTogether, message);
        return None;
    };
    let count = last.whole(1, MOST_COUNTED, faults);
    let unit = unit.word("unit", faults)?;
    Some(Period::Last(i32::try_from(count?).ok()?, unit))
}

/// The JSON Schema of a period.
pub(crate) fn schema() -> Value {
    let words = |all: &[&str]| json!({ "enum": all });
    let day = json!({ "type": "string", "format": "date", "pattern": "^(19[5-9][0-9]|20[0-9]{2})-[0-9]{2}-[0-9]{2}$" });
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let relative: Vec<&str> = Relative::ALL.iter().map(|one| one.name()).collect();
    let units: Vec<&str> = Unit::ALL.iter().map(|one| one.name()).collect();
    let count = json!({ "type": "integer", "minimum": 1, "maximum": MOST_COUNTED });
    let year = json!({ "type": "string", "pattern": "^(19[5-9][0-9]|20[0-9]{2})-[0-9]{2}$" });
    json!({ "oneOf": [
        object(json!({ "asOf": day }), json!(["asOf"])),
        object(json!({ "from": day, "to": day }), json!(["from"])),
        object(json!({ "to": day }), json!(["to"])),
        object(json!({ "period": words(&relative) }), json!(["period"])),
        object(json!({ "last": count, "unit": words(&units) }), json!(["last", "unit"])),
        object(json!({ "financialYear": year }), json!(["financialYear"])),
    ] })
}

/// Kept beside what it reads, for the tests of it.
#[cfg(test)]
pub(crate) fn read(value: &Value) -> Result<Period, Vec<crate::Fault>> {
    let mut faults = Faults::default();
    let read = Period::read(&At { value, path: String::new() }, &mut faults);
    read.ok_or_else(|| faults.into_list())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(value: Value, today: &str) -> String {
        let (from, to) = read(&value).unwrap().days(today.parse().unwrap());
        format!("{} {to}", from.map_or_else(|| "-".to_owned(), |from| from.to_string()))
    }

    #[test]
    fn a_period_has_its_days() {
        let monday = "2026-11-30";
        let table = [
            (json!({ "period": "today" }), monday, "2026-11-30 2026-11-30"),
            (json!({ "period": "this_week" }), monday, "2026-11-30 2026-11-30"),
            (json!({ "period": "last_week" }), monday, "2026-11-23 2026-11-29"),
            (json!({ "period": "this_month" }), monday, "2026-11-01 2026-11-30"),
            (json!({ "period": "last_month" }), "2026-03-31", "2026-02-01 2026-02-28"),
            (json!({ "period": "this_quarter" }), "2026-03-31", "2026-01-01 2026-03-31"),
            (json!({ "period": "last_quarter" }), "2026-02-15", "2025-10-01 2025-12-31"),
            (json!({ "period": "this_financial_year" }), "2026-03-31", "2025-04-01 2026-03-31"),
            (json!({ "period": "this_financial_year" }), "2026-04-01", "2026-04-01 2026-04-01"),
            (json!({ "period": "last_financial_year" }), monday, "2025-04-01 2026-03-31"),
            (json!({ "period": "last_year" }), monday, "2025-01-01 2025-12-31"),
            (json!({ "period": "all" }), monday, "- 2026-11-30"),
            (json!({ "last": 90, "unit": "days" }), monday, "2026-09-02 2026-11-30"),
            (json!({ "last": 1, "unit": "months" }), "2026-03-31", "2026-03-01 2026-03-31"),
            (json!({ "last": 1, "unit": "years" }), "2024-02-29", "2023-03-01 2024-02-29"),
            (json!({ "from": "2026-04-01" }), monday, "2026-04-01 2026-11-30"),
            (json!({ "to": "2026-04-01" }), monday, "- 2026-04-01"),
            (json!({ "asOf": "2026-03-31" }), monday, "- 2026-03-31"),
            (json!({ "financialYear": "2025-26" }), monday, "2025-04-01 2026-03-31"),
            (json!({ "financialYear": "1999-00" }), monday, "1999-04-01 2000-03-31"),
        ];
        for (value, today, expected) in table {
            assert_eq!(days(value.clone(), today), expected, "{value} on {today}");
        }
    }

    #[test]
    fn a_period_that_is_none_is_refused_where_it_is() {
        let table = [
            (json!({}), ""),
            (json!({ "asOf": "2026-03-31", "period": "today" }), ""),
            (json!({ "asOf": "2026-02-30" }), "/asOf"),
            (json!({ "asOf": "0001-01-01" }), "/asOf"),
            (json!({ "from": "2026-04-02", "to": "2026-04-01" }), ""),
            (json!({ "period": "this_mnth" }), "/period"),
            (json!({ "last": 0, "unit": "days" }), "/last"),
            (json!({ "last": 3 }), ""),
            (json!({ "financialYear": "2025-27" }), "/financialYear"),
            (json!({ "financialYear": "२०२५-26" }), "/financialYear"),
            (json!({ "form": "2026-04-01" }), "/form"),
        ];
        for (value, path) in table {
            let faults = read(&value).unwrap_err();
            assert!(faults.iter().any(|fault| fault.path == path), "{value}: {faults:?}");
        }
    }
}
