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

/// What a purpose says: nothing where it has none of the known words, and `None` where it has one whose number cannot be
/// read: of a sum no part is suggested.
pub(super) fn read(symbol: &str, ex_date: Date, purpose: &str) -> Option<Vec<CorporateAction>> {
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
    let lower = purpose.to_ascii_lowercase();
    let mut found = Vec::new();
    if let Some(bonus) = bonus(&lower) {
        found.push(ratio("bonus", bonus?));
    }
    if let Some(split) = split(&lower) {
        found.push(ratio("split", split?));
    }
    if let Some(dividend) = dividend(&lower) {
        found.push(CorporateAction { amount: Some(dividend?), ..action("dividend") });
    }
    Some(found)
}

/// `Bonus 1:2`, `Bonus issue 1:3 And …`: one for two. Preference shares and debentures that are called bonus are none of
/// equity. `Some(None)` where there is a bonus and no ratio that can be read.
fn bonus(purpose: &str) -> Option<Option<(Decimal, Decimal)>> {
    if ["scheme", "ncrps", "preference", "debenture"].iter().any(|word| purpose.contains(word)) {
        return None;
    }
    let (_, rest) = purpose.split_once("bonus")?;
    let part = parts(rest).next().unwrap_or_default();
    let ratio = || {
        let (before, after) = part.split_once(':')?;
        let gives = before.rsplit(|letter: char| !is_digit(letter)).next()?;
        above_zero(gives.parse().ok()?, number(after)?)
    };
    Some(ratio())
}

/// `Face Value Split (Sub-Division) - From Rs 10/- Per Share To Rs 2/- Per Share`: five for one.
fn split(purpose: &str) -> Option<Option<(Decimal, Decimal)>> {
    let (_, rest) = purpose.split_once("split")?;
    let ratio = || {
        let (from, to) = rest.split_once("from ")?.1.split_once(" to ")?;
        above_zero(rupees(from)?, rupees(to)?)
    };
    Some(ratio())
}

/// `Dividend - Rs 5.50 Per Share`, `Final Dividend - Rs - 7.2500`, and several of a day together, each with its amount.
fn dividend(purpose: &str) -> Option<Option<Decimal>> {
    let mut paid = parts(purpose).filter(|part| part.contains("dividend")).peekable();
    paid.peek()?;
    let each = paid.map(|part| {
        let (_, amount) = part.split_once("dividend")?;
        // One word and one amount: more of either is a sum that is not understood.
        (!amount.contains("dividend")).then_some(())?;
        let (mut words, mut found) = (amount, None);
        while let Some(at) = words.find(['r', '₹']) {
            let rest = &words[at..];
            if let Some(amount) = rupees(rest) {
                found.is_none().then_some(())?;
                found = Some(amount);
            }
            let letter = rest.chars().next().map_or(1, char::len_utf8);
            words = &rest[letter..];
        }
        found
    });
    let sum: Option<Decimal> = each.collect::<Option<Vec<_>>>().map(|each| each.into_iter().sum());
    Some(sum.filter(|sum| *sum > Decimal::ZERO))
}

/// The parts of a purpose that say one thing each.
fn parts(purpose: &str) -> impl Iterator<Item = &str> {
    // A slash parts them, but not the one of "Rs 10/-".
    let pieces = purpose.split(" and ").flat_map(|piece| piece.split('&'));
    pieces
        .flat_map(|piece| piece.split("/ "))
        .flat_map(split_at_words)
        .filter(|part| !part.trim().is_empty())
}

/// Splits at a slash that a word follows.
fn split_at_words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find('/').map(|at| at + from) {
        let word = rest[at + 1..].chars().next().is_some_and(|letter| letter.is_ascii_alphabetic());
        if word {
            found.push(&rest[..at]);
            rest = &rest[at + 1..];
            from = 0;
        } else {
            from = at + 1;
        }
    }
    found.push(rest);
    found
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || letter == '.'
}

fn above_zero(one: Decimal, other: Decimal) -> Option<(Decimal, Decimal)> {
    (one > Decimal::ZERO && other > Decimal::ZERO).then_some((one, other))
}

/// The number after `Rs`, `Re`, `Rs.` or `₹`, with or without a dash between.
fn rupees(text: &str) -> Option<Decimal> {
    let text = text.trim_start();
    let rest = ["rs", "re", "₹"].iter().find_map(|sign| text.strip_prefix(sign))?;
    number(rest.trim_start_matches(['.', ' ', '-']))
}

/// The number a text begins with.
fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let end = text.find(|letter: char| !is_digit(letter)).unwrap_or(text.len());
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
        let read = read("X", jiff::civil::date(2024, 5, 2), purpose);
        read.into_iter().flatten().map(action).collect()
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
        assert_eq!(
            of("Dividend - Rs 3.25 Per Share And Special Dividend Rs 1.75 Per Share"),
            ["dividend - - 5.00"]
        );
        assert_eq!(of("Final Dividend - Rs - 7.2500"), ["dividend - - 7.2500"]);
        assert_eq!(
            of("Bonus issue 1:3 And Dividend - Rs 4 Per Share"),
            ["bonus 1 3 -", "dividend - - 4"]
        );
        assert_eq!(of("Interim Dividend - ₹ 12 Per Share"), ["dividend - - 12"]);
    }

    #[test]
    fn a_word_without_its_number_is_a_row_that_is_not_read() {
        for purpose in [
            "Bonus",
            "Bonus 0:1",
            "Dividend - As Declared",
            "Dividend - Rs 3 Per Share And Special Dividend As Declared",
            "Bonus 1:1/Dividend",
            "Face Value Split (Sub-Division)",
            "Dividend - Rs 3 Special Dividend Rs 4",
        ] {
            assert_eq!(read("X", jiff::civil::date(2024, 5, 2), purpose), None, "{purpose}");
        }
    }

    #[test]
    fn what_is_no_bonus_of_shares_and_what_is_not_understood_is_left() {
        for purpose in [
            "Scheme Of Arrangement - Bonus Ncrps 4:1",
            "Annual General Meeting",
            "Rights 1:5 @ Premium Rs 90/-",
            "Interest Payment",
        ] {
            assert!(of(purpose).is_empty(), "{purpose}: {:?}", of(purpose));
        }
    }
}
