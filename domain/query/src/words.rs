//! A query in words: what was understood, for whoever asked.

use crate::filter::{Comparison, Filter, Operand};
use crate::period::{Period, financial_year};
use crate::{Direction, Entity, Measure, Operation, Query};

/// What a query asks, in one English sentence without a figure that is not in the query.
pub fn describe(query: &Query) -> String {
    let measures = list(query.measures.iter().map(|one| spoken(one.name())), "and");
    let rows = plural(query.entity);
    let groups = list(query.group_by.iter().map(|one| spoken(one.name())), "and");
    let by = if groups.is_empty() { String::new() } else { format!(" by {groups}") };
    let mut text = if query.answers_rows() {
        format!("{rows} with {measures}")
    } else if query.measures == [Measure::Count] {
        format!("number of {rows}{by}")
    } else {
        format!("{measures} of {rows}{by}")
    };
    if query.operation == Operation::Rank {
        text.push_str(&format!(", the first {}", query.limit));
    }
    if !query.filters.is_empty() {
        let filters = query.filters.iter().map(filter);
        text.push_str(&format!(", where {}", list(filters, "and")));
    }
    if let Some(time) = query.time {
        text.push_str(&format!(", {}", period(time)));
    }
    if let Some(other) = query.compare_with {
        text.push_str(&format!(", compared with {}", period(other)));
    }
    if let Some(sort) = query.sort {
        let end = match sort.direction {
            Direction::Descending => "largest",
            Direction::Ascending => "smallest",
        };
        text.push_str(&format!(", {end} {} first", spoken(sort.by.name())));
    }
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

fn plural(entity: Entity) -> &'static str {
    match entity {
        Entity::Holding => "holdings",
        Entity::Lot => "lots",
        Entity::Trade => "trades",
        Entity::Income => "payments",
        Entity::Flow => "flows",
    }
}

fn filter(one: &Filter) -> String {
    match one {
        Filter::Figure(measure, op, operand) => {
            let than = match operand {
                Operand::Number(number) => number.to_string(),
                Operand::Measure(other) => spoken(other.name()),
            };
            let compared = match (op, operand) {
                (Comparison::Equal, Operand::Measure(_)) => "as much as",
                (op, _) => op.about(),
            };
            format!("{} is {compared} {than}", spoken(measure.name()))
        }
        Filter::Among(dimension, values) => {
            format!("{} is {}", spoken(dimension.name()), list(values.iter().cloned(), "or"))
        }
        Filter::NotAmong(dimension, values) => {
            format!("{} is not {}", spoken(dimension.name()), list(values.iter().cloned(), "or"))
        }
        Filter::Contains(dimension, text) => {
            format!("{} contains “{text}”", spoken(dimension.name()))
        }
    }
}

fn period(one: Period) -> String {
    match one {
        Period::AsOf(day) => format!("as of {day}"),
        Period::Between { from: Some(from), to: Some(to) } => format!("from {from} to {to}"),
        Period::Between { from: Some(from), to: None } => format!("since {from}"),
        Period::Between { from: None, to: Some(to) } => format!("until {to}"),
        Period::Between { from: None, to: None } => "of all time".to_owned(),
        Period::Relative(word) if word.name() == "all" => "of all time".to_owned(),
        Period::Relative(word) => spoken(word.name()),
        Period::Last(1, unit) => format!("of the last {}", unit.name().trim_end_matches('s')),
        Period::Last(count, unit) => format!("of the last {count} {}", unit.name()),
        Period::FinancialYear(from) => format!("the financial year {}", financial_year(from)),
    }
}

/// `one, two and three`.
fn list(items: impl Iterator<Item = String>, last: &str) -> String {
    let mut items: Vec<String> = items.collect();
    match items.pop() {
        None => String::new(),
        Some(only) if items.is_empty() => only,
        Some(end) => format!("{} {last} {end}", items.join(", ")),
    }
}
