//! Snapshots against events: what was there before, and what is gone without a trace.

use jiff::ToSpan;
use jiff::civil::time;
use ledger::{Act, History, Reconciled};
use rust_decimal::Decimal;

use crate::book::{A, B, Book, closings, day, isin, lots, number, ratio};

fn state(book: &Book, of: &str) -> Reconciled {
    let ledger = book.ledger();
    let at = ledger.places.iter().position(|place| place.isin == isin(of)).expect("a place");
    ledger.positions[at].state
}

#[test]
fn a_chain_of_ratios_longer_than_numbers_go_ends_in_no_panic() {
    for (gives, per) in [(1, 9), (9, 1), (10_000, 1), (1, 10_000)] {
        let mut book = Book::default();
        for number in 0..30_i64 {
            let on = (day("2001-01-02") + number.days()).to_string();
            book = book.act(&on, A, Act::Split { ratio: ratio(gives, per), into: None });
        }
        let book =
            book.sell("2024-01-01", A, "1000000", "10").snapshot("2024-02-01", A, "5", Some("9"));
        assert_eq!(book.ledger().places.len(), 1, "{gives}:{per}");
    }
}

#[test]
fn shares_beyond_all_that_there_are_stop_growing_and_every_lot_keeps_some() {
    let (split, bonus, demerger) = (
        Act::Split { ratio: ratio(9, 1), into: None },
        Act::Bonus { ratio: ratio(9, 1), allotted_on: day("2001-01-02") },
        Act::Demerger { ratio: ratio(9, 1), into: isin(B), cost_percent: number("10") },
    );
    for act in [split, bonus, demerger] {
        let mut book = Book::default();
        for number in 0..3_i64 {
            let on = (day("2000-01-03") + number.days()).to_string();
            book = book.buy(&on, A, "1000000000", "1");
        }
        for number in 0..120_i64 {
            let on = (day("2001-01-02") + number.days()).to_string();
            book = book.act(&on, A, act);
        }
        let ledger = book.ledger();
        for position in &ledger.positions {
            assert!(position.lots.iter().all(|lot| lot.quantity > Decimal::ZERO), "{act:?}");
            let lots: Decimal = position.lots.iter().map(|lot| lot.quantity).sum();
            assert_eq!(lots, position.quantity, "{act:?}");
        }
    }
}

#[test]
fn a_snapshot_that_agrees_reconciles() {
    let book = Book::default().buy("2024-01-01", A, "10", "100").snapshot(
        "2024-02-01",
        A,
        "10",
        Some("1000"),
    );
    assert_eq!(state(&book, A), Reconciled::Snapshot);
    assert_eq!(book.ledger().history(&book.snapshots, |_| true), History::Complete);
}

#[test]
fn what_a_snapshot_has_more_was_there_before_and_takes_the_rest_of_the_cost() {
    let book = Book::default().buy("2024-01-01", A, "10", "100").snapshot(
        "2024-02-01",
        A,
        "15",
        Some("1300"),
    );
    assert_eq!(state(&book, A), Reconciled::DerivedOpening(number("5")));
    assert_eq!(lots(&book.ledger(), A), ["5 @ 300, ?", "10 @ 1000, 2024-01-01"]);
    assert_eq!(book.ledger().history(&book.snapshots, |_| true), History::From(day("2024-02-01")));
}

#[test]
fn a_gain_out_of_a_derived_opening_is_not_known() {
    let book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .snapshot("2024-02-01", A, "15", Some("1300"))
        .sell("2024-03-01", A, "6", "120");
    assert_eq!(closings(&book.ledger()), ["5 for 600, ?, ?", "1 for 120, 100, 2024-01-01"]);
}

#[test]
fn an_opening_that_was_sold_from_before_the_snapshot_has_no_cost() {
    let book = Book::default().sell("2024-01-01", A, "2", "100").snapshot(
        "2024-02-01",
        A,
        "5",
        Some("500"),
    );
    assert_eq!(state(&book, A), Reconciled::DerivedOpening(number("7")));
    assert_eq!(lots(&book.ledger(), A), ["5 @ ?, ?"]);
}

#[test]
fn an_older_tradebook_makes_the_opening_smaller_by_itself() {
    let book = Book::default().sell("2024-01-01", A, "2", "100").snapshot(
        "2024-02-01",
        A,
        "5",
        Some("500"),
    );
    let older = book.buy("2023-01-02", A, "7", "90");
    assert_eq!(state(&older, A), Reconciled::Snapshot);
    assert_eq!(closings(&older.ledger()), ["2 for 200, 180, 2023-01-02"]);
}

#[test]
fn what_was_sold_and_never_bought_was_there_before() {
    let book = Book::default().buy("2024-01-01", A, "5", "100").sell("2024-02-01", A, "8", "110");
    assert_eq!(state(&book, A), Reconciled::DerivedOpening(number("3")));
    assert_eq!(closings(&book.ledger()), ["3 for 330, ?, ?", "5 for 550, 500, 2024-01-01"]);
    assert_eq!(book.ledger().history(&[], |_| true), History::Unknown);
}

#[test]
fn what_a_snapshot_has_less_went_out_unexplained_and_the_lots_stay() {
    let book =
        Book::default().buy("2024-01-01", A, "10", "100").snapshot("2024-02-01", A, "8", None);
    let ledger = book.ledger();
    assert_eq!(ledger.positions[0].state, Reconciled::UnexplainedOutflow(number("2")));
    assert_eq!((ledger.positions[0].quantity, ledger.positions[0].cost()), (number("8"), None));
    assert_eq!(lots(&ledger, A), ["10 @ 1000, 2024-01-01"]);
}

#[test]
fn events_after_a_snapshot_roll_it_forward() {
    let book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .snapshot("2024-02-01", A, "8", None)
        .buy("2024-03-01", A, "4", "100")
        .act("2024-04-01", A, Act::Split { ratio: ratio(2, 1), into: None });
    assert_eq!(book.ledger().positions[0].quantity, number("24"));
    let sold_out = book.sell("2024-05-01", A, "28", "60").ledger();
    assert_eq!(sold_out.positions[0].quantity, number("0"), "all the lots were there after all");
}

#[test]
fn an_opening_before_a_bonus_and_a_split_is_counted_in_shares_of_its_time() {
    let book = Book::default()
        .act("2024-03-01", A, Act::Bonus { ratio: ratio(1, 1), allotted_on: day("2024-03-05") })
        .act("2024-04-01", A, Act::Split { ratio: ratio(5, 1), into: None })
        .snapshot("2024-05-01", A, "100", Some("900"));
    assert_eq!(state(&book, A), Reconciled::DerivedOpening(number("10")));
    assert_eq!(lots(&book.ledger(), A), ["50 @ 900, ?", "50 @ 0, 2024-03-05"]);
}

#[test]
fn the_newest_snapshot_counts_and_one_that_lists_nothing_too() {
    let book = Book::default()
        .snapshot("2024-02-01", A, "10", Some("1000"))
        .snapshot("2024-03-01", A, "0", None)
        .snapshot("2024-01-01", A, "30", None)
        .buy("2024-01-01", B, "1", "1");
    assert_eq!(book.ledger().positions[1].quantity, number("0"));
    assert_eq!(state(&book, A), Reconciled::Snapshot);
}

#[test]
fn what_a_demerger_gave_is_not_taken_for_an_opening_of_its_own() {
    let act = Act::Demerger { ratio: ratio(1, 1), into: isin(B), cost_percent: number("20") };
    let book = Book::default()
        .act("2024-03-01", A, act)
        .snapshot("2024-06-01", A, "10", Some("1000"))
        .snapshot("2024-06-01", B, "10", Some("200"));
    assert_eq!(state(&book, A), Reconciled::DerivedOpening(number("10")));
    assert_eq!(state(&book, B), Reconciled::Snapshot);
}

#[test]
fn what_was_sold_before_a_merger_gives_no_shares_of_the_new_company() {
    let book = Book::default().sell("2022-03-01", A, "10", "100").act(
        "2023-03-01",
        A,
        Act::Merger { ratio: ratio(1, 1), into: isin(B) },
    );
    let ledger = book.ledger();
    assert!(ledger.positions.iter().all(|position| position.quantity.is_zero()), "{ledger:?}");
}

#[test]
fn a_sale_or_a_statement_under_the_old_isin_makes_nothing_out_of_nothing() {
    let book = Book::default().buy("2024-01-01", A, "10", "100").act(
        "2024-05-02",
        A,
        Act::Split { ratio: ratio(5, 1), into: Some(isin(B)) },
    );
    let stated = book.clone().snapshot("2024-05-03", A, "10", Some("1000")).ledger();
    let held = |ledger: &ledger::Ledger| -> Vec<String> {
        ledger.positions.iter().map(|position| position.quantity.to_string()).collect()
    };
    // Places are numbered by ISIN: B is before A.
    assert_eq!(held(&stated), ["50", "0"]);
    let sold = book.sell("2024-05-02", A, "10", "100").ledger();
    assert_eq!(held(&sold), ["50", "0"]);
    assert_eq!(closings(&sold), ["10 for 1000, ?, ?"], "of no known lot");
}

#[test]
fn an_opening_before_a_consolidation_is_exact() {
    let book = Book::default()
        .sell("2024-01-01", A, "2", "100")
        .act("2024-03-01", A, Act::Split { ratio: ratio(1, 3), into: None })
        .snapshot("2024-05-01", A, "1", None);
    assert_eq!(state(&book, A), Reconciled::DerivedOpening(number("5")));
}

#[test]
fn a_statement_between_a_bonus_ex_date_and_its_allotment_agrees() {
    let allotted_on = day("2024-05-10");
    let book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .act("2024-05-02", A, Act::Bonus { ratio: ratio(1, 1), allotted_on })
        .snapshot("2024-05-06", A, "10", None);
    assert_eq!(state(&book, A), Reconciled::Snapshot);
    assert_eq!(book.ledger().positions[0].quantity, number("20"));
}

/// Buys five at ten and sells three at noon of a day on which a statement was taken at eleven.
fn statement_at_eleven(quantity: &str) -> Book {
    let mut book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .buy("2024-02-01", A, "5", "100")
        .sell("2024-02-01", A, "3", "110")
        .snapshot("2024-02-01", A, quantity, Some("1500"));
    book.events[1].at = Some(time(10, 0, 0, 0));
    book.events[2].at = Some(time(12, 0, 0, 0));
    book.snapshots[0].at = Some(time(11, 0, 0, 0));
    book
}

#[test]
fn what_was_traded_after_a_statement_of_the_same_day_is_not_missing_in_it() {
    assert_eq!(state(&statement_at_eleven("15"), A), Reconciled::Snapshot);
    let wrong = state(&statement_at_eleven("12"), A);
    assert_eq!(wrong, Reconciled::UnexplainedOutflow(number("3")));
}

#[test]
fn of_two_statements_of_a_day_the_later_one_counts() {
    let mut book = statement_at_eleven("15").snapshot("2024-02-01", A, "12", None);
    assert_eq!(state(&book, A), Reconciled::Snapshot, "the day's end is later than eleven");
    book.snapshots.reverse();
    assert_eq!(state(&book, A), Reconciled::Snapshot, "in whatever order they are read");
}

#[test]
fn what_was_held_on_a_day_is_known_from_later_on_too() {
    let book = Book::default()
        .buy("2024-01-10", A, "10", "100")
        .sell("2024-01-20", A, "4", "100")
        .snapshot("2024-01-25", B, "7", None);
    let held = |on: &str| book.ledger().held_on(day(on));
    let of = |a: &str, b: &str| vec![number(b), number(a)];
    // Places are in order of their ISINs, and B is before A.
    assert_eq!(held("2024-01-19"), of("10", "7"));
    assert_eq!(held("2024-01-20"), of("6", "7"));
    assert_eq!(held("2024-01-01"), of("0", "7"), "before anything is known");
}

#[test]
fn what_is_held_is_known_since_the_first_snapshot_that_later_ones_agree_with() {
    let since = |first: &str, second: &str| {
        let book = Book::default().buy("2024-03-01", A, "10", "100").snapshot(
            "2024-06-01",
            A,
            "15",
            Some("1300"),
        );
        // The newest alone makes the ledger; the older ones say how long it was so.
        let older = Book::default().snapshot("2024-01-10", A, first, None);
        let older = older.snapshot("2024-02-10", A, second, None);
        let all = [older.snapshots, book.snapshots.clone()].concat();
        book.ledger().history(&all, |_| true)
    };
    assert_eq!(since("5", "5"), History::From(day("2024-01-10")));
    assert_eq!(since("4", "5"), History::From(day("2024-02-10")));
    assert_eq!(since("5", "4"), History::From(day("2024-06-01")), "what came between is not known");
}

#[test]
fn returns_do_not_begin_before_what_is_gone_without_a_trace_was_gone() {
    let book = Book::default().snapshot("2024-06-01", A, "15", Some("1300"));
    let older = Book::default().snapshot("2024-01-10", A, "15", None);
    let older = older.snapshot("2024-01-10", B, "5", None).snapshot("2024-03-10", B, "0", None);
    let all = [older.snapshots, book.snapshots.clone()].concat();
    let since = book.ledger().history(&all, |_| true);
    assert_eq!(since, History::From(day("2024-03-10")));
}
