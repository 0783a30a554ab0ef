//! Returns of portfolios small enough to be checked on paper.

use std::collections::HashMap;

use ledger::returns::{Period, Prices, Refused, Returns, Xirr, days, returns};
use ledger::{Act, Fill, IncomeKind, Venue};

use crate::book::{A, B, Book, day, fill, isin, number, ratio};

fn prices(lists: &[(&str, &[(&str, &str)])]) -> Prices {
    let list =
        |list: &[(&str, &str)]| list.iter().map(|(on, close)| (day(on), number(close))).collect();
    Prices::new(
        lists.iter().map(|(of, closes)| (isin(of), list(closes))).collect::<HashMap<_, Vec<_>>>(),
    )
}

fn of(book: &Book, prices: &Prices, from: &str, to: &str) -> Result<Returns, Refused> {
    returns(&days(&book.ledger(), &book.events, prices, (day(from), day(to)), |_| true))
}

fn text(part: Option<rust_decimal::Decimal>) -> String {
    part.map_or("-".into(), |part| part.round_dp(6).normalize().to_string())
}

#[test]
fn money_that_comes_late_weighs_less_in_one_return_and_nothing_in_the_other() {
    // 100 doubles, then 1,000 more come and all of it loses a tenth.
    let book = Book::default().buy("2024-01-02", A, "1", "100").buy("2024-06-03", A, "5", "200");
    let prices =
        prices(&[(A, &[("2024-01-02", "100"), ("2024-05-31", "200"), ("2024-12-31", "180")])]);
    let found = of(&book, &prices, "2024-01-01", "2024-12-31").unwrap();
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.8", "2 × 0.9 − 1");
    assert_eq!(found.terms.gain, number("-20"), "1,080 − 1,100");
    assert_eq!(text(found.absolute), "-0.018182", "−20 of 1,100");
    let Xirr::Rate(rate) = found.xirr else { panic!("{:?}", found.xirr) };
    assert!(rate < 0.0, "most of the money lost: {rate}");
}

#[test]
fn income_and_charges_are_terms_of_their_own() {
    let charged = Fill { charges: Some(number("5")), stt: Some(number("1")), ..fill("10", "100") };
    let dividend = Act::Income {
        kind: IncomeKind::Dividend,
        gross: number("30"),
        tds: number("3"),
        capital: number("0"),
    };
    let book =
        Book::default().act("2024-01-02", A, Act::Buy(charged)).act("2024-03-01", A, dividend);
    let prices = prices(&[(A, &[("2024-01-02", "100"), ("2024-12-31", "110")])]);
    let terms = of(&book, &prices, "2024-01-01", "2024-12-31").unwrap().terms;
    let figures = [terms.flows, terms.gain, terms.income, terms.charges];
    assert_eq!(figures, [number("976"), number("100"), number("30"), number("6")]);
    assert_eq!(terms.closing - terms.opening, number("1100"));
}

#[test]
fn cash_for_a_fraction_is_taken_out_and_gained() {
    let merger = Act::Merger { ratio: ratio(3, 2), into: isin(B) };
    let paid = Fill {
        quantity: number("0.5"),
        amount: number("70"),
        charges: None,
        stt: None,
        venue: Venue::Fraction,
    };
    let book = Book::default().buy("2024-01-02", A, "5", "100").act("2024-05-02", A, merger).act(
        "2024-05-10",
        B,
        Act::Sell(paid),
    );
    let prices = prices(&[
        (A, &[("2024-01-02", "100")]),
        (B, &[("2024-05-02", "150"), ("2024-12-31", "150")]),
    ]);
    let terms = of(&book, &prices, "2024-01-02", "2024-12-31").unwrap().terms;
    // Seven shares of 150 and seventy in cash for five of 100.
    assert_eq!(terms.closing - terms.opening, number("550"));
    assert_eq!((terms.flows, terms.gain), (number("-70"), number("620")));
}

#[test]
fn a_split_with_an_old_price_gains_nothing() {
    let book = Book::default().buy("2024-01-02", A, "10", "100").act(
        "2024-05-02",
        A,
        Act::Split { ratio: ratio(5, 1), into: None },
    );
    let prices = prices(&[(A, &[("2024-01-02", "100"), ("2024-05-06", "22")])]);
    let before = of(&book, &prices, "2024-01-02", "2024-05-03").unwrap().terms;
    assert_eq!((before.gain, before.carried), (number("0"), number("1000")));
    let after = of(&book, &prices, "2024-01-02", "2024-05-06").unwrap().terms;
    assert_eq!((after.gain, after.carried), (number("100"), number("0")));
}

#[test]
fn a_demerger_moves_worth_and_makes_none() {
    let act = Act::Demerger { ratio: ratio(1, 1), into: isin(B), cost_percent: number("20") };
    let book = Book::default().buy("2024-01-02", A, "10", "100").act("2024-05-02", A, act);
    let prices = prices(&[
        (A, &[("2024-01-02", "100"), ("2024-05-02", "80")]),
        (B, &[("2024-05-02", "21")]),
    ]);
    let found = of(&book, &prices, "2024-01-02", "2024-05-02").unwrap();
    assert_eq!((found.terms.gain, found.terms.flows), (number("10"), number("0")));
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.01");
}

#[test]
fn what_has_no_close_yet_is_worth_what_was_paid_for_it_and_counts_as_carried() {
    let allotted = Act::IpoAllotment { quantity: number("10"), amount: number("1000") };
    let book = Book::default().act("2024-01-02", A, allotted);
    let prices = prices(&[(A, &[("2024-01-09", "150")])]);
    let waiting = of(&book, &prices, "2024-01-01", "2024-01-05").unwrap();
    assert_eq!((waiting.terms.closing, waiting.terms.carried), (number("1000"), number("1000")));
    let listed = of(&book, &prices, "2024-01-01", "2024-01-09").unwrap();
    assert_eq!(text(listed.time_weighted.map(|twr| twr.total)), "0.5");
}

#[test]
fn a_period_with_a_holding_that_has_no_price_at_an_end_is_refused() {
    let gift = Act::TransferIn { quantity: number("10"), cost: None, acquired_on: None };
    let book = Book::default().act("2024-01-02", A, gift);
    let prices = prices(&[(A, &[("2024-02-01", "50")])]);
    let refused = of(&book, &prices, "2024-01-01", "2024-01-31").unwrap_err();
    assert_eq!(refused, Refused::Unpriced { on: day("2024-01-31"), isins: [isin(A)].into() });
    let terms = of(&book, &prices, "2024-01-01", "2024-02-01").unwrap().terms;
    assert_eq!(
        (terms.flows, terms.gain),
        (number("500"), number("0")),
        "its first price is no gain"
    );
}

#[test]
fn what_a_snapshot_misses_is_a_term_and_no_loss() {
    let book =
        Book::default().buy("2024-01-02", A, "10", "100").snapshot("2024-02-01", A, "8", None);
    let prices =
        prices(&[(A, &[("2024-01-02", "100"), ("2024-02-01", "110"), ("2024-03-01", "120")])]);
    let found = of(&book, &prices, "2024-01-01", "2024-03-01").unwrap();
    let terms = &found.terms;
    assert_eq!(
        (terms.closing, terms.unexplained, terms.gain),
        (number("960"), number("-220"), number("180"))
    );
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.2");
}

#[test]
fn intraday_gains_count_without_anything_held() {
    let book = Book::default().buy("2024-01-02", A, "10", "100").sell("2024-01-02", A, "10", "101");
    let found = of(&book, &prices(&[]), "2024-01-01", "2024-01-31").unwrap();
    assert_eq!((found.terms.gain, found.terms.closing), (number("10"), number("0")));
    assert_eq!(found.xirr, Xirr::Undefined(ledger::returns::Undefined::OneDay));
}

#[test]
fn a_charge_when_nothing_is_held_does_not_end_the_time_weighted_return() {
    let book = Book::default()
        .buy("2024-01-02", A, "10", "100")
        .sell("2024-02-01", A, "10", "110")
        .act("2024-02-05", A, Act::Charge { amount: number("15.93") })
        .buy("2024-03-01", A, "10", "110");
    let prices = prices(&[(
        A,
        &[
            ("2024-01-02", "100"),
            ("2024-02-01", "110"),
            ("2024-03-01", "110"),
            ("2024-04-01", "121"),
        ],
    )]);
    let found = of(&book, &prices, "2024-01-01", "2024-04-01").unwrap();
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.21");
    assert_eq!(found.terms.charges, number("15.93"));
}

#[test]
fn a_new_isin_without_a_close_is_worth_what_the_old_one_was() {
    let book = Book::default().buy("2024-01-02", A, "10", "100").act(
        "2024-05-02",
        A,
        Act::Split { ratio: ratio(5, 1), into: Some(isin(B)) },
    );
    let prices = prices(&[(A, &[("2024-01-02", "100")]), (B, &[("2024-05-06", "22")])]);
    let found = of(&book, &prices, "2024-01-02", "2024-05-06").unwrap();
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.1");
    let waiting = of(&book, &prices, "2024-01-02", "2024-05-03").unwrap().terms;
    assert_eq!((waiting.closing, waiting.carried), (number("1000"), number("1000")));
}

#[test]
fn repaid_debt_is_no_loss() {
    let paid = Act::Income {
        kind: IncomeKind::Distribution,
        gross: number("30"),
        tds: number("0"),
        capital: number("100"),
    };
    let book = Book::default().buy("2024-01-02", A, "1", "300").act("2024-05-02", A, paid);
    let prices = prices(&[(A, &[("2024-01-02", "300"), ("2024-05-02", "200")])]);
    let found = of(&book, &prices, "2024-01-01", "2024-05-02").unwrap();
    assert_eq!((found.terms.gain, found.terms.income), (number("0"), number("30")));
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.1");
}

#[test]
fn incomplete_history_begins_with_the_statement_at_its_market_value() {
    let book = Book::default().buy("2024-01-02", A, "10", "100").snapshot(
        "2024-02-01",
        A,
        "15",
        Some("1300"),
    );
    let prices =
        prices(&[(A, &[("2024-01-02", "100"), ("2024-02-01", "110"), ("2024-06-03", "121")])]);
    let ledger = book.ledger();
    let known = ledger::returns::ReturnsInput {
        ledger: &ledger,
        events: &book.events,
        snapshots: &book.snapshots,
        prices: &prices,
    };
    let period = Period { from: day("2024-01-01"), to: day("2024-06-03") };
    let (found, _) = known.returns(period, |_| true).unwrap();
    assert_eq!((found.period.from, found.terms.opening), (day("2024-02-01"), number("1650")));
    assert_eq!(text(found.time_weighted.map(|twr| twr.total)), "0.1");
    assert_eq!(known.paid(|_| true), (false, false), "no source has income or charges");
    let sold = Book::default().sell("2024-01-02", A, "10", "100");
    let ledger = sold.ledger();
    let known = ledger::returns::ReturnsInput {
        ledger: &ledger,
        events: &sold.events,
        snapshots: &[],
        ..known
    };
    assert_eq!(known.returns(period, |_| true).unwrap_err(), Refused::IncompleteHistory);
}

#[test]
fn a_dividend_that_was_reinvested_is_income_and_no_new_money() {
    let dividend = Act::Income {
        kind: IncomeKind::Dividend,
        gross: number("600"),
        tds: number("0"),
        capital: number("0"),
    };
    let fund = |quantity, price| Act::Buy(Fill { venue: Venue::Fund, ..fill(quantity, price) });
    let book = Book::default()
        .act("2024-01-10", A, fund("1000", "10"))
        .act("2024-06-10", A, dividend)
        .act("2024-06-10", A, fund("60", "10"));
    let prices = prices(&[(
        A,
        &[
            ("2024-01-10", "10"),
            ("2024-06-07", "10.60"),
            ("2024-06-10", "10.00"),
            ("2024-06-28", "10.10"),
        ],
    )]);
    let found = of(&book, &prices, "2024-01-09", "2024-06-28").unwrap();
    assert_eq!(text(found.time_weighted.map(|twr| twr.total.round_dp(4))), "0.0706");
    // 706 of 10,000 that were put in.
    assert_eq!(text(found.absolute.map(|part| part.round_dp(4))), "0.0706");
    assert_eq!(found.terms.income, number("600"));
    let Xirr::Rate(rate) = found.xirr else { panic!("{:?}", found.xirr) };
    assert_eq!(format!("{rate:.4}"), "0.1577");
    let ledger = book.ledger();
    assert_eq!(crate::book::lots(&ledger, A)[1], "60 @ 600, 2024-06-10");
}
