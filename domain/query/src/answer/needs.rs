//! What must be read to answer a query.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Days, is_series_of_holdings};
use crate::filter::{Filter, Operand};
use crate::{Dimension, Entity, Measure, Query};

/// What must be read to answer a query, beside what is held today and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Closes, of these days: from a day, or from the beginning; until today.
    pub prices: Option<Option<Date>>,
    /// Closes of the index that returns are compared with: from a day, or from the beginning; until today.
    pub benchmark: Option<Option<Date>>,
    /// Kinds of securities for tax.
    pub tax: bool,
}

impl Query {
    /// What must be read to answer it, when today is this day.
    pub fn needs(&self, today: Date) -> Needs {
        let has = |some: &[Measure]| self.every_measure().any(|one| some.contains(&one));
        let whole = [Measure::Gain, Measure::Return, Measure::Xirr, Measure::Drawdown];
        let other = self.compare_with.map(|other| super::days_of(other, today));
        let days: Vec<Days> = [Some(self.days(today)), other].into_iter().flatten().collect();
        let earlier = days.iter().any(|days| days.to < today) && self.asks_what_is_held();
        let extremes = has(&[Measure::High52w, Measure::Low52w]);
        let priced = has(&whole) || is_series_of_holdings(self) || earlier || extremes;
        // A period begins with what there was the day before, and a day's change with the close before.
        let first = days.iter().map(|days| days.from.map(|from| from.saturating_sub(1.day())));
        let begins = first.reduce(|one, other| Some(one?.min(other?))).flatten();
        let back = if extremes { 1.year() } else { 1.day() };
        let ends = days.iter().map(|days| days.to.saturating_sub(back)).min();
        let from = match has(&whole) || is_series_of_holdings(self) {
            true => begins.zip(ends).map(|(begins, ends)| begins.min(ends)),
            false => ends,
        };
        let by = |dimension| self.every_dimension().any(|one| one == dimension);
        Needs {
            prices: priced.then_some(from),
            benchmark: has(&[Measure::BenchmarkReturn]).then_some(begins),
            tax: has(&[Measure::DaysToLongTerm, Measure::UnusedExemption]) || by(Dimension::Term),
        }
    }

    /// Whether it asks what is held on its last day, and not only what happened until then.
    pub(super) fn asks_what_is_held(&self) -> bool {
        let closed = |filter: &Filter| matches!(filter, Filter::Among(Dimension::State, states) if states.iter().all(|one| one == "closed"));
        match self.entity {
            Entity::Holding => true,
            Entity::Lot => {
                !self.every_measure().all(|one| one == Measure::RealisedGain)
                    && !self.filters.iter().any(closed)
            }
            Entity::Trade | Entity::Income | Entity::Flow => false,
        }
    }

    fn every_measure(&self) -> impl Iterator<Item = Measure> {
        let filtered = self.filters.iter().flat_map(|filter| match filter {
            Filter::Figure(one, _, Operand::Measure(other)) => vec![*one, *other],
            Filter::Figure(one, ..) => vec![*one],
            _ => Vec::new(),
        });
        self.measures.iter().copied().chain(filtered)
    }

    fn every_dimension(&self) -> impl Iterator<Item = Dimension> {
        let filtered = self.filters.iter().filter_map(|filter| match filter {
            Filter::Among(one, _) | Filter::NotAmong(one, _) | Filter::Contains(one, _) => {
                Some(*one)
            }
            Filter::Figure(..) => None,
        });
        self.group_by.iter().copied().chain(filtered)
    }
}
