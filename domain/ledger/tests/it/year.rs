//! A year of a realistic investor, worked out on paper to the paisa: plans, a split, a bonus, a demerger, a dividend,
//! an intraday round trip and a switch between funds, from April 2025 to March 2026.

use std::collections::HashMap;

use ledger::returns::{Prices, Xirr, days, returns};
use ledger::tax::{AssetKind, GainClass, by_class};
use ledger::{Act, Fill, IncomeKind, Venue};

use crate::book::{A, B, Book, FUND, NSE, closings, day, facts, isin, lots, number, ratio};

const OTHER_FUND: &str = "INF179K01608";

fn trade(quantity: &str, amount: &str, charges: &str) -> Fill {
    let (quantity, amount) = (number(quantity), number(amount));
    Fill { quantity, amount, charges: Some(number(charges)), stt: None, venue: NSE }
}

/// Of a fund's units: the amount has the stamp duty in it.
fn units(quantity: &str, amount: &str) -> Fill {
    Fill { venue: Venue::Fund, ..trade(quantity, amount, "0") }
}

fn year() -> Book {
    let zero = number("0");
    Book::default()
        .act("2024-06-03", A, Act::Buy(trade("40", "10000.00", "11.80")))
        // ₹5,000 with 25 paise of stamp duty: 4,999.75 / 50.0000 and 4,999.75 / 51.2345.
        .act("2025-04-07", FUND, Act::Buy(units("99.995", "5000.00")))
        .act("2025-05-05", FUND, Act::Buy(units("97.586", "5000.00")))
        .act("2025-06-02", A, Act::Split { ratio: ratio(5, 1), into: None })
        .act("2025-07-01", A, Act::Bonus { ratio: ratio(1, 1), allotted_on: day("2025-07-04") })
        .act(
            "2025-07-10",
            A,
            Act::Income {
                kind: IncomeKind::Dividend,
                gross: number("600.00"),
                tds: zero,
                capital: zero,
            },
        )
        .act(
            "2025-08-04",
            A,
            Act::Demerger { ratio: ratio(1, 4), into: isin(B), cost_percent: number("12.34") },
        )
        .act("2025-09-01", A, Act::Buy(trade("100", "3010.00", "3.01")))
        .act("2025-09-01", A, Act::Sell(trade("100", "3055.00", "3.05")))
        .act("2025-10-06", A, Act::Sell(trade("250", "8000.00", "20.00")))
        // The switch: 150 units at 55.0000 out, 8,249.59 / 104.1234 in.
        .act("2025-11-03", FUND, Act::Sell(units("150", "8250.00")))
        .act("2025-11-03", OTHER_FUND, Act::Buy(units("79.229", "8250.00")))
        .act("2025-12-01", B, Act::Sell(trade("60", "1200.00", "3.00")))
}

#[test]
fn the_lots_are_right() {
    let ledger = year().ledger();
    // 200 + 200 shares; the demerger takes 12.34 % of 10,011.80 = 1,235.46 and leaves 8,776.34.
    assert_eq!(
        closings(&ledger),
        [
            "100 for 3055, 3013.01, 2025-09-01",
            "200 for 6400, 8776.34, 2024-06-03",
            "50 for 1600, 0, 2025-07-04",
            "99.995 for 5499.73, 5000, 2025-04-07",
            "50.005 for 2750.27, 2562.1, 2025-05-05",
            "50 for 1000, 1235.46, 2024-06-03",
            "10 for 200, 0, 2025-07-04",
        ]
    );
    assert_eq!(lots(&ledger, A), ["150 @ 0, 2025-07-04"]);
    assert_eq!(lots(&ledger, B), ["40 @ 0, 2025-07-04"]);
    assert_eq!(lots(&ledger, FUND), ["47.581 @ 2437.9, 2025-05-05"]);
    assert_eq!(lots(&ledger, OTHER_FUND), ["79.229 @ 8250, 2025-11-03"]);
}

#[test]
fn the_gains_are_right() {
    let ledger = year().ledger();
    let mut facts = facts();
    facts.kinds.insert(isin(OTHER_FUND), vec![(day("2000-01-01"), AssetKind::EquityFund)]);
    let gains = ledger::tax::gains(&ledger, &facts);
    let totals = by_class(&gains, |_| ());
    let figures: Vec<_> = totals
        .iter()
        .map(|(of, total)| (of.year, of.class, of.section, total.net().to_string(), total.lots))
        .collect();
    assert_eq!(
        figures,
        [
            // 3,055.00 − 3.05 − 3,013.01
            (2025, GainClass::Intraday, None, "38.94".into(), 1),
            // 1,600.00 − 4.00, 499.73, 2,750.27 − 2,562.10, 200.00 − 0.50
            (2025, GainClass::ShortTermEquity, Some("111A"), "2483.40".into(), 4),
            // 6,400.00 − 16.00 − 8,776.34, 1,000.00 − 2.50 − 1,235.46
            (2025, GainClass::LongTermEquity, Some("112A"), "-2630.30".into(), 2),
        ]
    );
}

#[test]
fn the_returns_are_right_and_every_paisa_is_explained() {
    let close = |of, on, close| (isin(of), (day(on), number(close)));
    let mut lists: HashMap<_, Vec<_>> = HashMap::new();
    for (of, price) in [
        close(A, "2025-03-31", "260.00"),
        close(A, "2026-03-31", "35.00"),
        close(B, "2026-03-31", "22.00"),
        close(FUND, "2026-03-31", "58.0000"),
        close(OTHER_FUND, "2026-03-31", "106.0000"),
    ] {
        lists.entry(of).or_default().push(price);
    }
    let (book, ends) = (year(), (day("2025-03-31"), day("2026-03-31")));
    let days = days(&book.ledger(), &book.events, &Prices::new(lists), ends, |_| true);
    let found = returns(&days).unwrap();
    let terms = found.terms;
    // 40 × 260; 150 × 35 + 40 × 22 + 47.581 × 58 + 79.229 × 106
    assert_eq!((terms.opening, terms.closing), (number("10400"), number("17287.972")));
    // 21,260.00 bought + 29.06 charges − 20,505.00 sold − 600.00 paid out
    assert_eq!(terms.flows, number("184.06"));
    assert_eq!((terms.income, terms.charges), (number("600"), number("29.06")));
    // A 2,895.00, B 2,080.00, the funds 1,009.698 and 148.274
    assert_eq!(terms.gain, number("6132.972"));
    let Xirr::Rate(rate) = found.xirr else { panic!("{:?}", found.xirr) };
    assert!((rate - EXPECTED).abs() < 1e-9, "{rate}");
}

/// By pyxirr 0.10.8, from the flows −10,400.00, −5,000.00 twice, 600.00, 38.94, 7,980.00, 1,197.00 and 17,287.972.
const EXPECTED: f64 = 0.433_779_695_288_504_8;
