//! A book that nobody could work out in time is answered without what makes it so.

use jiff::ToSpan;
use ledger::budget::{MOST_LOT_STEPS, beyond_budget, lot_steps};
use ledger::{Act, Ledger};
use uuid::Uuid;

use crate::book::{A, B, Book, FUND, day, isin, number, place, ratio};

/// Purchases of a security, and splits that take each other back, a day each.
fn split_up(of: &str, purchases: i64, splits: i64) -> Book {
    let mut book = Book::default();
    for _ in 0..purchases {
        book = book.buy("2001-01-01", of, "2", "10");
    }
    for number in 0..splits {
        let ratio = if number % 2 == 0 { ratio(2, 1) } else { ratio(1, 2) };
        let on = (day("2001-01-02") + number.days()).to_string();
        book = book.act(&on, of, Act::Split { ratio, into: None });
    }
    book
}

#[test]
fn three_thousand_purchases_under_six_thousand_splits_are_left_out_and_the_rest_is_exact() {
    let mut book = split_up(A, 3_000, 6_000);
    assert!(beyond_budget(&book.events).contains(&isin(A)));
    book = book.buy("2024-01-02", B, "10", "100").sell("2024-02-02", B, "4", "120");
    let ledger = Ledger::new(&book.events, &[]);
    assert_eq!(ledger.left_out, [isin(A)]);
    assert_eq!(ledger.places, [place(B)]);
    assert_eq!(ledger.positions[0].quantity, number("6"));
    assert_eq!(ledger.closings[0].gain(), Some(number("80")));
}

#[test]
fn what_a_security_went_into_is_left_out_with_it() {
    let book = split_up(A, 3_000, 1_000).act(
        "2024-01-01",
        A,
        Act::Merger { ratio: ratio(1, 1), into: isin(FUND) },
    );
    let mut out = beyond_budget(&book.events);
    out.sort();
    let mut both = [isin(A), isin(FUND)];
    both.sort();
    assert_eq!(out, both);
}

#[test]
fn demergers_back_and_forth_do_not_double_the_lots_without_end() {
    let mut book = Book::default().buy("2001-01-01", A, "1000000", "10");
    for number in 0..60_i64 {
        let (from, into) = if number % 2 == 0 { (A, B) } else { (B, A) };
        let on = (day("2001-01-02") + number.days()).to_string();
        let act = Act::Demerger { ratio: ratio(1, 1), into: isin(into), cost_percent: 50.into() };
        book = book.act(&on, from, act);
    }
    let mut out = Ledger::new(&book.events, &[]).left_out;
    out.sort();
    assert_eq!(out.len(), 2);
}

#[test]
fn what_must_have_been_there_before_is_counted_as_a_lot() {
    let mut book = Book::default();
    for number in 0..60_i64 {
        let (from, into) = if number % 2 == 0 { (A, B) } else { (B, A) };
        let on = (day("2001-01-02") + number.days()).to_string();
        let act = Act::Demerger { ratio: ratio(1, 1), into: isin(into), cost_percent: 50.into() };
        book = book.act(&on, from, act);
    }
    let book = book.sell("2024-01-01", A, "1000000", "10");
    assert_eq!(Ledger::new(&book.events, &[]).left_out.len(), 2);
}

#[test]
fn what_is_within_the_budget_has_lots_for_the_memory_of_a_function() {
    let mut most = 0;
    let mut book = Book::default().buy("2001-01-01", A, "100000000", "10");
    for number in 0..40_i64 {
        let (from, into) = if number % 2 == 0 { (A, B) } else { (B, A) };
        let on = (day("2001-01-02") + number.days()).to_string();
        let act = Act::Demerger { ratio: ratio(1, 1), into: isin(into), cost_percent: 50.into() };
        book = book.act(&on, from, act);
        let ledger = Ledger::new(&book.events, &[]);
        most = most.max(ledger.positions.iter().map(|position| position.lots.len()).sum());
    }
    assert!((50_000..250_000).contains(&most), "{most}");
}

#[test]
fn a_bonus_looks_at_every_lot() {
    let mut book = split_up(A, 3_000, 0);
    for number in 0..3_000_i64 {
        let allotted_on = day("2001-01-02") + number.days();
        let act = Act::Bonus { ratio: ratio(1, 1_000_000), allotted_on };
        book = book.act(&allotted_on.to_string(), A, act);
    }
    assert_eq!(beyond_budget(&book.events), [isin(A)]);
}

#[test]
fn a_merger_leaves_the_splits_of_what_it_goes_into() {
    let mut book = split_up(B, 1, 2_000).buy("2001-01-01", A, "2", "10").act(
        "2020-01-01",
        A,
        Act::Merger { ratio: ratio(1, 1), into: isin(B) },
    );
    let acquired_on = Some(day("2000-01-01"));
    for _ in 0..2_000 {
        let act = Act::TransferIn { quantity: 1.into(), cost: None, acquired_on };
        book = book.act("2021-01-01", B, act);
    }
    assert_eq!(beyond_budget(&book.events).len(), 2);
}

#[test]
fn a_transfer_moves_what_is_bought_on_its_day_as_well() {
    let mut book = Book::default();
    for _ in 0..2_000 {
        book = book.buy("2001-01-01", A, "2", "10");
    }
    for number in 0..2_000_u128 {
        let to = Some(Uuid::from_u128(number % 2 + 2));
        book = book.act("2001-01-01", A, Act::TransferOut { quantity: 4_000.into(), to });
    }
    assert_eq!(beyond_budget(&book.events), [isin(A)]);
}

#[test]
fn an_ordinary_book_is_far_within_the_budget() {
    let mut book = split_up(A, 1_000, 40);
    for number in 0..1_000 {
        book = book.sell("2010-01-01", A, "1", &number.to_string());
    }
    assert!(beyond_budget(&book.events).is_empty());
    let steps: u64 = lot_steps(&book.events).iter().map(|(_, steps)| steps).sum();
    assert!(steps < MOST_LOT_STEPS / 40, "{steps}");
}
