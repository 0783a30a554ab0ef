//! Advance tax on the gains of a year so far.

use ledger::Closing;
use ledger::tax::{AssetKind, Flag, Gain, GainClass, Term, advance_tax};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::book::{A, Book, day, number};

/// A sale with this gain, of this class.
fn gain<'a>(closing: &'a Closing, class: GainClass, amount: &str) -> Gain<'a> {
    Gain {
        closing,
        kind: Some(AssetKind::ListedShare),
        term: Some(Term::Short),
        class,
        consideration: number(amount),
        cost: Some(Decimal::ZERO),
        fair_value: None,
        flags: Default::default(),
    }
}

/// A sale on a day.
fn sale(on: &str) -> Closing {
    let ledger =
        Book::default().buy("2020-01-01", A, "1", "1").sell("2026-04-01", A, "1", "1").ledger();
    Closing { sold_on: day(on), ..ledger.closings[0].clone() }
}

#[test]
fn rates_exemption_and_cess_are_those_of_the_law() {
    let sold = sale("2026-05-05");
    let gains = [
        gain(&sold, GainClass::ShortTermEquity, "100000"),
        gain(&sold, GainClass::LongTermEquity, "225000"),
        gain(&sold, GainClass::LongTermOther, "40000"),
        gain(&sold, GainClass::DeemedShortTerm, "7000"),
        gain(&sold, GainClass::Intraday, "500"),
    ];
    let tax = advance_tax(&gains.iter().collect::<Vec<_>>(), day("2026-12-01")).expect("rates");
    // 20,000 on the short term; 12.5 % of 100,000 above the exemption and of 40,000; 4 % cess.
    assert_eq!(tax.tax, number("39000"));
    assert_eq!((tax.exemption_used, tax.at_own_rate), (number("125000"), number("7500")));
    let due: Vec<(String, i64, Decimal)> =
        tax.instalments.iter().map(|one| (one.until.to_string(), one.percent, one.due)).collect();
    assert_eq!(due[0], ("2026-06-15".into(), 15, number("5850")));
    assert_eq!(due[2], ("2026-12-15".into(), 75, number("29250")));
    assert_eq!(due[4], ("2027-03-31".into(), 100, number("39000")));
}

#[test]
fn losses_meet_gains_of_their_own_term_first_and_long_ones_no_short_ones() {
    let sold = sale("2026-05-05");
    let table = [
        // A long loss does nothing for a short gain.
        (vec![(GainClass::LongTermEquity, "-50000"), (GainClass::ShortTermEquity, "1000")], "208"),
        (vec![(GainClass::ShortTermEquity, "-1000"), (GainClass::LongTermOther, "9000")], "1040"),
        (vec![(GainClass::ShortTermOther, "-400"), (GainClass::ShortTermEquity, "1400")], "208"),
        (vec![(GainClass::LongTermEquity, "-1000"), (GainClass::LongTermOther, "9000")], "1040"),
        // A speculative loss meets no other gain.
        (vec![(GainClass::Intraday, "-900"), (GainClass::ShortTermEquity, "1000")], "208"),
        (vec![(GainClass::Exempt, "900")], "0"),
    ];
    for (gains, tax) in table {
        let all: Vec<Gain<'_>> =
            gains.iter().map(|(class, amount)| gain(&sold, *class, amount)).collect();
        let found = advance_tax(&all.iter().collect::<Vec<_>>(), day("2026-12-01")).expect("rates");
        assert_eq!(found.tax, number(tax), "{gains:?}");
    }
}

#[test]
fn a_gain_counts_from_the_instalment_after_its_sale_and_what_is_unknown_is_counted() {
    let (june, october) = (sale("2026-06-10"), sale("2026-10-10"));
    let mut unknown = gain(&october, GainClass::Unknown, "77");
    unknown.flags.insert(Flag::KindUnknown);
    let gains = [
        gain(&june, GainClass::ShortTermEquity, "1000"),
        gain(&october, GainClass::ShortTermEquity, "1000"),
        unknown,
    ];
    let tax = advance_tax(&gains.iter().collect::<Vec<_>>(), day("2026-12-01")).expect("rates");
    let due: Vec<Decimal> = tax.instalments.iter().map(|one| one.due).collect();
    assert_eq!(due, ["31.2", "93.6", "312", "416", "416"].map(number));
    assert_eq!(tax.unknown, 1);
    assert_eq!(advance_tax(&[], day("2024-12-01")), None);
}

proptest! {
    #[test]
    fn tax_is_never_below_zero_and_another_gain_never_lowers_it(
        amounts in prop::collection::vec((0usize..5, -1_000i64..1_000), 0..20), more in 0i64..1_000, at in 0usize..5,
    ) {
        let classes = [
            GainClass::ShortTermEquity, GainClass::LongTermEquity, GainClass::LongTermOther,
            GainClass::ShortTermOther, GainClass::Intraday,
        ];
        let sold = sale("2026-05-05");
        let one = |(class, amount): &(usize, i64)| gain(&sold, classes[*class], &(amount * 1_000).to_string());
        let mut all: Vec<Gain<'_>> = amounts.iter().map(one).collect();
        let tax = |gains: &[Gain<'_>]| advance_tax(&gains.iter().collect::<Vec<_>>(), day("2026-12-01")).expect("rates").tax;
        let before = tax(&all);
        all.push(one(&(at, more)));
        prop_assert!(before >= Decimal::ZERO && tax(&all) >= before);
    }
}
