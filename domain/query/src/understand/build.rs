//! From what the words of a question mean to a query.

pub(super) mod finish;
mod subject;

use super::Understanding;
use super::concept::Concept;
use super::frame::{Frame, Number};
use super::names::{Named, Names};
use super::time::Time;
use crate::filter::Filter;
use crate::period::{Period, Relative};
use crate::{Dimension, Direction, Entity, Measure, Operation, Query};

/// What came of a question.
pub(super) enum Interpretation {
    Query(Query),
    Choices { message: String, options: Vec<(String, Query)> },
    Nothing(String),
}

/// Rows of a ranking that says no number: one where it asks for one thing, and a few where it asks for several.
const A_FEW: usize = 5;

/// What can be asked, for whoever asked something else.
const CAN: &str = "Ask about value, profit, returns, dividends, trades, realised gains, weights or holding periods of this \
                   portfolio, by security, sector, account or time.";

pub(super) fn not_understood() -> Understanding {
    Understanding::Nothing { message: format!("That was not understood. {CAN}") }
}

/// The query of a question, several that it could be, or why there is none.
pub(super) fn build(frame: &Frame, names: &Names) -> Interpretation {
    if frame.times.contains(&Time::Future) {
        return Interpretation::Nothing(
            "The future is in no portfolio; ask about what is, or was.".to_owned(),
        );
    }
    if frame.has(Concept::Negation) {
        return Interpretation::Nothing(format!(
            "What is not so cannot be asked in words yet. {CAN}"
        ));
    }
    if frame.has(Concept::Definition) {
        return Interpretation::Nothing(format!("What words mean is not explained here. {CAN}"));
    }
    if frame.has(Concept::TaxBill) {
        return Interpretation::Nothing("What tax is due is not worked out here; ask about realised gains by term and financial year.".to_owned());
    }
    if !frame.unknown.is_empty() {
        let words = frame.unknown.iter().map(|word| format!("“{word}”")).collect::<Vec<_>>();
        return Interpretation::Nothing(format!("{} is not known here. {CAN}", words.join(", ")));
    }
    let ambiguous = frame.names.iter().find_map(|name| match name {
        Named::Securities(several) if several.len() > 1 => Some(several),
        _ => None,
    });
    let Some(several) = ambiguous else { return build_with(frame, names, &frame.names) };
    let meant = |number: &usize| {
        let chosen = frame.names.iter().map(|name| match name {
            Named::Securities(all) if all == several => Named::Securities(vec![*number]),
            other => other.clone(),
        });
        let chosen: Vec<Named> = chosen.collect();
        match build_with(frame, names, &chosen) {
            Interpretation::Query(query) => {
                Some((names.securities.get(*number)?.name.clone(), query))
            }
            // Nothing is said of it: what it is worth is.
            Interpretation::Choices { options, .. } => {
                let (_, query) = options.into_iter().next()?;
                Some((names.securities.get(*number)?.name.clone(), query))
            }
            Interpretation::Nothing(_) => None,
        }
    };
    let mut options: Vec<(String, Query)> = several.iter().filter_map(meant).collect();
    options.truncate(10);
    Interpretation::Choices { message: "Which of these is meant?".to_owned(), options }
}

fn build_with(frame: &Frame, names: &Names, named: &[Named]) -> Interpretation {
    let mut draft = Draft::new(frame, names, named);
    match draft.subject() {
        Some(()) => draft.finish().map_or_else(
            || Interpretation::Nothing(format!("Not everything in that was understood. {CAN}")),
            Interpretation::Query,
        ),
        None => draft.ask(),
    }
}

/// A query in the making.
struct Draft<'a> {
    frame: &'a Frame,
    /// How many securities are named.
    securities: usize,
    entity: Entity,
    operation: Operation,
    measures: Vec<Measure>,
    filters: Vec<Filter>,
    groups: Vec<Dimension>,
    sort: Option<Direction>,
    limit: Option<usize>,
    /// Whether a number of the question has its place in the query.
    takes_number: bool,
    /// Whether something was said that has no place in the query.
    is_unplaced: bool,
}

impl<'a> Draft<'a> {
    fn new(frame: &'a Frame, names: &Names, named: &[Named]) -> Self {
        let mut draft = Self {
            frame,
            securities: 0,
            entity: Entity::Holding,
            operation: Operation::Aggregate,
            measures: Vec::new(),
            filters: filters_of(named, names),
            groups: Vec::new(),
            sort: None,
            limit: None,
            takes_number: false,
            is_unplaced: false,
        };
        let without =
            filters_of(&frame.excluded, names).into_iter().filter_map(|filter| match filter {
                Filter::Among(dimension, values) => Some(Filter::NotAmong(dimension, values)),
                _ => None,
            });
        draft.filters.extend(without);
        if !frame.excluded_classes.is_empty() {
            let values = frame.excluded_classes.iter().map(|class| (*class).to_owned()).collect();
            draft.filters.push(Filter::NotAmong(Dimension::Class, values));
        }
        draft.securities = draft
            .filters
            .iter()
            .map(|filter| match filter {
                Filter::Among(Dimension::Security, values) => values.len(),
                _ => 0,
            })
            .sum();
        draft
    }

    fn has(&self, concept: Concept) -> bool {
        self.frame.has(concept)
    }

    fn any(&self, concepts: &[Concept]) -> bool {
        self.frame.has_any(concepts)
    }

    /// The days that are named, but for those that say today or everything, which is what is meant without them.
    fn period(&self) -> Option<Period> {
        let meant =
            |period: &Period| !matches!(period, Period::Relative(Relative::Today | Relative::All));
        self.frame.days().find(meant)
    }

    /// Whether it asks for a figure of everything there ever was.
    fn is_ever(&self) -> bool {
        self.frame.days().any(|period| period == Period::Relative(Relative::All))
    }

    /// Whether it asks for percent, other than a number of them.
    fn percent(&self) -> bool {
        self.has(Concept::Percent)
    }

    fn figure(&self) -> Option<Measure> {
        self.frame.concepts.iter().find_map(|concept| match concept {
            Concept::Figure(measure) => Some(*measure),
            _ => None,
        })
    }

    fn is(&mut self, entity: Entity, measures: &[Measure]) -> Option<()> {
        self.entity = entity;
        self.measures = measures.to_vec();
        Some(())
    }

    fn filter(&mut self, dimension: Dimension, value: &str) {
        self.filters.push(Filter::Among(dimension, vec![value.to_owned()]));
    }

    /// What could be asked of what is named.
    fn ask(mut self) -> Interpretation {
        let named = !self.filters.is_empty();
        if !named {
            return Interpretation::Nothing(format!("That was not understood. {CAN}"));
        }
        let measures = [
            ("What it is worth", Measure::Value),
            ("What it gained since it was bought", Measure::UnrealisedGain),
            ("What it gained today", Measure::DayChange),
            ("Its share of the portfolio", Measure::Weight),
        ];
        let options = measures.map(|(label, measure)| {
            self.measures = vec![measure];
            let query = Query { measures: vec![measure], ..self.query() };
            (label.to_owned(), query)
        });
        Interpretation::Choices { message: "What about it?".to_owned(), options: options.into() }
    }

    fn numbers(&self) -> impl Iterator<Item = &Number> {
        self.frame.numbers.iter()
    }

    fn lists(&self) -> bool {
        self.any(&[Concept::List, Concept::Holdings, Concept::Stocks])
            && !self.any(&[Concept::HowMuch, Concept::HowMany])
    }

    fn ranks(&self) -> bool {
        use Concept::{Best, Gainers, InLoss, InProfit, Least, Losers, Most, Worst};
        // "Any laggards at a loss?" asks for all of them.
        let all = self.any(&[InLoss, InProfit]);
        self.any(&[Most, Least, Best, Worst]) || !all && self.any(&[Gainers, Losers])
    }

    fn class(&self) -> Option<&'static str> {
        self.frame.concepts.iter().find_map(|concept| match concept {
            Concept::Class(class) => Some(*class),
            _ => None,
        })
    }

    /// Whether it names something to put rows together by.
    fn groups_named(&self) -> bool {
        self.frame.concepts.iter().any(|concept| matches!(concept, Concept::By(_)))
            || self.named_groups().next().is_some()
            || self.has(Concept::Split)
    }

    /// Dimensions that are named, where they are no part of a name: "the IT sector" is no group, nor is "my Groww account".
    fn named_groups(&self) -> impl Iterator<Item = Dimension> {
        let of = |one: Dimension| self.filters.iter().any(|filter| filter.about() == one.name());
        let account = of(Dimension::Account) || of(Dimension::Broker);
        let filtered = move |dimension: Dimension| match dimension {
            Dimension::Account | Dimension::Broker => account,
            dimension => of(dimension),
        };
        self.frame.concepts.iter().filter_map(move |concept| match concept {
            Concept::Named(dimension) if !filtered(*dimension) => Some(*dimension),
            _ => None,
        })
    }

    fn every(&self) -> Option<Dimension> {
        self.frame.times.iter().find_map(|time| match time {
            Time::Every(dimension) => Some(*dimension),
            _ => None,
        })
    }
}

fn choose(first: bool, one: Measure, other: Measure) -> Measure {
    if first { one } else { other }
}

/// What names of a question choose.
pub(super) fn filters_of(named: &[Named], names: &Names) -> Vec<Filter> {
    let mut securities = Vec::new();
    let (mut sectors, mut accounts, mut brokers) = (Vec::new(), Vec::new(), Vec::new());
    for name in named {
        match name {
            Named::Securities(numbers) => {
                let found = numbers.iter().filter_map(|number| names.securities.get(*number));
                securities.extend(found.map(|one| one.value()));
            }
            Named::Sectors(some) => sectors.extend(some.iter().cloned()),
            Named::Accounts(some) => accounts.extend(some.iter().cloned()),
            Named::Broker(one) => brokers.push(one.clone()),
        }
    }
    let all = [
        (Dimension::Security, securities),
        (Dimension::Sector, sectors),
        (Dimension::Account, accounts),
        (Dimension::Broker, brokers),
    ];
    let some = all.into_iter().filter(|(_, values)| !values.is_empty());
    some.map(|(dimension, mut values)| {
        let mut seen = Vec::new();
        values.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        Filter::Among(dimension, values)
    })
    .collect()
}
