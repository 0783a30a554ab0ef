//! The portfolio query language: a small JSON language for what may be asked of a portfolio.
//!
//! A query names an operation, an entity, measures, and which rows, groups, days and order are wanted. It says nothing of
//! how data is stored: whoever reads one cannot be made to run anything else. Two tables, [`Measure`] and [`Dimension`],
//! say what there is, in which unit, of which entity and in which words. The reader, the JSON Schema and the description
//! of a query are made of them.
//!
//! Versions: [`VERSION`] is the newest. A query of an older version stays readable; one of a newer version is refused with
//! a fault that says so, and never read in part.
#![warn(missing_docs)]

pub mod answer;
mod fault;
mod filter;
mod period;
mod query;
mod reader;
mod reference;
pub mod say;
mod schema;
pub mod understand;
mod vocabulary;
mod words;

pub use fault::{Fault, Why};
pub use filter::{Comparison, Filter, Match, Operand};
pub use period::{Period, Relative, Unit as SpanUnit};
pub use query::{Direction, Operation, Query, Sort, Visualisation};
pub(crate) use reference::language;
pub use reference::reference;
pub use schema::schema;
pub use vocabulary::{Dimension, Entity, Measure, Unit};
pub use words::describe;

/// The version of the language that is written, and the newest that is read.
pub const VERSION: u64 = 1;
/// Measures of one query.
pub const MOST_MEASURES: usize = 8;
/// Dimensions that one query groups by.
pub const MOST_GROUPS: usize = 3;
/// Filters of one query.
pub const MOST_FILTERS: usize = 20;
/// Values that one filter names.
pub const MOST_VALUES: usize = 50;
/// Characters of such a value.
pub const LONGEST_VALUE: usize = 100;
/// Rows of one answer.
pub const MOST_ROWS: usize = 200;
/// Rows when a query does not say how many.
pub const DEFAULT_ROWS: usize = 50;
