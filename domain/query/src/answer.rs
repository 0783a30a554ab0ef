//! Answering a query from a portfolio.
//!
//! Figures are exact until they leave. What cannot be said is never taken for zero: a cell says why it is unknown, a sum
//! counts the rows that are not in it, and a row that a filter cannot judge is left out and named.

mod cells;
mod figures;
mod keys;
mod needs;
mod period_figures;
mod portfolio;
mod rows;
mod table;
mod unknown;
mod view;

use std::collections::BTreeSet;

use jiff::civil::Date;
use ledger::History;
use serde::Serialize;
use utoipa::ToSchema;

use crate::period::Period;
use crate::{Entity, Operation, Query};

pub use cells::{AnswerRow, Cell, Column, ColumnKind};
pub use needs::Needs;
pub use portfolio::{Account, Portfolio, Security};
use table::Tables;
pub use table::Unjudged;
pub use unknown::Unknown;

use portfolio::Context;

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Whether there is one.
    pub outcome: Outcome,
    /// Why it is unknown.
    pub reason: Option<Unknown>,
    /// Why there are no rows, for people.
    pub message: Option<String>,
    /// The days it is about.
    pub period: Days,
    /// The days it is compared with.
    pub compared_with: Option<Days>,
    /// What the cells of each row are, in their order.
    pub columns: Vec<Column>,
    /// The rows, in order. Not more than the query's `limit` at a time.
    pub rows: Vec<AnswerRow>,
    /// How many rows there are on all pages.
    pub total_rows: usize,
    /// Rows that a filter could not judge: they are in nothing of the answer.
    pub unjudged: Vec<Unjudged>,
    /// Of which days something is known.
    pub coverage: Coverage,
    /// Where the figures are from: layouts of statements, `transactions`, and who published the prices.
    pub sources: BTreeSet<String>,
}

/// What became of a query. An answer that is empty and one that is unknown are never the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QueryOutcome)]
pub enum Outcome {
    /// There are rows.
    Answered,
    /// Nothing matches.
    Empty,
    /// The data cannot say.
    Unknown,
}

/// Some days, both ends with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueryDays)]
pub struct Days {
    /// The first; null from the beginning.
    pub from: Option<Date>,
    /// The last.
    pub to: Date,
}

/// Of which days something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueryCoverage)]
pub struct Coverage {
    /// The first day from which on everything that the answer needs is known; null when nothing is.
    pub history_starts: Option<Date>,
    /// Whether that is before, or on, the first day the query is about.
    pub complete: bool,
}

/// More work than an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query takes too much work")]
pub struct TooMuchWork;

/// Rows and securities of a portfolio that are looked at for one answer, at most.
pub const MOST_STEPS: u64 = 40_000_000;

impl Query {
    /// The answer, with every row: whoever shows it cuts it to the limit.
    pub fn answer(&self, portfolio: &Portfolio<'_>) -> Result<Answer, TooMuchWork> {
        let context = Context::new(portfolio);
        let days = self.days(portfolio.today);
        let other = self.compare_with.map(|other| days_of(other, portfolio.today));
        let coverage = coverage(self, days, &context);
        let mut answer = Answer {
            outcome: Outcome::Unknown,
            reason: None,
            message: None,
            period: days,
            compared_with: other,
            columns: cells::columns(self),
            rows: Vec::new(),
            total_rows: 0,
            unjudged: Vec::new(),
            coverage,
            sources: sources(self.entity, portfolio),
        };
        if let Some(why) = unknowable(self.entity, days, other, &context) {
            answer.refuse(why, coverage);
            return Ok(answer);
        }
        let mut periods = [self.time, self.compare_with].into_iter().flatten();
        if periods.any(|period| period.begins_after(portfolio.today)) {
            answer.outcome = Outcome::Empty;
            answer.message = Some("The period is still to come.".to_owned());
            return Ok(answer);
        }
        let mut tables = Tables::new(self, &context);
        match tables.rows(days, other)? {
            Ok(rows) => answer.rows = rows,
            Err(why) => {
                answer.refuse(why, coverage);
                return Ok(answer);
            }
        }
        answer.unjudged = tables.unjudged();
        answer.conclude(tables.unmatched());
        Ok(answer)
    }

    /// The days it is about, when today is this day.
    pub fn days(&self, today: Date) -> Days {
        days_of(self.time.unwrap_or(Period::Between { from: None, to: None }), today)
    }
}

impl Answer {
    fn refuse(&mut self, why: Unknown, coverage: Coverage) {
        self.outcome = Outcome::Unknown;
        self.reason = Some(why);
        let starts = coverage.history_starts.filter(|_| why == Unknown::History);
        self.message = Some(match starts {
            Some(day) => format!("That cannot be said: history starts {day}."),
            None => format!("That cannot be said: {}.", why.message()),
        });
    }

    /// Tells the three apart: rows with something in them, nothing that matches, and nothing that can be said.
    fn conclude(&mut self, unmatched: Option<String>) {
        let cells = || self.rows.iter().flat_map(|row| &row.cells);
        let known = cells().any(|cell| cell.is_figure() && cell.value.is_some());
        let why = cells().find_map(|cell| cell.reason.filter(|_| cell.is_figure()));
        if known {
            self.outcome = Outcome::Answered;
        } else if let Some(why) = why {
            self.refuse(why, self.coverage);
        } else if let Some(unjudged) = self.unjudged.first() {
            self.refuse(unjudged.reason, self.coverage);
        } else {
            self.rows.clear();
            self.outcome = Outcome::Empty;
            self.message = Some(unmatched.unwrap_or_else(|| "Nothing matches.".to_owned()));
        }
        self.total_rows = self.rows.len();
    }
}

fn days_of(period: Period, today: Date) -> Days {
    let (from, to) = period.days(today);
    Days { from, to: to.min(today) }
}

/// What is known of the days: of what is held, from when on the quantities are; of everything else, from the first day of
/// which anything is known.
fn coverage(query: &Query, days: Days, context: &Context<'_>) -> Coverage {
    let held = query.asks_what_is_held();
    let history_starts = match context.history {
        History::From(day) if held => Some(day),
        History::Unknown if held => None,
        _ => context.first_day,
    };
    let complete = match (history_starts, days.from) {
        (Some(starts), Some(from)) => starts <= from,
        (Some(_), None) => context.history == History::Complete || !held,
        (None, _) => false,
    };
    Coverage { history_starts, complete }
}

/// Why nothing of these days can be said at all.
fn unknowable(
    entity: Entity,
    days: Days,
    other: Option<Days>,
    context: &Context<'_>,
) -> Option<Unknown> {
    let Some(first) = context.first_day else { return Some(Unknown::NothingImported) };
    if entity == Entity::Income && context.portfolio.ledger.incomes.is_empty() {
        return Some(Unknown::IncomeNotRecorded);
    }
    let before = days.to < first || other.is_some_and(|other| other.to < first);
    before.then_some(Unknown::History)
}

fn sources(entity: Entity, portfolio: &Portfolio<'_>) -> BTreeSet<String> {
    let mut sources = BTreeSet::new();
    if !portfolio.events.is_empty() {
        sources.insert("transactions".to_owned());
    }
    if matches!(entity, Entity::Holding | Entity::Lot) {
        for holding in portfolio.holdings {
            sources.insert(holding.source.to_string());
            sources.extend(holding.price.as_ref().map(|price| price.source.to_string()));
        }
    }
    sources
}

impl Outcome {
    /// The stable word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a query asks for what is held at the ends of several parts of time.
fn is_series_of_holdings(query: &Query) -> bool {
    query.entity == Entity::Holding && query.operation == Operation::Timeseries
}
