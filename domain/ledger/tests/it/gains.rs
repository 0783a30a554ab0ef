//! Classes of gains, against a file that was made by hand from the rules.

use ledger::tax::{
    AssetKind, Facts, Flag, GainClass, Term, by_class, financial_year, gain, year_label,
};
use ledger::{Closing, Exchange, Lot, LotSource, Venue, Way};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use crate::book::{A, B, Book, day, facts, isin, number};

/// A case on each side of every date and number of months of the rules.
const GOLDEN: &str = include_str!("gains.csv");

fn closing(
    acquired: &str,
    sold: &str,
    way: Way,
    source: LotSource,
    stt_paid: Option<bool>,
) -> Closing {
    let lot = Lot {
        event: None,
        source,
        quantity: number("10"),
        cost: Some(number("1000")),
        acquired_on: (!acquired.is_empty()).then(|| day(acquired)),
        credited_on: None,
        stt_paid,
        factor: Decimal::ONE,
        valued_as: isin(A),
        needs_review: false,
        fair_value_open: false,
        ..book_lot()
    };
    Closing {
        event: Uuid::nil(),
        place: 0,
        sold_on: day(sold),
        way,
        consideration: number("1500"),
        expenses: Some(number("0")),
        lot,
    }
}

/// Any lot, for the fields that are the ledger's own.
fn book_lot() -> Lot {
    let ledger = Book::default().buy("2024-01-01", A, "1", "1").ledger();
    ledger.positions[0].lots[0].clone()
}

fn way(word: &str) -> Way {
    match word {
        "exchange" => Way::Sold(Venue::Exchange(Exchange::Nse)),
        "fund" => Way::Sold(Venue::Fund),
        "off_market" => Way::Sold(Venue::OffMarket),
        "redemption" => Way::Sold(Venue::Redemption),
        "buyback" => Way::Buyback,
        "intraday" => Way::Intraday { ambiguous: false },
        _ => panic!("{word} is no way of selling"),
    }
}

fn kind(word: &str) -> AssetKind {
    use AssetKind as K;
    let all = [
        K::ListedShare,
        K::EquityFund,
        K::DebtFund,
        K::OtherFund,
        K::BalancedFund,
        K::ListedDebtFund,
        K::ListedOtherFund,
        K::TrustUnit,
        K::ListedBond,
        K::UnlistedBond,
        K::MarketLinkedDebenture,
        K::GoldBond,
        K::UnlistedShare,
    ];
    *all.iter().find(|kind| json!(kind) == word).expect("a kind")
}

#[test]
fn every_date_of_the_rules_has_a_case_on_each_side() {
    let mut cases = 0;
    for line in GOLDEN.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let [of, source, stt, acquired, sold, how, class, term, section] = cells[..] else {
            panic!("{line} has not nine cells")
        };
        let source = if source == "allotted" { LotSource::Allotted } else { LotSource::Bought };
        let stt = match stt {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let mut facts = Facts::default();
        facts.kinds.insert(isin(A), vec![(day("1990-01-01"), kind(of))]);
        let closing = closing(acquired, sold, way(how), source, stt);
        let gain = gain(&closing, isin(A), &facts);
        assert_eq!(json!(gain.class), class, "{line}");
        assert_eq!(gain.term.map_or(json!("-"), |term| json!(term)), term, "{line}");
        assert_eq!(gain.class.section(closing.sold_on).unwrap_or("-"), section, "{line}");
        cases += 1;
    }
    assert!(cases > 80, "{cases} cases");
}

#[test]
fn the_value_of_january_2018_replaces_a_lower_cost_up_to_what_was_received() {
    let mut facts = facts();
    for (value, cost) in [("90", "1000"), ("120", "1200"), ("900", "1500")] {
        facts.fair_values.insert(isin(A), number(value));
        let closing =
            closing("2017-05-01", "2019-05-02", way("exchange"), LotSource::Bought, Some(true));
        let gain = gain(&closing, isin(A), &facts);
        assert_eq!(gain.cost, Some(number(cost)), "worth {value} a share then");
    }
}

#[test]
fn the_value_of_january_2018_follows_a_split_and_is_unknown_without_a_price() {
    let mut facts = facts();
    let mut closing =
        closing("2018-01-31", "2019-05-02", way("exchange"), LotSource::Bonus, Some(true));
    closing.lot.cost = Some(number("0"));
    assert!(gain(&closing, isin(A), &facts).flags.contains(&Flag::FairValueUnknown));
    assert_eq!(gain(&closing, isin(A), &facts).taxable(), None);
    facts.fair_values.insert(isin(A), number("500"));
    closing.lot.factor = number("5");
    assert_eq!(gain(&closing, isin(A), &facts).fair_value, Some(number("1000")));
    closing.lot.acquired_on = Some(day("2018-02-01"));
    assert_eq!(
        gain(&closing, isin(A), &facts).cost,
        Some(number("0")),
        "a day later nothing applies"
    );
}

#[test]
fn splits_before_the_day_of_valuing_do_not_divide_its_price() {
    let split = ledger::Act::Split { ratio: crate::book::ratio(5, 1), into: None };
    let book = Book::default().buy("2015-01-01", A, "10", "100").act("2016-05-02", A, split).sell(
        "2019-06-03",
        A,
        "50",
        "300",
    );
    let mut facts = facts();
    facts.fair_values.insert(isin(A), number("200"));
    let ledger = book.ledger();
    let gains = ledger::tax::gains(&ledger, &facts);
    assert_eq!(gains[0].fair_value, Some(number("10000")));
}

#[test]
fn what_was_given_later_has_seen_the_splits_since_its_first_owner_bought_it() {
    let split = ledger::Act::Split { ratio: crate::book::ratio(5, 1), into: Some(isin(B)) };
    let gift = ledger::Act::TransferIn {
        quantity: number("50"),
        cost: Some(number("100")),
        acquired_on: Some(day("2015-01-01")),
    };
    let book = Book::default()
        .buy("2018-06-01", A, "1", "1")
        .act("2020-05-04", A, split)
        .act("2021-01-04", B, gift)
        .sell("2022-06-03", B, "55", "60");
    let mut facts = facts();
    facts.fair_values.insert(isin(A), number("200"));
    let ledger = book.ledger();
    let gains = ledger::tax::gains(&ledger, &facts);
    assert_eq!(gains[1].fair_value, Some(number("2000")), "ten shares of then");
}

#[test]
fn a_buyback_of_2025_is_a_dividend_and_its_cost_a_loss() {
    let facts = facts();
    let closing =
        closing("2024-01-01", "2025-06-02", way("buyback"), LotSource::Bought, Some(true));
    let gain = gain(&closing, isin(A), &facts);
    assert_eq!((gain.taxable(), gain.dividend()), (Some(number("-1000")), number("1500")));
}

#[test]
fn gains_sum_by_holder_year_and_class() {
    let book = Book::default()
        .buy("2022-01-03", A, "10", "100")
        .buy("2024-02-01", B, "10", "100")
        .sell("2024-03-28", A, "5", "150")
        .sell("2024-04-01", A, "5", "90")
        .sell("2024-04-02", B, "10", "110");
    let (ledger, facts) = (book.ledger(), facts());
    let gains = ledger::tax::gains(&ledger, &facts);
    let totals = by_class(&gains, |_| "AAAPA1234A");
    let figures: Vec<_> = totals
        .iter()
        .map(|(of, total)| (of.year, of.class, of.term, total.net().normalize().to_string()))
        .collect();
    assert_eq!(
        figures,
        [
            (2023, GainClass::LongTermEquity, Some(Term::Long), "250".into()),
            (2024, GainClass::ShortTermEquity, Some(Term::Short), "100".into()),
            (2024, GainClass::LongTermEquity, Some(Term::Long), "-50".into()),
        ]
    );
}

#[test]
fn years_are_called_as_the_act_in_force_calls_them() {
    assert_eq!(
        (financial_year(day("2026-03-31")), financial_year(day("2026-04-01"))),
        (2025, 2026)
    );
    assert_eq!(year_label(2025), "FY 2025-26 / AY 2026-27");
    assert_eq!(year_label(2026), "Tax year 2026-27");
    assert_eq!(year_label(1999), "FY 1999-00 / AY 2000-01");
}

#[test]
fn schedule_112a_has_a_row_for_each_old_lot_and_one_for_all_later_ones() {
    use ledger::tax::schedule::{Layout, layout, rows};
    let book = Book::default()
        .buy("2017-05-02", A, "10", "100.10")
        .buy("2023-01-02", B, "10", "100.25")
        .sell("2024-07-22", A, "4", "300.1234")
        .sell("2024-07-22", B, "4", "150")
        .sell("2024-07-23", B, "6", "160");
    let (ledger, mut facts) = (book.ledger(), facts());
    facts.fair_values.insert(isin(A), number("210.5"));
    let gains = ledger::tax::gains(&ledger, &facts);
    let all: Vec<_> = gains.iter().collect();
    let of = |gain: &ledger::tax::Gain<'_>| ledger.places[gain.closing.place].isin;
    let text = |layout| -> Vec<String> {
        rows(&all, layout, |_| "A & B Ltd.".into(), of)
            .iter()
            .skip(1)
            .map(|row| row.join(","))
            .collect()
    };
    assert_eq!(
        text(Layout::With1b),
        [
            // 4 × 300.1234 = 1,200.49; 4 × 210.5 = 842 is above the cost of 400.40.
            "BE,BE,INE925R01014,A  B Ltd,4,300.1234,1200,842,400,842,210.5,842,0,842,358",
            "AE,BE,INNOTREQUIRD,CONSOLIDATED,,,600,401,401,,,,0,401,199",
            "AE,AE,INNOTREQUIRD,CONSOLIDATED,,,960,602,602,,,,0,602,358",
        ]
    );
    assert_eq!(
        text(Layout::Without1b)[1],
        "AE,INNOTREQUIRD,CONSOLIDATED,,,1560,1003,1003,,,,0,1003,557"
    );
    assert_eq!(layout(2023), Some((Layout::Without1b, true)));
    assert_eq!(layout(2025), Some((Layout::Without1b, false)));
    assert_eq!((layout(2017), layout(2026)), (None, None), "no such schedule, no such form yet");
}

#[test]
fn gains_are_summed_by_the_instalments_of_advance_tax() {
    let days = ["2024-06-15", "2024-06-16", "2024-12-15", "2025-03-16", "2025-03-31"];
    let book = Book::default().buy("2024-04-01", A, "10", "100");
    let book = days.into_iter().fold(book, |book, day| book.sell(day, A, "1", "150"));
    let (ledger, facts) = (book.ledger(), facts());
    let gains = ledger::tax::gains(&ledger, &facts);
    let totals = by_class(&gains, |_| ());
    let sums: Vec<_> = totals.values().map(|total| total.instalments).collect();
    assert_eq!(sums, [["50", "50", "50", "0", "100"].map(number)]);
    assert!(totals.values().all(|total| total.instalments.iter().sum::<Decimal>() == total.net()));
}

#[test]
fn what_is_sold_in_a_series_for_delivery_is_never_squared_off() {
    use ledger::{Exchange, Fill, Venue};
    let of = |quantity, price| Fill {
        venue: Venue::TradeToTrade(Exchange::Nse),
        ..crate::book::fill(quantity, price)
    };
    let book = crate::book::Book::default()
        .act("2023-01-10", crate::book::A, ledger::Act::Buy(of("1000", "20")))
        .act("2025-02-10", crate::book::A, ledger::Act::Sell(of("1000", "55")))
        .act("2025-02-10", crate::book::A, ledger::Act::Buy(of("1000", "50")));
    let ledger = book.ledger();
    let gains = ledger::tax::gains(&ledger, &crate::book::facts());
    let [gain] = gains.as_slice() else { panic!("{} closings", gains.len()) };
    assert_eq!(gain.class, ledger::tax::GainClass::LongTermEquity);
    assert_eq!(gain.closing.gain(), Some(crate::book::number("35000")));
    assert_eq!(crate::book::lots(&ledger, crate::book::A), ["1000 @ 50000, 2025-02-10"]);
}
