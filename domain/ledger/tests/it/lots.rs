//! Which lots a sale closes, and what corporate actions make of lots.

use ledger::{Act, Exchange, Fill, IncomeKind, Venue, Way};

use crate::book::{A, B, Book, closings, day, fill, isin, lots, number, ratio};

#[test]
fn a_sale_closes_the_oldest_lots_first_and_parts_of_a_cost_sum_to_it() {
    let book = Book::default()
        .buy("2024-01-01", A, "3", "33.33")
        .buy("2024-02-01", A, "10", "50")
        .sell("2024-03-01", A, "1", "60")
        .sell("2024-03-02", A, "4", "60");
    let ledger = book.ledger();
    assert_eq!(
        closings(&ledger),
        [
            "1 for 60, 33.33, 2024-01-01",
            "2 for 120, 66.66, 2024-01-01",
            "2 for 120, 100, 2024-02-01"
        ]
    );
    assert_eq!(lots(&ledger, A), ["8 @ 400, 2024-02-01"]);
}

#[test]
fn a_day_squares_off_up_to_the_smaller_side_and_leaves_older_lots_alone() {
    // Held shares are sold and bought back: speculation, and the demat holding is untouched.
    let book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .sell("2024-06-03", A, "10", "150")
        .buy("2024-06-03", A, "6", "140");
    let ledger = book.ledger();
    assert_eq!(closings(&ledger), ["6 for 900, 840, 2024-06-03", "4 for 600, 400, 2024-01-01"]);
    assert_eq!(ledger.closings[0].way, Way::Intraday { ambiguous: false });
    assert_eq!(lots(&ledger, A), ["6 @ 600, 2024-01-01"]);
}

#[test]
fn fills_square_off_in_the_order_of_execution() {
    let mut book = Book::default()
        .buy("2024-06-03", A, "5", "110")
        .buy("2024-06-03", A, "5", "100")
        .sell("2024-06-03", A, "5", "120");
    book.events[0].at = Some(jiff::civil::time(15, 0, 0, 0));
    book.events[1].at = Some(jiff::civil::time(9, 30, 0, 0));
    book.events[2].at = Some(jiff::civil::time(12, 0, 0, 0));
    let ledger = book.ledger();
    assert_eq!(closings(&ledger), ["5 for 600, 500, 2024-06-03"], "the purchase of the morning");
    assert_eq!(lots(&ledger, A), ["5 @ 550, 2024-06-03"]);
}

#[test]
fn a_trade_to_trade_series_settles_gross() {
    let gross = |quantity: &str, price: &str| Fill {
        venue: Venue::TradeToTrade(Exchange::Nse),
        ..fill(quantity, price)
    };
    let book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .act("2024-06-03", A, Act::Buy(gross("10", "140")))
        .act("2024-06-03", A, Act::Sell(gross("15", "150")));
    let ledger = book.ledger();
    assert_eq!(closings(&ledger), ["10 for 1500, 1000, 2024-01-01", "5 for 750, 700, 2024-06-03"]);
    assert!(matches!(ledger.closings[1].way, Way::SameDayDelivery(_)));
}

#[test]
fn legs_on_two_exchanges_are_marked() {
    let bse = Fill { venue: Venue::Exchange(Exchange::Bse), ..fill("5", "101") };
    let book =
        Book::default().buy("2024-06-03", A, "5", "100").act("2024-06-03", A, Act::Sell(bse));
    assert_eq!(book.ledger().closings[0].way, Way::Intraday { ambiguous: true });
}

#[test]
fn charges_are_part_of_a_cost_and_transaction_tax_is_not() {
    let charged =
        Fill { charges: Some(number("12.50")), stt: Some(number("1.00")), ..fill("10", "100") };
    let book = Book::default().act("2024-01-01", A, Act::Buy(charged)).act(
        "2024-06-03",
        A,
        Act::Sell(charged),
    );
    let ledger = book.ledger();
    assert_eq!(closings(&ledger), ["10 for 1000, 1012.5, 2024-01-01"]);
    assert_eq!(ledger.closings[0].gain(), Some(number("-25.00")));
}

#[test]
fn a_split_keeps_cost_and_days_and_follows_the_new_isin() {
    let book = Book::default()
        .buy("2024-01-01", A, "3", "100")
        .act("2024-05-02", A, Act::Split { ratio: ratio(5, 1), into: Some(isin(B)) })
        .sell("2024-06-03", B, "10", "30");
    let ledger = book.ledger();
    assert_eq!(closings(&ledger), ["10 for 300, 200, 2024-01-01"]);
    assert_eq!(lots(&ledger, B), ["5 @ 100, 2024-01-01"]);
    assert!(lots(&ledger, A).is_empty());
}

#[test]
fn a_consolidation_deals_whole_shares_over_lots() {
    let book = Book::default().buy("2024-01-01", A, "5", "10").buy("2024-01-02", A, "5", "20").act(
        "2024-05-02",
        A,
        Act::Split { ratio: ratio(1, 3), into: None },
    );
    let ledger = book.ledger();
    assert_eq!(lots(&ledger, A), ["1 @ 50, 2024-01-01", "2 @ 100, 2024-01-02"]);
    assert_eq!(ledger.positions[0].quantity, number("3"));
}

#[test]
fn bonus_shares_cost_nothing_and_stand_behind_what_was_credited_before_them() {
    let allotted_on = day("2024-05-10");
    let book = Book::default()
        .buy("2024-01-01", A, "7", "100")
        .act("2024-05-02", A, Act::Bonus { ratio: ratio(1, 2), allotted_on })
        .buy("2024-05-06", A, "1", "60");
    assert_eq!(
        lots(&book.ledger(), A),
        ["7 @ 700, 2024-01-01", "1 @ 60, 2024-05-06", "3 @ 0, 2024-05-10"]
    );
}

#[test]
fn a_demerger_divides_the_cost_and_keeps_the_days() {
    let act = Act::Demerger { ratio: ratio(1, 1), into: isin(B), cost_percent: number("4.68") };
    let book = Book::default().buy("2020-01-01", A, "10", "100.01").act("2023-07-20", A, act);
    let ledger = book.ledger();
    assert_eq!(lots(&ledger, A), ["10 @ 953.3, 2020-01-01"]);
    assert_eq!(lots(&ledger, B), ["10 @ 46.8, 2020-01-01"]);
}

#[test]
fn a_merger_carries_lots_over() {
    let book = Book::default().buy("2020-01-01", A, "25", "100").act(
        "2023-07-13",
        A,
        Act::Merger { ratio: ratio(42, 25), into: isin(B) },
    );
    assert_eq!(lots(&book.ledger(), B), ["42 @ 2500, 2020-01-01"]);
}

#[test]
fn cash_for_a_fraction_is_a_sale_of_it_with_its_part_of_the_cost() {
    let paid = |quantity: &str, amount: &str| {
        let (quantity, amount) = (number(quantity), number(amount));
        Act::Sell(Fill { quantity, amount, charges: None, stt: None, venue: Venue::Fraction })
    };
    // Ten for 42 / 25 each are 16.8 shares: sixteen and cash.
    let merger = Act::Merger { ratio: ratio(42, 25), into: isin(B) };
    let merged = Book::default().buy("2020-01-01", A, "10", "2520").act("2023-07-13", A, merger);
    let later = merged.buy("2023-07-20", B, "1", "1700").act("2023-08-01", B, paid("0.8", "1300"));
    let ledger = later.ledger();
    assert_eq!(lots(&ledger, B), ["16 @ 24000, 2020-01-01", "1 @ 1700, 2023-07-20"]);
    assert_eq!(closings(&ledger), ["0.8 for 1300, 1200, 2020-01-01"]);
    // Of a bonus it costs nothing, and no older lot is touched.
    let bonus = Act::Bonus { ratio: ratio(1, 3), allotted_on: day("2024-01-04") };
    let given = Book::default().buy("2020-01-01", A, "10", "90").act("2024-01-02", A, bonus);
    let ledger = given.act("2024-02-01", A, paid("0.333", "40")).ledger();
    assert_eq!(lots(&ledger, A), ["10 @ 900, 2020-01-01", "3 @ 0, 2024-01-04"]);
    assert_eq!(closings(&ledger), ["0.333 for 40, 0, 2024-01-04"]);
    // Nobody knows of anything: nothing is taken, and its cost is not known.
    let alone = Book::default().act("2024-02-01", A, paid("0.5", "40")).ledger();
    assert_eq!(closings(&alone), ["0.5 for 40, ?, ?"]);
    assert!(alone.positions.iter().all(|position| position.quantity.is_zero()));
}

#[test]
fn a_gift_is_as_old_as_the_giver_held_it_and_stands_where_it_was_credited() {
    let gift = Act::TransferIn {
        quantity: number("5"),
        cost: Some(number("100")),
        acquired_on: Some(day("2010-01-01")),
    };
    let book = Book::default().buy("2024-01-01", A, "5", "100").act("2024-02-01", A, gift);
    let sold = book.clone().sell("2024-03-01", A, "5", "120").ledger();
    assert_eq!(closings(&sold), ["5 for 600, 500, 2024-01-01"], "first in is by credit");
    assert_eq!(lots(&sold, A), ["5 @ 100, 2010-01-01"]);
}

#[test]
fn a_trusts_repayment_of_debt_lowers_the_cost() {
    let paid = Act::Income {
        kind: IncomeKind::Distribution,
        gross: number("30"),
        tds: number("0"),
        capital: number("100"),
    };
    let book = Book::default()
        .buy("2024-01-01", A, "1", "300")
        .buy("2024-01-02", A, "2", "300")
        .act("2024-05-02", A, paid);
    assert_eq!(lots(&book.ledger(), A), ["1 @ 266.67, 2024-01-01", "2 @ 533.33, 2024-01-02"]);
}

#[test]
fn folios_of_one_scheme_are_apart() {
    let fund = |folio: &str| {
        let mut book = Book::default().act(
            "2024-01-01",
            crate::book::FUND,
            Act::Buy(Fill { venue: Venue::Fund, ..fill("10.5", "100") }),
        );
        book.events[0].place.folio = Some(folio.into());
        book.events.remove(0)
    };
    let ledger = ledger::Ledger::new(&[fund("1"), fund("2")], &[]);
    assert_eq!(ledger.places.len(), 2);
}

#[test]
fn shares_that_were_moved_can_be_sold_there_on_the_same_day() {
    let other = uuid::Uuid::max();
    let mut book = Book::default()
        .buy("2024-01-01", A, "10", "100")
        .sell("2024-06-03", A, "10", "150")
        .act("2024-06-03", A, Act::TransferOut { quantity: number("10"), to: Some(other) });
    book.events[1].place.account = other;
    let ledger = book.ledger();
    assert_eq!(closings(&ledger), ["10 for 1500, 1000, 2024-01-01"]);
    assert!(ledger.positions.iter().all(|position| position.lots.is_empty()));
}

#[test]
fn a_demerger_of_small_lots_moves_the_whole_part_of_the_cost() {
    let days = (1..=10).map(|day| format!("2020-01-{day:02}"));
    let book = days.fold(Book::default(), |book, day| book.buy(&day, A, "1", "1000"));
    let act = Act::Demerger { ratio: ratio(1, 10), into: isin(B), cost_percent: number("12.34") };
    assert_eq!(lots(&book.act("2023-07-20", A, act).ledger(), B), ["1 @ 1234, 2020-01-10"]);
}

#[test]
fn units_of_a_folio_keep_their_parts_in_a_merger_of_schemes() {
    let merger = Act::Merger {
        ratio: ledger::Ratio { gives: number("0.98765"), per: number("1") },
        into: isin(A),
    };
    let mut book = Book::default()
        .act(
            "2024-01-01",
            crate::book::FUND,
            Act::Buy(Fill { venue: Venue::Fund, ..fill("100", "10") }),
        )
        .act("2024-06-03", crate::book::FUND, merger);
    book.events.iter_mut().for_each(|event| event.place.folio = Some("1".into()));
    let ledger = book.ledger();
    let held: Vec<_> =
        ledger.positions.iter().map(|position| position.quantity.normalize().to_string()).collect();
    assert_eq!(held, ["98.765", "0"]);
}

#[test]
fn repaid_debt_above_the_cost_is_income() {
    let paid = |capital: &str| Act::Income {
        kind: IncomeKind::Distribution,
        gross: number("0"),
        tds: number("0"),
        capital: number(capital),
    };
    let book = Book::default().buy("2024-01-01", A, "1", "300").act("2024-05-02", A, paid("350"));
    let ledger = book.ledger();
    assert_eq!(lots(&ledger, A), ["1 @ 0, 2024-01-01"]);
    let paid: Vec<_> =
        ledger.incomes.iter().map(|income| income.gross.normalize().to_string()).collect();
    assert_eq!(paid, ["0", "50"]);
}
