//! Schedule 112A of the income-tax return: long term gains on listed shares and equity funds, as the portal's CSV.
//!
//! Header and rules as of the return for the assessment year 2026-27; the header's own bytes on the portal hold
//! non-breaking spaces, so compare with a fresh template before uploading.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Flag, Gain, GainClass, REFORM};
use crate::Isin;

const ACQUIRED: &str = "Share/Unit acquired(1a)";
const TRANSFERRED: &str = "Share/Unit Transferred(1b)";
const REST: [&str; 13] = [
    "ISIN Code(2)",
    "Name of the Share/Unit(3)",
    "No. of Shares/Units(4)",
    "Sale-price per Share/Unit(5)",
    "Full Value of Consideration(Total Sale Value)(6) = 4 * 5",
    "Cost of acquisition without indexation(7)",
    "Cost of acquisition(8)",
    "If the long term capital asset was acquired before 01.02.2018(9)",
    "Fair Market Value per share/unit as on 31st January 2018(10)",
    "Total Fair Market Value of capital asset as per section 55(2)(ac)(11) = 4 * 10",
    "Expenditure wholly and exclusively in connection with transfer(12)",
    "Total deductions(13) = 7 + 12",
    "Balance(14) = 6 - 13",
];

/// Whether a year's schedule says in a column of its own when something was transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Fourteen columns.
    Without1b,
    /// Fifteen.
    With1b,
}

/// The layouts by the year in which the financial year begins, and whether that is verified.
pub const LAYOUTS: &[(i16, Layout, bool)] = &[
    (2018, Layout::Without1b, true),
    (2024, Layout::With1b, true),
    // Sources disagree on this one: all of its transfers are after the reform, so the column would say nothing.
    (2025, Layout::Without1b, false),
];
/// The last year whose forms are notified.
const LAST_YEAR: i16 = 2025;

/// The layout of a year, and whether it is verified; `None` for a year without the schedule or without its form.
pub fn layout(year: i16) -> Option<(Layout, bool)> {
    let known = LAYOUTS.iter().rev().find(|(from, ..)| *from <= year);
    known.filter(|_| year <= LAST_YEAR).map(|(_, layout, verified)| (*layout, *verified))
}

/// The rows of the schedule with its header, from the gains of one holder in one year. Gains whose cost is not known
/// are in no row: the caller says how many there are.
pub fn rows(
    gains: &[&Gain<'_>],
    layout: Layout,
    name: impl Fn(Isin) -> String,
    isin: impl Fn(&Gain<'_>) -> Isin,
) -> Vec<Vec<String>> {
    let of =
        gains.iter().filter(|gain| gain.class == GainClass::LongTermEquity && gain.cost.is_some());
    let (old, new): (Vec<&Gain<'_>>, Vec<&Gain<'_>>) =
        of.copied().partition(|gain| before_2018(gain));
    let mut rows = vec![header(layout)];
    for gain in old {
        let isin = isin(gain);
        rows.push(row(
            layout,
            [Some(true), Some(transferred_before(gain))],
            &each(gain, isin, &name(isin)),
        ));
    }
    // Without column 1b everything acquired later is one row, with it one for each side of the reform.
    let sides: &[Option<bool>] = match layout {
        Layout::Without1b => &[None],
        Layout::With1b => &[Some(true), Some(false)],
    };
    for side in sides {
        let fits = |gain: &&&Gain<'_>| side.is_none_or(|before| transferred_before(gain) == before);
        let of: Vec<_> = new.iter().filter(fits).collect();
        if !of.is_empty() {
            rows.push(row(layout, [Some(false), *side], &together(&of)));
        }
    }
    rows
}

/// Whether a gain cannot be written into the schedule.
pub fn left_out(gain: &Gain<'_>) -> bool {
    gain.class == GainClass::LongTermEquity && gain.cost.is_none()
        || gain.flags.contains(&Flag::DateUnknown)
        || gain.flags.contains(&Flag::KindUnknown)
}

fn before_2018(gain: &Gain<'_>) -> bool {
    gain.closing.lot.acquired_on.is_some_and(|on| on < jiff::civil::date(2018, 2, 1))
}

fn transferred_before(gain: &Gain<'_>) -> bool {
    gain.closing.sold_on < REFORM
}

fn header(layout: Layout) -> Vec<String> {
    let first = match layout {
        Layout::Without1b => vec![ACQUIRED],
        Layout::With1b => vec![ACQUIRED, TRANSFERRED],
    };
    first.into_iter().chain(REST).map(str::to_owned).collect()
}

fn row(
    layout: Layout,
    [acquired, transferred]: [Option<bool>; 2],
    cells: &[String; 13],
) -> Vec<String> {
    let word = |before: Option<bool>| if before == Some(true) { "BE" } else { "AE" };
    let mut row = vec![word(acquired).to_owned()];
    if layout == Layout::With1b {
        row.push(word(transferred).to_owned());
    }
    row.extend(cells.iter().cloned());
    row
}

/// Whole rupees, half up.
fn whole(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

fn four(number: Decimal) -> Decimal {
    number.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

/// What was acquired before February 2018: a row for each lot and sale.
fn each(gain: &Gain<'_>, isin: Isin, name: &str) -> [String; 13] {
    let closing = gain.closing;
    let quantity = four(closing.lot.quantity);
    let price = four(closing.consideration / closing.lot.quantity);
    let fair_price = four(gain.fair_value.unwrap_or_default() / closing.lot.quantity);
    let (six, eleven) = (whole(quantity * price), whole(quantity * fair_price));
    let eight = whole(closing.lot.cost.unwrap_or_default());
    let nine = six.min(eleven);
    let seven = eight.max(nine);
    let twelve = whole(closing.expenses.unwrap_or_default());
    let thirteen = seven + twelve;
    let name: String = name
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == ' ')
        .take(125)
        .collect();
    let numbers = [
        quantity,
        price,
        six,
        seven,
        eight,
        nine,
        fair_price,
        eleven,
        twelve,
        thirteen,
        six - thirteen,
    ];
    let mut cells = [const { String::new() }; 13];
    (cells[0], cells[1]) = (isin.to_string(), name);
    for (cell, number) in cells[2..].iter_mut().zip(numbers) {
        *cell = number.normalize().to_string();
    }
    cells
}

/// What was acquired later: one row for all of it.
fn together(gains: &[&&Gain<'_>]) -> [String; 13] {
    let sum = |of: fn(&Gain<'_>) -> Decimal| whole(gains.iter().map(|gain| of(gain)).sum());
    let six = sum(|gain| gain.consideration);
    let eight = sum(|gain| gain.cost.unwrap_or_default());
    let twelve = sum(|gain| gain.closing.expenses.unwrap_or_default());
    let thirteen = eight + twelve;
    let text = |number: Decimal| number.normalize().to_string();
    let none = String::new;
    [
        "INNOTREQUIRD".into(),
        "CONSOLIDATED".into(),
        none(),
        none(),
        text(six),
        text(eight),
        text(eight),
        none(),
        none(),
        none(),
        text(twelve),
        text(thirteen),
        text(six - thirteen),
    ]
}
