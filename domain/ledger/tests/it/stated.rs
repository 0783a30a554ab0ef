//! A broker's report of gains beside the ledger.

use ledger::tax::stated::{Difference, Section, Stated, compare};
use ledger::tax::{Gain, gains};
use ledger::{Act, Fill};
use proptest::prelude::*;

use crate::book::{A, B, Book, day, facts, fill, isin, number, ratio};

/// `section acquired sold quantity cost consideration` of A.
fn exit(section: Section, days: [&str; 2], figures: [&str; 3]) -> Stated {
    let [quantity, cost, consideration] = figures.map(number);
    let [acquired_on, sold_on] = days.map(day);
    let taxable = None;
    Stated { isin: isin(A), section, acquired_on, sold_on, quantity, cost, consideration, taxable }
}

/// What differs, as `acquired reason`.
fn differences(book: &Book, stated: &[Stated]) -> Vec<(String, Option<Difference>)> {
    let ledger = book.ledger();
    let facts = facts();
    let gains = gains(&ledger, &facts);
    let charged = |gain: &Gain<'_>| {
        let bought = book.events.iter().find(|event| Some(event.id) == gain.closing.lot.event);
        matches!(bought.map(|event| event.act), Some(Act::Buy(fill)) if fill.charges.is_some())
    };
    let of = |gain: &Gain<'_>| (ledger.places[gain.closing.place].isin, charged(gain));
    let all = compare(stated, &gains, of);
    let acquired = |on: Option<jiff::civil::Date>| on.map_or("?".into(), |on| on.to_string());
    all.into_iter().map(|one| (acquired(one.acquired_on), one.difference)).collect()
}

const BOUGHT: &str = "2023-05-02";
const SOLD: &str = "2024-08-01";

fn one() -> Book {
    Book::default().buy(BOUGHT, A, "10", "100").sell(SOLD, A, "10", "150")
}

#[test]
fn rows_of_one_lot_are_added_up_and_agree_to_the_paisa_for_each() {
    let long = |figures| exit(Section::LongTerm, [BOUGHT, SOLD], figures);
    let stated = [long(["4", "400.01", "600"]), long(["6", "600.01", "900"])];
    assert_eq!(differences(&one(), &stated), [(BOUGHT.into(), None)]);
    let off = [long(["4", "400.02", "600"]), long(["6", "600.01", "900"])];
    assert_eq!(differences(&one(), &off), [(BOUGHT.into(), Some(Difference::Cost))]);
}

#[test]
fn each_difference_has_its_reason() {
    let days = [BOUGHT, SOLD];
    let long = |days, figures| exit(Section::LongTerm, days, figures);
    let same = ["10", "1000", "1500"];
    let reason = |book: &Book, stated: Stated| differences(book, &[stated])[0].1;
    assert_eq!(reason(&one(), long(days, same)), None);
    assert_eq!(reason(&one(), exit(Section::ShortTerm, days, same)), Some(Difference::Term));
    assert_eq!(reason(&one(), exit(Section::Intraday, days, same)), Some(Difference::Intraday));
    assert_eq!(reason(&one(), long(days, ["9", "900", "1350"])), Some(Difference::Quantity));
    assert_eq!(reason(&one(), long(days, ["10", "1000", "1501"])), Some(Difference::Consideration));
    assert_eq!(reason(&one(), long(days, ["10", "990", "1500"])), Some(Difference::Cost));
    let charged = Fill { charges: Some(number("20")), ..fill("10", "100") };
    let sold = Fill { charges: Some(number("15")), ..fill("10", "150") };
    let book = Book::default().act(BOUGHT, A, Act::Buy(charged)).sell(SOLD, A, "10", "150");
    assert_eq!(reason(&book, long(days, same)), Some(Difference::Charges));
    let book = Book::default().buy(BOUGHT, A, "10", "102").act(SOLD, A, Act::Sell(sold));
    assert_eq!(
        reason(&book, long(days, same)),
        Some(Difference::Cost),
        "charges of the sale are no cost"
    );
    let fair = Stated { taxable: Some(number("300")), ..long(days, same) };
    assert_eq!(reason(&one(), fair), Some(Difference::FairValue));
}

#[test]
fn a_lot_on_one_side_alone_says_what_is_missing() {
    let long = |days, figures| exit(Section::LongTerm, days, figures);
    let days = [BOUGHT, SOLD];
    let stated = long(days, ["10", "1000", "1500"]);
    let nothing = Book::default().buy(BOUGHT, B, "1", "1");
    assert_eq!(
        differences(&nothing, std::slice::from_ref(&stated)),
        [(BOUGHT.into(), Some(Difference::SaleMissing))]
    );
    assert_eq!(differences(&one(), &[]), [(BOUGHT.into(), Some(Difference::NotStated))]);
    let unknown = Book::default().sell(SOLD, A, "10", "150");
    assert_eq!(
        differences(&unknown, &[stated]),
        [
            ("?".into(), Some(Difference::PurchaseMissing)),
            (BOUGHT.into(), Some(Difference::PurchaseMissing)),
        ]
    );
    // Half of it came from before anything is known: the day's sales are of one quantity, and the lots are not.
    let half = Book::default().buy(BOUGHT, A, "10", "100").sell(SOLD, A, "10", "150").snapshot(
        "2024-09-01",
        A,
        "5",
        None,
    );
    let stated = long(days, ["10", "1000", "1500"]);
    let missing = Some(Difference::PurchaseMissing);
    assert_eq!(differences(&half, &[stated]), [("?".into(), missing), (BOUGHT.into(), missing)]);
}

#[test]
fn a_bonus_that_the_broker_dates_otherwise_is_of_other_lots() {
    let bonus = Act::Bonus { ratio: ratio(1, 1), allotted_on: day("2024-01-08") };
    let book = Book::default()
        .buy(BOUGHT, A, "5", "100")
        .act("2024-01-05", A, bonus)
        .sell(SOLD, A, "10", "150");
    let stated = [
        exit(Section::LongTerm, [BOUGHT, SOLD], ["5", "500", "750"]),
        exit(Section::ShortTerm, ["2024-01-05", SOLD], ["5", "0", "750"]),
    ];
    let found = differences(&book, &stated);
    let other = Some(Difference::OtherLots);
    assert_eq!(
        found,
        [(BOUGHT.into(), None), ("2024-01-05".into(), other), ("2024-01-08".into(), other)]
    );
}

proptest! {
    /// A report made of the ledger's own lots, in any parts, agrees with it.
    #[test]
    fn a_ledger_agrees_with_itself(
        fills in proptest::collection::vec((0_u32..400, 1_i64..50, 1_i64..500, any::<bool>()), 1..40)
    ) {
        let mut book = Book::default();
        for (at, quantity, price, buys) in fills {
            let on = day("2023-01-02").saturating_add(jiff::Span::new().days(i64::from(at)));
            let (on, quantity, price) = (on.to_string(), quantity.to_string(), price.to_string());
            book = if buys {
                book.buy(&on, A, &quantity, &price)
            } else {
                book.sell(&on, A, &quantity, &price)
            };
        }
        let ledger = book.ledger();
        let facts = facts();
        let gains = gains(&ledger, &facts);
        let stated = gains.iter().filter_map(|gain| {
            let closing = gain.closing;
            let section = match (gain.closing.way, gain.term?) {
                (_, ledger::tax::Term::Short) => Section::ShortTerm,
                (_, ledger::tax::Term::Long) => Section::LongTerm,
            };
            Some(Stated {
                isin: isin(A),
                section,
                acquired_on: closing.lot.acquired_on?,
                sold_on: closing.sold_on,
                quantity: closing.lot.quantity,
                cost: closing.lot.cost?,
                consideration: closing.consideration,
                taxable: None,
            })
        });
        let stated: Vec<Stated> = stated.collect();
        let compared: Vec<_> = gains.iter().filter(|gain| gain.term.is_some()).collect();
        let of = compared.iter().copied();
        let all = compare(&stated, of, |gain| (ledger.places[gain.closing.place].isin, false));
        prop_assert!(all.iter().all(|one| one.difference.is_none()), "{all:?}");
    }
}
