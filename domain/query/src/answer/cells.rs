//! Columns, rows and cells, as they leave.

use ledger::{Money, Percent, Price, Quantity};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::Figure;
use super::keys::Key;
use super::unknown::Unknown;
use crate::vocabulary::Unit;
use crate::{Dimension, Entity, Measure, Operation, Query};

/// What the cells of a column are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueryColumn)]
pub struct Column {
    /// The measure's or the dimension's word; `on`, `acquired_on` and `until` of days.
    pub name: &'static str,
    /// What it is.
    pub kind: ColumnKind,
    /// The unit of a figure: `money`, `price`, `quantity`, `percent`, `days` or `count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QueryColumnKind)]
pub enum ColumnKind {
    /// What the row is by a dimension: `value` is stable, `label` is for people.
    Dimension,
    /// A day.
    Day,
    /// A figure.
    Figure,
    /// The figure of the period it is compared with.
    ComparedFigure,
    /// The figure less the compared one; of percents in percentage points.
    Change,
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueryRow)]
pub struct AnswerRow {
    /// What it is: the same for the same data, and unlike every other row's.
    pub id: String,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueryCell)]
pub struct Cell {
    /// A decimal string, a day, or a dimension's key; null when it is unknown or there is no such thing.
    pub value: Option<String>,
    /// What a dimension's value is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Why the value is unknown, or why some rows are not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Unknown>,
    /// How many rows the figure is without.
    #[serde(skip_serializing_if = "is_zero")]
    pub missing: usize,
    #[serde(skip)]
    figure: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Cell {
    /// Whether it is a figure, and no name of its row.
    pub(super) fn is_figure(&self) -> bool {
        self.figure
    }

    pub(super) fn key(key: &Key) -> Self {
        Self {
            value: (!key.unknown).then(|| key.key.clone()),
            label: Some(key.label.clone()),
            reason: key.unknown.then_some(Unknown::ClassMissing),
            ..Self::default()
        }
    }

    pub(super) fn day(day: Option<jiff::civil::Date>) -> Self {
        Self { value: day.map(|day| day.to_string()), ..Self::default() }
    }

    pub(super) fn figure(figure: Figure, unit: Unit) -> Self {
        let empty = Self { figure: true, ..Self::default() };
        match figure {
            Figure::Nothing => empty,
            Figure::Unknown(why) => Self { reason: Some(why), ..empty },
            Figure::Known { value, missing } => Self {
                value: Some(text(value, unit)),
                reason: missing.map(|(_, why)| why),
                missing: missing.map_or(0, |(rows, _)| rows),
                ..empty
            },
        }
    }
}

/// Rounds once, on the way out.
fn text(value: Decimal, unit: Unit) -> String {
    match unit {
        Unit::Money => Money(value).to_string(),
        Unit::Price => Price(value).to_string(),
        Unit::Quantity | Unit::Count => Quantity(value).to_string(),
        Unit::Percent => Percent(value).to_string(),
        Unit::Days => Quantity(value.round()).to_string(),
    }
}

/// The columns of a query's answer.
pub(super) fn columns(query: &Query) -> Vec<Column> {
    let dimension =
        |one: &Dimension| Column { name: one.name(), kind: ColumnKind::Dimension, unit: None };
    let day = |name| Column { name, kind: ColumnKind::Day, unit: None };
    let figure =
        |one: &Measure, kind| Column { name: one.name(), kind, unit: Some(one.unit().name()) };
    let mut columns: Vec<Column> = if query.answers_rows() {
        let days = days_of_rows(query.entity).iter().map(|name| day(*name));
        days.chain(names_of_rows(query.entity).iter().map(dimension)).collect()
    } else {
        query.group_by.iter().map(dimension).collect()
    };
    for measure in &query.measures {
        columns.push(figure(measure, ColumnKind::Figure));
        if query.operation == Operation::Compare {
            columns.push(figure(measure, ColumnKind::ComparedFigure));
            columns.push(figure(measure, ColumnKind::Change));
        }
    }
    columns
}

/// The days that a row of an entity is told by.
pub(super) fn days_of_rows(entity: Entity) -> &'static [&'static str] {
    match entity {
        Entity::Holding => &[],
        Entity::Lot => &["acquired_on", "sold_on"],
        Entity::Trade | Entity::Income | Entity::Flow => &["on"],
    }
}

/// The dimensions that a row of an entity is told by.
pub(super) fn names_of_rows(entity: Entity) -> &'static [Dimension] {
    match entity {
        Entity::Holding => &[Dimension::Security, Dimension::Account],
        Entity::Lot => &[Dimension::Security, Dimension::Account, Dimension::State],
        Entity::Trade => &[Dimension::Side, Dimension::Security, Dimension::Account],
        Entity::Income | Entity::Flow => {
            &[Dimension::Kind, Dimension::Security, Dimension::Account]
        }
    }
}
