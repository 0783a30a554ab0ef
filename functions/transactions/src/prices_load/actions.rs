//! NSE's list of corporate actions: bonus issues, splits and dividends in its own words.

use jiff::civil::Date;
use rust_decimal::Decimal;

/// A corporate action as the list has it. Its security is named by its symbol, which is looked up when it is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CorporateAction {
    pub(super) symbol: String,
    pub(super) kind: &'static str,
    pub(super) ex_date: Date,
    pub(super) gives: Option<Decimal>,
    pub(super) per: Option<Decimal>,
    pub(super) amount: Option<Decimal>,
    pub(super) purpose: String,
}

/// What a purpose says, in each of the ways that are known; nothing of one that is not.
pub(super) fn read(symbol: &str, ex_date: Date, purpose: &str) -> Vec<CorporateAction> {
    let action = |kind| CorporateAction {
        symbol: symbol.to_owned(),
        kind,
        ex_date,
        gives: None,
        per: None,
        amount: None,
        purpose: purpose.to_owned(),
    };
    let ratio =
        |kind, (gives, per)| CorporateAction { gives: Some(gives), per: Some(per), ..action(kind) };
    let dividend = dividend(purpose)
        .map(|amount| CorporateAction { amount: Some(amount), ..action("dividend") });
    let found = [
        bonus(purpose).map(|of| ratio("bonus", of)),
        split(purpose).map(|of| ratio("split", of)),
        dividend,
    ];
    found.into_iter().flatten().collect()
}

/// `Bonus 1:2`: one for two. Preference shares and debentures that are called bonus are none of equity.
fn bonus(purpose: &str) -> Option<(Decimal, Decimal)> {
    let lower = purpose.to_ascii_lowercase();
    if ["scheme", "ncrps", "preference", "debenture"].iter().any(|word| lower.contains(word)) {
        return None;
    }
    let (gives, per) = lower.split_once("bonus ")?.1.split_once(':')?;
    above_zero(number(gives)?, number(per)?)
}

/// `Face Value Split (Sub-Division) - From Rs 10/- Per Share To Rs 2/- Per Share`: five for one.
fn split(purpose: &str) -> Option<(Decimal, Decimal)> {
    let lower = purpose.to_ascii_lowercase();
    let (_, rest) = lower.split_once("split")?;
    let (from, to) = rest.split_once("from ")?.1.split_once(" to ")?;
    above_zero(rupees(from)?, rupees(to)?)
}

/// `Dividend - Rs 5.50 Per Share`, and several of a day together.
fn dividend(purpose: &str) -> Option<Decimal> {
    let lower = purpose.to_ascii_lowercase();
    let mut parts = lower.split("dividend - ").skip(1).peekable();
    parts.peek()?;
    let sum: Decimal = parts.map(rupees).collect::<Option<Vec<_>>>()?.into_iter().sum();
    (sum > Decimal::ZERO).then_some(sum)
}

fn above_zero(one: Decimal, other: Decimal) -> Option<(Decimal, Decimal)> {
    (one > Decimal::ZERO && other > Decimal::ZERO).then_some((one, other))
}

/// The number after `Rs`, `Re` or `Rs.`.
fn rupees(text: &str) -> Option<Decimal> {
    let text = text.trim_start();
    let rest = text.strip_prefix("rs").or_else(|| text.strip_prefix("re"))?;
    number(rest.trim_start_matches('.').trim_start())
}

/// The number a text begins with.
fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let end =
        text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.')).unwrap_or(text.len());
    text[..end].trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(purpose: &str) -> Vec<String> {
        let text = |number: Option<Decimal>| number.map_or("-".into(), |number| number.to_string());
        let action = |one: CorporateAction| {
            format!("{} {} {} {}", one.kind, text(one.gives), text(one.per), text(one.amount))
        };
        read("X", jiff::civil::date(2024, 5, 2), purpose).into_iter().map(action).collect()
    }

    #[test]
    fn the_exchanges_words_are_read_where_they_are_sure() {
        assert_eq!(of("Bonus 1:2"), ["bonus 1 2 -"]);
        assert_eq!(
            of("Face Value Split (Sub-Division) - From Rs 10/- Per Share To Re 1/- Per Share"),
            ["split 10 1 -"]
        );
        assert_eq!(of("Dividend - Rs 5.50 Per Share"), ["dividend - - 5.50"]);
        assert_eq!(
            of("Dividend - Rs 5 Per Share/Special Dividend - Re 1 Per Share"),
            ["dividend - - 6"]
        );
        assert_eq!(of("Bonus 1:1/Dividend - Rs 2 Per Share"), ["bonus 1 1 -", "dividend - - 2"]);
    }

    #[test]
    fn what_is_no_bonus_of_shares_and_what_is_not_understood_is_left() {
        for purpose in [
            "Scheme Of Arrangement - Bonus Ncrps 4:1",
            "Annual General Meeting",
            "Bonus",
            "Bonus 0:1",
            "Rights 1:5 @ Premium Rs 90/-",
            "Dividend - As Declared",
            "Interest Payment",
        ] {
            assert!(of(purpose).is_empty(), "{purpose}: {:?}", of(purpose));
        }
    }
}
