//! Answers in sentences, whose figures are cells.
//!
//! Whoever writes a sentence, a rule here or a language model, writes placeholders: `{{r0c1}}` is the second cell of the first
//! row, `{{from}}` and `{{to}}` are the days. [`fill`] puts cells in their place. A model's text is made of allowed words alone
//! ([`look_through`]): a figure that is not a cell of the answer is never shown.

mod guard;

use std::fmt::Write;

use crate::answer::{Answer, Cell, Column, ColumnKind, Outcome};
use crate::{Dimension, Filter, Measure, Operation, Period, Query, describe};

pub use guard::{WORDS, look_through};

/// Rows that a sentence names; it says how many more there are.
const NAMED_ROWS: usize = 5;

/// Why a text is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has a word that is not among those that a model may write.
    #[error("it has the word “{0}”")]
    Word(String),
    /// Something touches a placeholder.
    #[error("something touches a placeholder")]
    Sign,
    /// It names a cell that the answer does not have, or that it may not name.
    #[error("there is no {0}")]
    Cell(String),
    /// It is for one row, and the answer has none, several or a comparison; or it says none of the figures.
    #[error("it does not fit the answer")]
    OtherAnswer,
}

impl Unfit {
    /// Why, as a word that has nothing of the text.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Word(_) => "word",
            Self::Sign => "sign",
            Self::Cell(_) => "cell",
            Self::OtherAnswer => "other_answer",
        }
    }
}

/// The answer to a query as a text with placeholders.
pub fn sentence(query: &Query, answer: &Answer) -> String {
    if answer.outcome != Outcome::Answered {
        return answer.message.clone().map_or_else(|| "Nothing matches.".to_owned(), plain);
    }
    let figures = figures(answer);
    let names = names(answer);
    let mut text = match (answer.rows.len(), names.is_empty(), query.operation) {
        (1, true, Operation::Compare) => compared(query, answer, &figures),
        (1, true, _) => single(query, &figures, answer),
        _ => several(query, answer, &names, &figures),
    };
    text.push_str(&caveats(query, answer));
    text
}

/// A sentence that a model wrote, filled with the figures of an answer that has one row. What the answer does not have is said
/// after it, as after a sentence of ours.
pub fn worded(text: &str, query: &Query, answer: &Answer) -> Result<String, Unfit> {
    look_through(text)?;
    let is_one = query.operation == Operation::Aggregate
        && query.group_by.is_empty()
        && answer.outcome == Outcome::Answered
        && (answer.rows.len(), answer.total_rows) == (1, 1);
    let says_days = text.contains("{{from}}") || text.contains("{{to}}");
    if !is_one || !text.contains("{{r0c") || says_days && query.time.is_none() {
        return Err(Unfit::OtherAnswer);
    }
    fill(&format!("{}{}", text.trim(), caveats(query, answer)), answer)
}

/// What an answer is without.
fn caveats(query: &Query, answer: &Answer) -> String {
    let mut text = String::new();
    if let Some(row) =
        answer.rows.iter().position(|row| row.cells.iter().any(|cell| cell.missing > 0))
    {
        let column =
            answer.rows[row].cells.iter().position(|cell| cell.missing > 0).unwrap_or_default();
        let cell = &answer.rows[row].cells[column];
        let why = cell.reason.map_or("it is not known", |why| why.message());
        let _ = write!(text, " Left out: {{{{r{row}c{column}missing}}}}, because {why}.");
    }
    if !answer.coverage.complete && answer.coverage.history_starts.is_some() && query.time.is_some()
    {
        text.push_str(" History starts {{history}}.");
    }
    text
}

/// A message of ours as a text: its figures are no cells, so they are written as they are.
fn plain(message: String) -> String {
    message.replace(['{', '}'], " ")
}

fn figures(answer: &Answer) -> Vec<(usize, &Column)> {
    let figure = |(_, column): &(usize, &Column)| column.kind == ColumnKind::Figure;
    answer.columns.iter().enumerate().filter(figure).collect()
}

/// The columns that tell which row it is.
fn names(answer: &Answer) -> Vec<usize> {
    let name = |(_, column): &(usize, &Column)| {
        matches!(column.kind, ColumnKind::Dimension | ColumnKind::Day)
    };
    answer.columns.iter().enumerate().filter(name).map(|(at, _)| at).collect()
}

fn single(query: &Query, figures: &[(usize, &Column)], answer: &Answer) -> String {
    let said: Vec<String> = figures
        .iter()
        .zip(&query.measures)
        .map(|((at, _), measure)| {
            let cell = &answer.rows[0].cells[*at];
            match cell.value {
                Some(_) => format!("{} {{{{r0c{at}}}}}", noun(*measure)),
                None => {
                    let why = cell.reason.map_or("there is none", |why| why.message());
                    format!("{} is not known: {why}", noun(*measure))
                }
            }
        })
        .collect();
    capital(&format!("{}{}: {}.", subject(query), days(query), said.join(", ")))
}

fn compared(query: &Query, answer: &Answer, figures: &[(usize, &Column)]) -> String {
    let mut said = Vec::new();
    for ((at, _), measure) in figures.iter().zip(&query.measures) {
        let shown = |at: usize| match answer.rows[0].cells.get(at) {
            Some(Cell { value: Some(_), .. }) => format!("{{{{r0c{at}}}}}"),
            _ => "nothing known".to_owned(),
        };
        said.push(format!("{} {}, compared with {}", noun(*measure), shown(*at), shown(at + 1)));
    }
    capital(&format!("{}{}: {}.", subject(query), days(query), said.join("; ")))
}

fn several(
    query: &Query,
    answer: &Answer,
    names: &[usize],
    figures: &[(usize, &Column)],
) -> String {
    let row = |(number, _): (usize, _)| {
        let cell = |at: &usize| format!("{{{{r{number}c{at}}}}}");
        let name = names
            .iter()
            .filter(|at| !is_detail(answer.columns[**at].name))
            .map(cell)
            .collect::<Vec<_>>();
        let figures = figures.iter().map(|(at, _)| match answer.rows[number].cells[*at].value {
            Some(_) => cell(at),
            None => "not known".to_owned(),
        });
        format!("{} {}", name.join(" "), figures.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = answer.rows.iter().take(NAMED_ROWS).enumerate().map(row).collect();
    let nouns: Vec<&str> = query.measures.iter().map(|measure| noun(*measure)).collect();
    let mut more = if answer.rows.len() > NAMED_ROWS { "; and {{more}} more" } else { "" };
    if answer.total_rows > answer.rows.len() && query.operation != Operation::Rank {
        more = "; {{rows}} in all";
    }
    capital(&format!(
        "{} of {}{}: {}{more}.",
        nouns.join(", "),
        subject(query),
        days(query),
        rows.join("; ")
    ))
}

/// Columns that a sentence leaves to the table.
fn is_detail(column: &str) -> bool {
    ["account", "state"].contains(&column)
}

/// What a query is about: what its filters name, or the portfolio.
fn subject(query: &Query) -> String {
    // What cannot be named is described.
    let described = |filter: &Filter| !matches!(filter, Filter::Among(..));
    if query.filters.iter().any(described) {
        return name_only(describe(query).trim_end_matches('.'));
    }
    let named = query.filters.iter().filter_map(|filter| match filter {
        Filter::Among(Dimension::State, _) => None,
        Filter::Among(_, values) => Some(values.join(" and ")),
        _ => None,
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "your portfolio".to_owned() } else { name_only(&named.join(", ")) }
}

/// A name as a part of a text: what would be taken for a placeholder is left out.
fn name_only(name: &str) -> String {
    name.replace(['{', '}', '_'], " ")
}

fn days(query: &Query) -> String {
    let described = |filter: &Filter| !matches!(filter, Filter::Among(..));
    match query.time {
        // The description says them.
        Some(_) if query.filters.iter().any(described) => String::new(),
        None => String::new(),
        Some(Period::AsOf(_)) => " on {{to}}".to_owned(),
        Some(Period::Between { from: None, .. }) => " until {{to}}".to_owned(),
        Some(Period::Relative(word)) => format!(", {}", word.name().replace('_', " ")),
        Some(_) => " from {{from}} to {{to}}".to_owned(),
    }
}

/// A measure as it stands in a sentence.
fn noun(measure: Measure) -> &'static str {
    match measure {
        Measure::Value => "worth",
        Measure::Invested => "cost",
        Measure::NetInvested => "net investment",
        Measure::AverageCost => "average cost",
        Measure::Price => "price",
        Measure::RealisedGain => "realised gain",
        Measure::UnrealisedGain => "unrealised gain",
        Measure::UnrealisedPercent => "unrealised gain in percent",
        Measure::DayChange => "change of the day",
        Measure::DayChangePercent => "change of the day in percent",
        Measure::Gain => "gain",
        Measure::Return => "return",
        Measure::Xirr => "yearly return (XIRR)",
        Measure::BenchmarkReturn => "return of the index",
        Measure::Drawdown => "deepest fall",
        Measure::Weight => "share",
        Measure::Income => "income",
        Measure::DividendYield => "dividend yield",
        Measure::Charges => "charges",
        Measure::Amount => "amount",
        Measure::Quantity => "quantity",
        Measure::PledgedQuantity => "pledged quantity",
        Measure::HoldingDays => "days held",
        Measure::DaysToLongTerm => "days to long term",
        Measure::UnusedExemption => "unused exemption",
        Measure::High52w => "high of the year",
        Measure::Low52w => "low of the year",
        Measure::Count => "number",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

/// Puts cells in the place of placeholders. A text of somebody else's is looked through first ([`look_through`]); names that
/// the person asked for may have digits, in texts of ours.
pub fn fill(text: &str, answer: &Answer) -> Result<String, Unfit> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        filled.push_str(&rest[..begin]);
        let after = &rest[begin + 2..];
        let end = after.find("}}").ok_or_else(|| Unfit::Cell(short(after)))?;
        let name = after[..end].trim();
        filled.push_str(&cell(name, answer).ok_or_else(|| Unfit::Cell(short(name)))?);
        rest = &after[end + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

fn cell(name: &str, answer: &Answer) -> Option<String> {
    match name {
        "from" => return answer.period.from.or(answer.coverage.history_starts).map(spoken_day),
        "to" => return Some(spoken_day(answer.period.to)),
        "history" => return answer.coverage.history_starts.map(spoken_day),
        "rows" => return Some(answer.total_rows.to_string()),
        "more" => return Some(answer.rows.len().saturating_sub(NAMED_ROWS).to_string()),
        _ => {}
    }
    let (row, rest) = name.strip_prefix('r')?.split_once('c')?;
    let (column, missing) = match rest.strip_suffix("missing") {
        Some(column) => (column, true),
        None => (rest, false),
    };
    let (row, column): (usize, usize) = (row.parse().ok()?, column.parse().ok()?);
    let cell = answer.rows.get(row)?.cells.get(column)?;
    if missing {
        return Some(cell.missing.to_string());
    }
    if let Some(label) = &cell.label {
        return Some(label.clone());
    }
    let value = cell.value.as_deref()?;
    Some(shown(value, answer.columns.get(column)?))
}

fn spoken_day(day: jiff::civil::Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// A figure as people in India read it: ₹12,34,567.80.
pub fn shown(value: &str, column: &Column) -> String {
    match (column.kind, column.unit) {
        (ColumnKind::Day, _) => value.parse().map_or_else(|_| value.to_owned(), spoken_day),
        (_, Some("money" | "price")) => match value.strip_prefix('-') {
            Some(value) => format!("−₹{}", grouped(value)),
            None => format!("₹{}", grouped(value)),
        },
        (_, Some("percent")) => format!("{}%", value.replace('-', "−")),
        (_, Some("quantity")) => match value.strip_prefix('-') {
            Some(value) => format!("−{}", grouped(value)),
            None => grouped(value),
        },
        _ => value.to_owned(),
    }
}

/// Digits in groups, as in India: the last three, then two and two.
fn grouped(number: &str) -> String {
    let (whole, part) =
        number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let digits: Vec<char> = whole.chars().collect();
    let mut text = String::new();
    for (at, digit) in digits.iter().enumerate() {
        let left = digits.len() - at;
        if at > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
            text.push(',');
        }
        text.push(*digit);
    }
    match part {
        Some(part) => format!("{text}.{part}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_as_in_india() {
        for (number, expected) in [
            ("1", "1"),
            ("123", "123"),
            ("1234.50", "1,234.50"),
            ("123456", "1,23,456"),
            ("12345678.90", "1,23,45,678.90"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }
}
