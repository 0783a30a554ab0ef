//! Rows chosen, put together and ordered.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::cells::{AnswerRow, Cell, days_of_rows, names_of_rows};
use super::figures::{Figure, figure};
use super::keys::{Key, Verdict, judge, key, part_of};
use super::period_figures::PeriodFigures;
use super::portfolio::Context;
use super::rows::{self, Row, RowKind};
use super::unknown::Unknown;
use super::view::View;
use super::{Days, MOST_STEPS, TooMuchWork, is_series_of_holdings};
use crate::filter::Filter;
use crate::query::Sort;
use crate::{Dimension, Direction, Measure, Operation, Query};

/// Lots of an earlier day are worked out again: so many steps for each event.
const STEPS_OF_AN_EARLIER_DAY: usize = 10;

/// Rows that a filter could not judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueryUnjudged)]
pub struct Unjudged {
    /// The measure or dimension of the filter.
    pub filter: &'static str,
    /// Why it could not.
    pub reason: Unknown,
    /// How many rows.
    pub rows: usize,
}

/// A figure of a measure in a group: of the period, and of the one it is compared with.
type Figures = Vec<(Figure, Figure)>;

/// A group, or a row by itself.
struct Group {
    id: String,
    /// What it is by each dimension, and its days.
    heads: Vec<Cell>,
    /// Newest first where nothing else is asked for.
    on: Option<Date>,
    keys: Vec<Key>,
    figures: Figures,
}

/// The tables of one query.
pub(super) struct Tables<'a> {
    query: &'a Query,
    context: &'a Context<'a>,
    unjudged: BTreeMap<(&'static str, Unknown), usize>,
    /// Filters that kept no row at all.
    matched: Vec<bool>,
    steps: u64,
}

impl<'a> Tables<'a> {
    pub(super) fn new(query: &'a Query, context: &'a Context<'a>) -> Self {
        let matched = vec![false; query.filters.len()];
        Self { query, context, unjudged: BTreeMap::new(), matched, steps: 0 }
    }

    /// The rows of the answer, in order; unknown where the days are.
    pub(super) fn rows(
        &mut self,
        days: Days,
        other: Option<Days>,
    ) -> Result<Result<Vec<AnswerRow>, Unknown>, TooMuchWork> {
        let groups = if is_series_of_holdings(self.query) {
            self.series(days)?
        } else {
            self.groups(days, &self.query.group_by)?
        };
        let mut groups = match groups {
            Ok(groups) => groups,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(other) = other {
            match self.groups(other, &self.query.group_by)? {
                Ok(others) => compare(&mut groups, others),
                Err(why) => return Ok(Err(why)),
            }
        }
        sort(&mut groups, self.query);
        Ok(Ok(groups.into_iter().map(|group| self.row(group)).collect()))
    }

    /// Rows that filters could not judge.
    pub(super) fn unjudged(&self) -> Vec<Unjudged> {
        let unjudged = self.unjudged.iter();
        unjudged
            .map(|((filter, reason), rows)| Unjudged { filter, reason: *reason, rows: *rows })
            .collect()
    }

    /// What the first filter that keeps nothing asks for.
    pub(super) fn unmatched(&self) -> Option<String> {
        let none = self.query.filters.iter().zip(&self.matched).find(|(_, matched)| !**matched);
        let (filter, _) = none?;
        let entity = self.query.entity.name();
        Some(match filter {
            Filter::Among(dimension, values) => {
                let values = values.iter().map(|value| format!("“{value}”")).collect::<Vec<_>>();
                format!("No {entity} has the {} {}.", spoken(dimension.name()), values.join(" or "))
            }
            Filter::Contains(dimension, text) => {
                format!("No {entity} has a {} that contains “{text}”.", spoken(dimension.name()))
            }
            _ => return None,
        })
    }

    /// What is held at the end of each part of the time, and what each part brought.
    fn series(&mut self, days: Days) -> Result<Result<Vec<Group>, Unknown>, TooMuchWork> {
        let time = self.query.group_by.iter().position(|one| one.is_time());
        let (Some(at), Some(first)) = (time, self.context.first_day) else {
            return Ok(Ok(Vec::new()));
        };
        let dimension = self.query.group_by[at];
        let mut others = self.query.group_by.clone();
        others.remove(at);
        let mut all = Vec::new();
        let mut last_unknown = None;
        for part in parts(dimension, days.from.unwrap_or(first).max(first), days.to) {
            match self.groups(part, &others)? {
                Ok(groups) => all.extend(groups.into_iter().map(|mut group| {
                    group.keys.insert(at, part_of(dimension, part.to));
                    group.named(self.query)
                })),
                // Parts before everything held is known are left out; the coverage says from when on it is.
                Err(why) => last_unknown = Some(why),
            }
        }
        Ok(match last_unknown.filter(|_| all.is_empty()) {
            Some(why) => Err(why),
            None => Ok(all),
        })
    }

    /// The groups of a period, or its rows.
    fn groups(
        &mut self,
        days: Days,
        by: &[Dimension],
    ) -> Result<Result<Vec<Group>, Unknown>, TooMuchWork> {
        let portfolio = self.context.portfolio;
        let book =
            portfolio.events.len() + portfolio.ledger.moves.len() + portfolio.ledger.places.len();
        let earlier = days.to < portfolio.today && self.query.asks_what_is_held();
        self.take(if earlier { book * STEPS_OF_AN_EARLIER_DAY } else { book })?;
        let view = match View::new(self.context, days.to, self.query) {
            Ok(view) => view,
            Err(why) => return Ok(Err(why)),
        };
        let rows = rows::rows(self.query.entity, &view, days.from);
        self.take(rows.len() * (1 + self.query.filters.len() + self.query.measures.len()))?;
        let kept: Vec<&Row> = rows.iter().filter(|row| self.keeps(row, &view)).collect();
        let mut groups: BTreeMap<Vec<Key>, Vec<&Row>> = BTreeMap::new();
        if self.query.answers_rows() {
            let there = kept.iter().filter(|row| row.is_there());
            let rows = there.map(|row| self.of_row(row, &view));
            return Ok(Ok(rows.collect()));
        }
        if by.is_empty() {
            groups.insert(Vec::new(), kept);
        } else {
            for row in kept {
                let keys: Option<Vec<Key>> = by.iter().map(|one| key(*one, row, &view)).collect();
                if let Some(keys) = keys {
                    groups.entry(keys).or_default().push(row);
                }
            }
        }
        let mut all = Vec::new();
        for (keys, rows) in groups {
            if self.query.measures.iter().any(|one| !one.is_of_rows() && *one != Measure::Count) {
                let days = days
                    .from
                    .map_or(0, |from| from.until(days.to).map_or(0, |span| span.get_days()));
                self.take(book * 2 + rows.len() * usize::try_from(days).unwrap_or_default())?;
            }
            let figures = self.figures(&rows, &view, days.from);
            let nothing = figures.iter().all(|(figure, _)| match figure {
                Figure::Nothing => true,
                // No group is told of for having no rows; a count without groups is 0.
                Figure::Known { value, .. } => {
                    !by.is_empty() && value.is_zero() && rows.iter().all(|row| !row.is_there())
                }
                Figure::Unknown(_) => !by.is_empty() && rows.iter().all(|row| !row.is_there()),
            });
            if !nothing {
                let group = Group { id: String::new(), heads: Vec::new(), on: None, keys, figures };
                all.push(group.named(self.query));
            }
        }
        Ok(Ok(all))
    }

    fn take(&mut self, steps: usize) -> Result<(), TooMuchWork> {
        self.steps += steps as u64;
        if self.steps > MOST_STEPS { Err(TooMuchWork) } else { Ok(()) }
    }

    /// Whether every filter keeps a row. What was held before is judged by what it is alone: it has no figures.
    fn keeps(&mut self, row: &Row, view: &View<'_>) -> bool {
        let (mut dropped, mut unknown) = (false, None);
        for (at, filter) in self.query.filters.iter().enumerate() {
            match judge(filter, row, view) {
                Verdict::Kept => self.matched[at] = true,
                Verdict::Dropped => dropped = true,
                Verdict::Unknown(why) => unknown = unknown.or(Some((filter.about(), why))),
            }
        }
        if let Some(unjudged) = unknown.filter(|_| !dropped && row.is_there()) {
            *self.unjudged.entry(unjudged).or_default() += 1;
        }
        !dropped && unknown.is_none()
    }

    fn figures(&self, rows: &[&Row], view: &View<'_>, from: Option<Date>) -> Figures {
        let mut over_period = PeriodFigures::new(view, from, rows);
        let figure = |measure: &Measure| {
            let figure = if measure.is_of_rows() || *measure == Measure::Count {
                figure(*measure, rows, view)
            } else {
                over_period.figure(*measure)
            };
            (figure, Figure::Nothing)
        };
        self.query.measures.iter().map(figure).collect()
    }

    fn of_row(&self, row: &Row, view: &View<'_>) -> Group {
        let entity = self.query.entity;
        let day = |name: &&str| match (*name, &row.kind) {
            ("acquired_on", RowKind::OpenLot { lot, .. } | RowKind::ClosedLot { lot, .. }) => {
                Cell::day(lot.acquired_on)
            }
            _ => Cell::day(row.on),
        };
        let mut heads: Vec<Cell> = days_of_rows(entity).iter().map(day).collect();
        let names = names_of_rows(entity).iter();
        let keys: Vec<Key> = names.filter_map(|one| key(*one, row, view)).collect();
        heads.extend(keys.iter().map(Cell::key));
        let figures = self.figures(&[row], view, None);
        Group { id: row.id.clone(), heads, on: row.on, keys, figures }
    }

    fn row(&self, group: Group) -> AnswerRow {
        let Group { id, heads: mut cells, figures, .. } = group;
        for (measure, (figure, other)) in self.query.measures.iter().zip(figures) {
            cells.push(Cell::figure(figure, measure.unit()));
            if self.query.operation == Operation::Compare {
                cells.push(Cell::figure(other, measure.unit()));
                cells.push(Cell::figure(change(figure, other), measure.unit()));
            }
        }
        AnswerRow { id, cells }
    }
}

impl Group {
    /// With an id and cells of its keys.
    fn named(mut self, query: &Query) -> Self {
        let keys = self.keys.iter().map(|key| key.key.as_str());
        self.id = if query.group_by.is_empty() {
            "all".to_owned()
        } else {
            keys.collect::<Vec<_>>().join(" ")
        };
        self.heads = self.keys.iter().map(Cell::key).collect();
        self
    }
}

fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// Puts the figures of another period beside those of the first; a group that only one of them has is there, too.
fn compare(groups: &mut Vec<Group>, others: Vec<Group>) {
    let mut others: BTreeMap<Vec<Key>, Group> =
        others.into_iter().map(|group| (group.keys.clone(), group)).collect();
    for group in groups.iter_mut() {
        if let Some(other) = others.remove(&group.keys) {
            let beside = group.figures.iter_mut().zip(other.figures);
            beside.for_each(|(figures, (other, _))| figures.1 = other);
        }
    }
    groups.extend(others.into_values().map(|mut group| {
        group.figures.iter_mut().for_each(|both| *both = (Figure::Nothing, both.0));
        group
    }));
}

fn change(figure: Figure, other: Figure) -> Figure {
    match (figure, other) {
        (Figure::Known { value, missing }, Figure::Known { value: other, missing: without }) => {
            Figure::Known { value: value - other, missing: missing.or(without) }
        }
        (Figure::Unknown(why), _) | (_, Figure::Unknown(why)) => Figure::Unknown(why),
        _ => Figure::Nothing,
    }
}

/// By the query's order, what has no figure last; then by what the groups are, and rows by their day, the newest first.
fn sort(groups: &mut [Group], query: &Query) {
    let at = |sort: Sort| query.measures.iter().position(|one| *one == sort.by);
    let by = query.sort.and_then(|sort| Some((at(sort)?, sort.direction)));
    groups.sort_by(|one, other| {
        let figures = by.map_or(Ordering::Equal, |(at, direction)| {
            match (one.figures[at].0.value(), other.figures[at].0.value()) {
                (Some(one), Some(other)) if direction == Direction::Ascending => one.cmp(&other),
                (Some(one), Some(other)) => other.cmp(&one),
                (one, other) => other.is_some().cmp(&one.is_some()),
            }
        });
        let days = Reverse(one.on).cmp(&Reverse(other.on));
        figures.then(days).then_with(|| (&one.keys, &one.id).cmp(&(&other.keys, &other.id)))
    });
}

/// The parts of some days, each cut to them. All parts begin with a month.
fn parts(dimension: Dimension, from: Date, to: Date) -> Vec<Days> {
    let mut parts = Vec::new();
    let mut begin = from;
    while begin <= to {
        let name = part_of(dimension, begin);
        let mut next = begin.first_of_month().saturating_add(1.month());
        while part_of(dimension, next) == name && next <= to {
            next = next.saturating_add(1.month());
        }
        let end = next.yesterday().unwrap_or(to).min(to);
        parts.push(Days { from: Some(begin), to: end });
        begin = next;
    }
    parts
}
