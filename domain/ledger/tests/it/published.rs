//! Answers that others have published, each with its source.

use jiff::ToSpan;
use jiff::civil::Date;
use ledger::returns::{Flow, Prices, Xirr, days, returns, xirr};
use ledger::{Act, Exchange, Fill, Venue};
use rust_decimal::Decimal;

use crate::book::{A, B, Book, FUND, closings, day, facts, fill, isin, lots, number, ratio};

/// Flows so many days before an end, as `(days, rupees)`.
fn rates(flows: &[(i64, &str)]) -> Vec<f64> {
    let end = day("2023-06-12");
    let flow = |(before, amount): &(i64, &str)| Flow {
        on: end.saturating_sub(before.days()),
        amount: number(amount),
    };
    match xirr(&flows.iter().map(flow).collect::<Vec<_>>()) {
        Xirr::Rate(rate) => vec![rate],
        Xirr::Several(rates) => rates,
        other => panic!("{other:?}"),
    }
}

fn has(rates: &[f64], published: f64, digits: i32) -> bool {
    rates.iter().any(|rate| (rate - published).abs() <= 0.5 * 10_f64.powi(-digits))
}

/// NumPy Financial 1.0, `irr`, Examples, rounded to five digits: payments a year of 365 days apart.
#[test]
fn internal_rates_of_numpy() {
    for (payments, rate) in [
        (&["-100", "39", "59", "55", "20"][..], 0.28095),
        (&["-100", "0", "0", "74"], -0.0955),
        (&["-100", "100", "0", "-7"], -0.0833),
        (&["-100", "100", "0", "7"], 0.06206),
        (&["-5", "10.5", "1", "-8", "1"], 0.0886),
    ] {
        let years = (0..payments.len() as i64).rev().map(|years| years * 365);
        let flows: Vec<_> = years.zip(payments.iter().copied()).collect();
        assert!(has(&rates(&flows), rate, 5), "{payments:?}: {:?}", rates(&flows));
    }
}

/// The crate `xirr` 0.2.3, which follows LibreOffice, on its first page.
#[test]
fn the_internal_rate_of_libreoffice() {
    let before = |on: &str| i64::from((day("2018-06-10") - day(on)).get_days());
    let flows = [
        ("2015-06-11", "-1000"),
        ("2015-07-21", "-9000"),
        ("2015-10-17", "-3000"),
        ("2018-06-10", "20000"),
    ];
    let rates = rates(&flows.map(|(on, amount)| (before(on), amount)));
    assert!(has(&rates, 0.163_537_158_443_264_1, 12), "{rates:?}");
}

/// Portfolio Performance, help, concepts/performance/money-weighted.md: the future value of figure 1, and examples 1 to 3
/// at the level of the portfolio.
#[test]
fn money_weighted_rates_of_portfolio_performance() {
    let year = 365;
    for (flows, rate) in [
        (&[(3 * year, "-1000"), (2 * year, "-500"), (year, "-1000"), (0, "3036")][..], 0.10),
        (&[(878, "-155"), (0, "190.06")], 0.0885),
        (&[(878, "-155"), (514, "-84"), (255, "-67"), (0, "396.85")], 0.1560),
        (&[(878, "-155"), (514, "-84"), (255, "-67"), (0, "426.82")], 0.2028),
    ] {
        assert!(has(&rates(flows), rate, 4), "{flows:?}: {:?}", rates(flows));
    }
}

/// The same help, time-weighted.md: two years of the demo portfolio, with two deposits, and one of its shares by itself.
#[test]
fn time_weighted_returns_of_portfolio_performance() {
    let closes = |list: &[(&str, &str)]| -> Vec<(Date, Decimal)> {
        list.iter().map(|(on, close)| (day(on), number(close))).collect()
    };
    let prices = Prices::new(
        [
            (isin(A), closes(&[("2021-06-12", "177.94"), ("2022-01-13", "160.26")])),
            (isin(B), closes(&[("2022-01-14", "84"), ("2022-09-29", "104.31")])),
            (isin(FUND), closes(&[("2022-09-30", "66"), ("2023-06-12", "162.25")])),
        ]
        .into(),
    );
    // What is bought comes to the published values: 264.57 before the second deposit, 426.82 in the end.
    let book = Book::default()
        .buy("2021-01-15", A, "1", "155")
        .buy("2022-01-14", B, "1", "84")
        .buy("2022-09-30", FUND, "1", "67");
    let total = |book: &Book, prices: &Prices, from: &str| {
        let days =
            days(&book.ledger(), &book.events, prices, (day(from), day("2023-06-12")), |_| true);
        returns(&days).unwrap().time_weighted.unwrap().total.round_dp(4)
    };
    assert_eq!(total(&book, &prices, "2021-06-12"), number("0.2558"));
    let share =
        Prices::new([(isin(B), closes(&[("2022-09-30", "66"), ("2023-06-12", "111.76")]))].into());
    let alone = Book::default().buy("2022-09-30", B, "1", "66");
    assert_eq!(total(&alone, &share, "2022-09-29"), number("0.6933"));
}

/// CBDT, frequently asked questions on the taxation of long-term capital gains, 4 February 2018, question 5, and what
/// MProfit's help (article 82000902695) adds for other orders of the three values: bought on 1 January 2017, sold on
/// 1 April 2018.
#[test]
fn gains_with_the_value_of_january_2018() {
    for (paid, worth, sold, gain) in [
        ("100", "200", "250", "50"),
        ("100", "200", "150", "0"),
        ("100", "50", "150", "50"),
        ("100", "200", "50", "-50"),
        ("100", "50", "25", "-75"),
        ("100", "50", "75", "-25"),
    ] {
        let book = Book::default().buy("2017-01-01", A, "1", paid).sell("2018-04-01", A, "1", sold);
        assert_eq!(taxable(&book, worth), [number(gain)], "{paid}, {worth}, {sold}");
    }
    let bonus = Act::Bonus { ratio: ratio(1, 1), allotted_on: day("2017-01-01") };
    for (sold, gain) in [("250", "50"), ("150", "0")] {
        let book = Book::default().buy("2016-12-01", A, "1", "1").act("2017-01-01", A, bonus).sell(
            "2018-04-01",
            A,
            "2",
            sold,
        );
        assert_eq!(taxable(&book, "200")[1], number(gain), "of a bonus share sold for {sold}");
    }
}

fn taxable(book: &Book, worth: &str) -> Vec<Decimal> {
    let mut facts = facts();
    facts.fair_values.insert(isin(A), number(worth));
    let ledger = book.ledger();
    ledger::tax::gains(&ledger, &facts).iter().map(|gain| gain.taxable().expect("a cost")).collect()
}

/// What the open lots of a security cost a share.
fn average(book: &Book) -> Decimal {
    let ledger = book.ledger();
    let open = &ledger.positions[0].lots;
    let cost: Decimal = open.iter().map(|lot| lot.cost.expect("a cost")).sum();
    cost / open.iter().map(|lot| lot.quantity).sum::<Decimal>()
}

/// Zerodha, support, "How is the buy average calculated", with a sale and a purchase on one day added as it says: they
/// are intraday and change nothing. Groww, help, "What is the average price", the same rule.
#[test]
fn averages_by_first_in_first_out() {
    let zerodha = Book::default()
        .buy("2018-02-16", A, "50", "260")
        .buy("2018-02-19", A, "30", "256")
        .sell("2018-02-21", A, "20", "275")
        .buy("2018-02-25", A, "20", "270");
    assert_eq!(average(&zerodha), number("261"));
    let squared = zerodha.sell("2018-03-01", A, "80", "300").buy("2018-03-01", A, "80", "290");
    assert_eq!(average(&squared), number("261"));
    let groww = Book::default()
        .buy("2025-05-05", A, "100", "50")
        .buy("2025-05-10", A, "50", "60")
        .sell("2025-05-20", A, "50", "70");
    assert_eq!(average(&groww), number("55"));
}

/// Zerodha, support, "What would be the buy average if T2T stocks are sold from the holdings and bought again on the same
/// day": no netting.
#[test]
fn a_trade_to_trade_share_that_is_bought_back_costs_what_was_paid_last() {
    let settled = |quantity, price| Fill {
        venue: Venue::TradeToTrade(Exchange::Nse),
        ..fill(quantity, price)
    };
    let book = Book::default()
        .act("2018-04-01", A, Act::Buy(settled("100", "600")))
        .act("2018-08-01", A, Act::Sell(settled("100", "700")))
        .act("2018-08-01", A, Act::Buy(settled("100", "690")));
    assert_eq!(average(&book), number("690"));
    assert_eq!(closings(&book.ledger()), ["100 for 70000, 60000, 2018-04-01"]);
}

/// Reliance Industries to the exchanges, 20 July 2023: 95.32 % of the cost stays, 4.68 % is Jio Financial Services'. The
/// example of a share for 2,340 rupees is BQ Prime's, "Details to keep in mind for taxation of Jio Financial Services
/// shareholders".
#[test]
fn the_cost_of_a_reliance_share_after_the_demerger() {
    let act = Act::Demerger { ratio: ratio(1, 1), into: isin(B), cost_percent: number("4.68") };
    let book = Book::default().buy("2021-03-01", A, "1", "2340").act("2023-07-20", A, act);
    let ledger = book.ledger();
    assert_eq!(lots(&ledger, A), ["1 @ 2230.49, 2021-03-01"]);
    assert_eq!(lots(&ledger, B), ["1 @ 109.51, 2021-03-01"]);
}
