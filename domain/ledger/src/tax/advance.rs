//! Advance tax on the gains of a financial year so far: arithmetic from stated assumptions.
//!
//! Rates of sales from 23 July 2024 on (Finance (No. 2) Act, 2024): 20 % on short-term gains on listed shares and equity
//! funds (section 111A, 196 of the Act of 2025), 12.5 % on long-term ones above the exemption (112A, 198) and on other
//! long-term gains (112, 197), with 4 % cess. Everything else is taxed at the holder's own rate and only summed. Losses of the
//! year are set off as sections 70 and 74 allow: long-term ones against long-term gains, short-term ones against both.
//! Instalments by section 211, a gain counting from the instalment after its sale (234C).

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::totals::instalments;
use super::{Gain, GainClass, exemption, financial_year};

/// The last financial year whose rates are enacted.
const LAST_YEAR: i16 = 2026;
/// Parts of the year's tax that are due by the days of [`instalments`], together with those before.
const PERCENTS: [i64; 5] = [15, 45, 75, 100, 100];

/// Gains of a year so far, and the tax on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvanceTax {
    /// After losses were set off.
    pub short_term_equity: Decimal,
    /// After losses were set off, before the exemption.
    pub long_term_equity: Decimal,
    /// After losses were set off.
    pub long_term_other: Decimal,
    /// Gains at the holder's own rate, intraday with them, after losses were set off: no tax is worked out on them.
    pub at_own_rate: Decimal,
    /// How much of the exemption is used.
    pub exemption_used: Decimal,
    /// The tax, with cess.
    pub tax: Decimal,
    /// Closed lots that are in nothing of this: their class or their cost is not known.
    pub unknown: usize,
    /// Closed lots that are in this and have a flag: something about them deserves a look.
    pub flagged: usize,
    /// What is due by when, together with what was due before.
    pub instalments: Vec<Instalment>,
}

/// An instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// The last day.
    pub until: Date,
    /// The part of the year's tax that is due by then, in percent.
    pub percent: i64,
    /// That part of the tax on gains of sales until then.
    pub due: Decimal,
}

/// The advance tax of one holder on gains of the financial year of `today`; `None` of a year before these rates.
pub fn advance_tax(gains: &[&Gain<'_>], today: Date) -> Option<AdvanceTax> {
    let year = financial_year(today);
    let limit = exemption(year).filter(|_| (2025..=LAST_YEAR).contains(&year))?;
    let of_year = |until: Date| {
        let until = until.min(today);
        let sold = move |gain: &&&Gain<'_>| {
            let on = gain.closing.sold_on;
            financial_year(on) == year && on <= until
        };
        gains.iter().filter(sold).copied().collect::<Vec<_>>()
    };
    let mut whole = assess(&of_year(today), limit);
    let days = instalments(year).into_iter().zip(PERCENTS);
    whole.instalments = days
        .map(|(until, percent)| {
            let tax = assess(&of_year(until), limit).tax;
            let due = tax * Decimal::from(percent) / Decimal::ONE_HUNDRED;
            Instalment { until, percent, due }
        })
        .collect();
    Some(whole)
}

fn assess(gains: &[&Gain<'_>], limit: Decimal) -> AdvanceTax {
    let (mut unknown, mut flagged) = (0, 0);
    let (mut short, mut own, mut intraday) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let (mut long, mut other) = (Decimal::ZERO, Decimal::ZERO);
    for gain in gains {
        let Some(amount) = gain.taxable() else {
            unknown += usize::from(gain.class != GainClass::Exempt);
            continue;
        };
        flagged += usize::from(!gain.flags.is_empty() && gain.class != GainClass::Unknown);
        match gain.class {
            GainClass::Intraday => intraday += amount,
            GainClass::ShortTermEquity => short += amount,
            GainClass::LongTermEquity => long += amount,
            GainClass::LongTermOther => other += amount,
            GainClass::DeemedShortTerm | GainClass::ShortTermOther => own += amount,
            GainClass::Exempt => {}
            GainClass::Unknown => unknown += 1,
        }
    }
    // Losses meet gains of their own term first.
    set_off(&mut long, &mut other);
    set_off(&mut short, &mut own);
    for gain in [&mut other, &mut long] {
        for loss in [&mut short, &mut own] {
            if *loss < Decimal::ZERO {
                set_off(loss, gain);
            }
        }
    }
    let above = |amount: Decimal| amount.max(Decimal::ZERO);
    let exemption_used = above(long).min(limit);
    let taxed = (above(long) - exemption_used + above(other)) * Decimal::new(125, 3);
    let tax = (above(short) * Decimal::new(2, 1) + taxed) * Decimal::new(104, 2);
    AdvanceTax {
        short_term_equity: above(short),
        long_term_equity: above(long),
        long_term_other: above(other),
        // A speculative loss meets speculative gains alone.
        at_own_rate: above(own) + above(intraday),
        exemption_used,
        tax,
        unknown,
        flagged,
        instalments: Vec::new(),
    }
}

/// Takes a loss from a gain, whichever of the two is the loss.
fn set_off(one: &mut Decimal, other: &mut Decimal) {
    let (loss, gain) = if *one < Decimal::ZERO { (one, other) } else { (other, one) };
    if *loss < Decimal::ZERO && *gain > Decimal::ZERO {
        let taken = (-*loss).min(*gain);
        *loss += taken;
        *gain -= taken;
    }
}
