//! What holds for every portfolio and every query.

use std::collections::BTreeMap;

use ledger::{Act, Ratio};
use portfolio_query::answer::{Answer, MOST_STEPS, Outcome};
use portfolio_query::{Dimension, Entity, Measure, Operation, Query};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::portfolio::{ASHA, Book, CMS, INFY, RAVI, TCS, nothing, number};
use crate::query;

/// Something that happens on one of a few hundred days: who, of what, how much, what.
fn happening() -> impl Strategy<Value = (u16, bool, usize, u32, u8)> {
    (0u16..700, any::<bool>(), 0usize..3, 1u32..1_000, 0u8..12)
}

fn book() -> impl Strategy<Value = Book> {
    let happenings = prop::collection::vec(happening(), 0..25);
    let closes = prop::collection::vec((0usize..2, 0u16..700, 1u32..9_000), 0..25);
    (happenings, closes).prop_map(|(happenings, closes)| {
        let mut book = nothing();
        for (after, first, of, quantity, what) in happenings {
            let account = if first { ASHA } else { RAVI };
            book = happen(book, &on(after), account, [TCS, INFY, CMS][of], quantity, what);
        }
        let mut lists: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for (of, after, close) in closes {
            lists.entry([TCS, INFY][of]).or_default().push((on(after), close.to_string()));
        }
        for (of, mut list) in lists {
            list.sort();
            let list: Vec<(&str, &str)> =
                list.iter().map(|(on, close)| (on.as_str(), close.as_str())).collect();
            book = book.closes(of, &list);
        }
        book
    })
}

fn on(after: u16) -> String {
    let first = jiff::civil::date(2025, 1, 1);
    first.saturating_add(jiff::ToSpan::days(i32::from(after))).to_string()
}

fn happen(book: Book, on: &str, account: Uuid, of: &str, quantity: u32, what: u8) -> Book {
    let amount = quantity.to_string();
    match what {
        0..6 => book.buy(on, account, of, &amount, "12.5"),
        6..9 => book.sell(on, account, of, &amount, "20"),
        9 => book.dividend(on, account, of, &amount),
        10 => {
            let ratio = Ratio { gives: 2.into(), per: 1.into() };
            book.act(on, account, of, Act::Split { ratio, into: None })
        }
        _ => book.stated(on, account, of, &amount),
    }
}

/// Sums that are exact at two places, whatever they are put together by.
const SUMS: [(Entity, Measure); 9] = [
    (Entity::Holding, Measure::Value),
    (Entity::Holding, Measure::Invested),
    (Entity::Holding, Measure::UnrealisedGain),
    (Entity::Holding, Measure::DayChange),
    (Entity::Holding, Measure::Count),
    (Entity::Lot, Measure::RealisedGain),
    (Entity::Lot, Measure::Count),
    (Entity::Trade, Measure::Amount),
    (Entity::Flow, Measure::NetInvested),
];

fn aggregate(entity: Entity, measure: Measure, by: &[Dimension]) -> Value {
    json!({
        "version": 1, "operation": "aggregate", "entity": entity.name(), "measures": [measure.name()],
        "groupBy": by.iter().map(|one| one.name()).collect::<Vec<_>>(),
    })
}

/// The sum of the figures and of the rows that are missing in them.
fn whole(answer: &Answer) -> (Decimal, usize) {
    let cells = answer.rows.iter().filter_map(|row| row.cells.last());
    cells.fold((Decimal::ZERO, 0), |(sum, missing), cell| {
        (sum + cell.value.as_deref().map_or(Decimal::ZERO, number), missing + cell.missing)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever rows are put together by, nothing is lost and nothing counts twice.
    #[test]
    fn the_groups_of_a_sum_come_to_the_whole(book in book(), which in 0..SUMS.len()) {
        let (entity, measure) = SUMS[which];
        let total = whole(&book.ask(&aggregate(entity, measure, &[]))).0;
        for dimension in Dimension::ALL {
            if dimension.is_time() || !dimension.entities().contains(&entity) {
                continue;
            }
            let groups = book.ask(&aggregate(entity, measure, &[*dimension]));
            prop_assert_eq!(whole(&groups).0, total, "{:?} by {}", measure, dimension.name());
        }
    }

    /// The order in which events are read changes nothing.
    #[test]
    fn the_same_data_have_the_same_answer(book in book(), query in query(), turn in 0usize..20) {
        let Ok(read) = Query::read(&query) else { return Ok(()) };
        let mut turned = book.clone();
        if !turned.events.is_empty() {
            let turn = turn % turned.events.len();
            turned.events.rotate_left(turn);
        }
        // A list tells each event, and events of a day keep no order but their id's.
        let (one, other) = (book.ask(&read.to_json()), turned.ask(&read.to_json()));
        prop_assert_eq!(one, other);
    }

    /// No query panics; a row has a cell for each column, an id of its own, and a figure or a reason.
    #[test]
    fn every_answer_is_of_its_columns(book in book(), query in query()) {
        let Ok(read) = Query::read(&query) else { return Ok(()) };
        let answer = book.ask(&read.to_json());
        let ids: std::collections::BTreeSet<&str> =
            answer.rows.iter().map(|row| row.id.as_str()).collect();
        prop_assert_eq!(ids.len(), answer.rows.len());
        for row in &answer.rows {
            prop_assert_eq!(row.cells.len(), answer.columns.len());
            prop_assert!(row.cells.iter().all(|cell| cell.missing == 0 || cell.reason.is_some()));
        }
        match answer.outcome {
            Outcome::Answered => prop_assert!(!answer.rows.is_empty()),
            Outcome::Empty => prop_assert!(answer.rows.is_empty() && answer.reason.is_none()),
            Outcome::Unknown => prop_assert!(answer.reason.is_some() && answer.message.is_some()),
        }
        let compares = read.operation == Operation::Compare;
        prop_assert_eq!(answer.compared_with.is_some(), compares);
    }
}

#[test]
fn more_work_than_an_answer_may_be_is_refused() {
    const { assert!(MOST_STEPS < 100_000_000) };
    let mut book = nothing().buy("1995-01-02", ASHA, TCS, "1", "10");
    for _ in 0..6_000 {
        book = book.buy("2026-06-01", ASHA, TCS, "1", "10");
    }
    let by = |part: &str| {
        json!({
            "version": 1, "operation": "timeseries", "entity": "holding", "measures": ["value"],
            "groupBy": [part], "time": { "from": "1995-01-01" },
        })
    };
    assert!(book.try_ask(&by("financial_year")).is_ok());
    assert!(book.try_ask(&by("month")).is_err());
}
