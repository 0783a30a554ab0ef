//! From what a question is about to the query: comparisons, groups, order and days.

use rust_decimal::Decimal;

use super::{A_FEW, Draft};
use crate::filter::{Comparison, Filter, Operand};
use crate::period::{Period, Relative};
use crate::query::Sort;
use crate::understand::concept::Concept;
use crate::understand::frame::Number;
use crate::understand::time::Time;
use crate::{DEFAULT_ROWS, Dimension, Direction, Entity, Measure, Operation, Query};

impl Draft<'_> {
    /// The query, once it is known what it is about.
    pub(super) fn finish(mut self) -> Option<Query> {
        self.compare_figures();
        self.choose_classes();
        self.choose_groups();
        self.rank();
        self.newest();
        self.order();
        let query = self.query();
        // A number or a period that is nowhere in the query would be another question.
        let numbers = self
            .frame
            .numbers
            .iter()
            .any(|number| number.is_percent || number.is_amount || !number.is_word);
        let exemption = self.measures == [Measure::UnusedExemption];
        let left = numbers && !self.takes_number && !exemption;
        let periods =
            self.frame.days().filter(|period| *period != Period::Relative(Relative::All)).count();
        (!left && !self.is_unplaced && periods <= 2).then_some(query)
    }

    /// `above 1 lakh`, `at most 10 %`, `between 50k and 1 lakh`.
    fn compare_figures(&mut self) {
        use Concept::{Above, AtLeast, AtMost, Below, Between};
        let bounds = [AtLeast, AtMost, Above, Below].into_iter().filter(|one| self.has(*one));
        // Which number is which bound is not told apart.
        self.is_unplaced = bounds.count() > 1;
        let said = [
            (AtLeast, Comparison::AtLeast),
            (AtMost, Comparison::AtMost),
            (Above, Comparison::Above),
            (Below, Comparison::Below),
        ];
        let said = said.into_iter().find(|(concept, _)| self.has(*concept)).map(|(_, one)| one);
        let ranked = self.ranks() && self.numbers().count() == 1;
        let figures: Vec<Number> = self.numbers().copied().collect();
        let large = figures.iter().find(|number| number.is_percent || number.is_amount);
        let number = large.or_else(|| figures.first().filter(|_| !ranked)).copied();
        let comparisons = match (figures[..].first().zip(figures.get(1)), said) {
            (Some((low, high)), None) if self.has(Between) => {
                vec![(Comparison::AtLeast, *low), (Comparison::AtMost, *high)]
            }
            (_, Some(comparison)) => {
                number.map(|number| (comparison, number)).into_iter().collect()
            }
            _ => return,
        };
        for (comparison, number) in comparisons {
            self.compare_figure(comparison, number);
        }
    }

    fn compare_figure(&mut self, comparison: Comparison, number: Number) {
        let Some(measure) = self.measures.first().copied() else { return };
        self.is_unplaced |= self.groups_named();
        let measure = match measure {
            Measure::Value | Measure::Count if number.is_percent => Measure::Weight,
            Measure::Count => Measure::Value,
            Measure::UnrealisedGain if number.is_percent => Measure::UnrealisedPercent,
            Measure::DayChange if number.is_percent => Measure::DayChangePercent,
            measure => measure,
        };
        if !measure.is_of_rows() || !measure.entities().contains(&self.entity) {
            self.is_unplaced = true;
            return;
        }
        // A loss of more than so much is a gain below it.
        let loss = self.any(&[Concept::Loss, Concept::InLoss]);
        let (comparison, value) = match (loss, comparison) {
            (false, comparison) => (comparison, number.value),
            (true, Comparison::Above) => (Comparison::Below, -number.value),
            (true, Comparison::AtLeast) => (Comparison::AtMost, -number.value),
            (true, Comparison::AtMost) => (Comparison::AtLeast, -number.value),
            (true, _) => (Comparison::Above, -number.value),
        };
        let zero = Operand::Number(Decimal::ZERO);
        self.filters
            .retain(|filter| !matches!(filter, Filter::Figure(_, _, than) if *than == zero));
        self.filters.push(Filter::Figure(measure, comparison, Operand::Number(value)));
        self.takes_number = true;
        if self.measures != [Measure::Count] {
            if self.entity != Entity::Trade {
                self.measures = vec![measure];
            }
            self.operation = Operation::List;
        }
    }

    /// Mutual funds, ETFs; and shares where figures are added up: a list of stocks has everything that is held.
    fn choose_classes(&mut self) {
        let mut classes: Vec<&str> = self
            .frame
            .concepts
            .iter()
            .filter_map(|concept| match concept {
                Concept::Class(class) => Some(*class),
                _ => None,
            })
            .collect();
        let rows = self.operation == Operation::List || self.ranks() || self.groups_named();
        let shares = self.has(Concept::Stocks) && self.securities == 0;
        let of = |one: Dimension| self.filters.iter().any(|filter| filter.about() == one.name());
        let narrow = of(Dimension::Sector)
            || self.measures != [Measure::Count]
                && self.filters.iter().any(|one| matches!(one, Filter::Figure(..)));
        let apart = shares && (!classes.is_empty() || !rows && !narrow);
        if apart && matches!(self.entity, Entity::Holding | Entity::Lot) {
            classes.insert(0, "equity");
        }
        classes.dedup();
        if classes.is_empty() || self.securities > 0 {
            return;
        }
        if classes.len() > 1 && self.any(&[Concept::Split, Concept::Compare, Concept::Each]) {
            self.groups.push(Dimension::Class);
            return;
        }
        let values = classes.into_iter().map(str::to_owned).collect();
        self.filters.push(Filter::Among(Dimension::Class, values));
    }

    fn choose_groups(&mut self) {
        for concept in &self.frame.concepts {
            if let Concept::By(dimension) = concept {
                self.groups.push(*dimension);
            }
        }
        let named: Vec<Dimension> = self.named_groups().collect();
        self.groups.extend(named);
        if self.has(Concept::Split) && self.groups.is_empty() {
            self.groups.push(Dimension::Class);
        }
        // Several by name are one sum, unless they are to be told apart.
        if self.securities > 1 && self.any(&[Concept::Compare, Concept::Each, Concept::OneByOne]) {
            self.groups.push(Dimension::Security);
        }
        let of_one = self.securities == 1 || self.groups.contains(&Dimension::Security);
        let sums = self.operation == Operation::Aggregate;
        if sums && !of_one && self.measures.iter().any(|one| one.needs_one_security()) {
            self.groups.push(Dimension::Security);
        }
        self.groups.retain(|one| one.entities().contains(&self.entity));
        let mut seen = Vec::new();
        self.groups.retain(|one| {
            !seen.contains(one) && {
                seen.push(*one);
                true
            }
        });
        if self.operation == Operation::List && !self.groups.is_empty() {
            self.operation = Operation::Aggregate;
        }
    }

    fn rank(&mut self) {
        use Concept::{Least, Losers, Loss, Most, Worst};
        if !self.ranks()
            || self.every().is_some()
            || self.operation == Operation::List && self.entity != Entity::Trade
        {
            return;
        }
        let rows_of_trades = self.entity == Entity::Trade && self.groups.is_empty();
        if self.groups.is_empty() && !rows_of_trades {
            self.groups.push(Dimension::Security);
        }
        let loses = self.any(&[Least, Worst, Losers])
            || (self.any(&[Loss, Concept::InLoss]) && self.has(Most));
        self.operation = Operation::Rank;
        self.sort = Some(if loses { Direction::Ascending } else { Direction::Descending });
        let number = self.numbers().find(|number| !number.is_percent && !number.is_amount);
        let number = number.and_then(|number| usize::try_from(number.value).ok());
        self.takes_number |= number.is_some();
        self.limit = number.or(Some(if self.frame.plural { A_FEW } else { 1 }));
    }

    /// Holdings that are listed come with the largest figure first, those with a loss with the greatest loss.
    fn order(&mut self) {
        if self.operation == Operation::List
            && self.entity == Entity::Holding
            && self.sort.is_none()
        {
            let loss = self.any(&[Concept::Loss, Concept::InLoss]);
            self.sort = Some(if loss { Direction::Ascending } else { Direction::Descending });
        }
    }

    /// The last trades, or the last so many.
    fn newest(&mut self) {
        let events = self.operation == Operation::List && self.entity != Entity::Holding;
        let compared = self.filters.iter().any(|filter| matches!(filter, Filter::Figure(..)));
        if !events || compared {
            return;
        }
        let number = self.numbers().find(|number| !number.is_percent && !number.is_amount);
        let number = number.and_then(|number| usize::try_from(number.value).ok());
        let one = (self.has(Concept::Latest) && !self.frame.plural).then_some(1);
        self.takes_number |= number.is_some();
        self.limit = number.or(one).or(self.limit);
    }

    /// The query as it stands, with its days.
    pub(super) fn query(&self) -> Query {
        let mut compare_with = None;
        let mut operation = self.operation;
        let mut groups = self.groups.clone();
        let mut days: Vec<Period> = self.frame.days().collect();
        if days.len() > 1 {
            // "so far this year" is this year.
            days.retain(|period| *period != Period::Relative(Relative::All));
        }
        let time = match days[..] {
            [one, other, ..] => {
                // A day is compared with a day.
                let day = |period: Period, beside: Period| match (period, beside) {
                    (Period::Relative(Relative::Today), Period::AsOf(_)) => {
                        Period::AsOf(self.frame.today)
                    }
                    (period, _) => period,
                };
                compare_with = self.time(Some(day(other, one)));
                self.time(Some(day(one, other)))
            }
            [one] if self.frame.times.contains(&Time::Before) => {
                compare_with = self.time(before(one));
                self.time(Some(one))
            }
            _ => self.time(self.period()),
        };
        if compare_with.is_some() {
            operation = Operation::Compare;
        }
        if let Some(dimension) = self.every() {
            operation = Operation::Timeseries;
            groups.push(dimension);
        }
        let sort = self.sort.zip(self.measures.first());
        Query {
            operation,
            entity: self.entity,
            measures: self.measures.clone(),
            filters: self.filters.clone(),
            group_by: groups,
            time,
            compare_with,
            sort: sort.map(|(direction, by)| Sort { by: *by, direction }),
            limit: self.limit.unwrap_or(DEFAULT_ROWS),
            visualisation: None,
        }
    }

    /// Days as the query takes them; tax is of financial years.
    fn time(&self, period: Option<Period>) -> Option<Period> {
        let of_tax = self.frame.tax
            || self.any(&[Concept::Short, Concept::Long, Concept::By(Dimension::Term)])
            || self.measures == [Measure::UnusedExemption];
        Some(match days_of(period?, self.entity, &self.measures) {
            Period::Relative(Relative::ThisYear) if of_tax => {
                Period::Relative(Relative::ThisFinancialYear)
            }
            Period::Relative(Relative::LastYear) if of_tax => {
                Period::Relative(Relative::LastFinancialYear)
            }
            period => period,
        })
    }
}

/// A day as an entity takes it: what happened on it, and what it brought, are of that day alone; what is held is of its end.
pub(in crate::understand) fn days_of(
    period: Period,
    entity: Entity,
    measures: &[Measure],
) -> Period {
    let whole = measures.iter().any(|one| !one.is_of_rows() && *one != Measure::Count);
    match period {
        Period::AsOf(day) if entity != Entity::Holding || whole => {
            Period::Between { from: Some(day), to: Some(day) }
        }
        period => period,
    }
}

/// The period of the same length before.
fn before(period: Period) -> Option<Period> {
    let relative = match period {
        Period::Relative(Relative::Today) => Relative::Yesterday,
        Period::Relative(Relative::ThisWeek) => Relative::LastWeek,
        Period::Relative(Relative::ThisMonth) => Relative::LastMonth,
        Period::Relative(Relative::ThisQuarter) => Relative::LastQuarter,
        Period::Relative(Relative::ThisYear) => Relative::LastYear,
        Period::Relative(Relative::ThisFinancialYear) => Relative::LastFinancialYear,
        Period::FinancialYear(year) => return Some(Period::FinancialYear(year - 1)),
        _ => return None,
    };
    Some(Period::Relative(relative))
}
