//! What a row is by each dimension, and whether a filter keeps it.

use jiff::civil::Date;
use ledger::tax::{self, Term};
use rust_decimal::Decimal;

use super::figures::{Figure, figure};
use super::portfolio::Security;
use super::rows::{Row, RowKind, Side};
use super::unknown::Unknown;
use super::view::View;
use crate::filter::{Comparison, Filter, Operand};
use crate::period::financial_year;
use crate::{Dimension, Measure};

/// What a row is by a dimension: what rows are put together by, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Whether no source says it; such rows are put together, too. It comes last.
    pub(super) unknown: bool,
    /// Stable: an ISIN, an account's id, a word, a part of time.
    pub(super) key: String,
    /// For people.
    pub(super) label: String,
}

impl Key {
    fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self { unknown: false, key: key.into(), label: label.into() }
    }

    fn word(word: &str) -> Self {
        Self::new(word, word)
    }

    fn unknown() -> Self {
        Self { unknown: true, key: String::new(), label: "unknown".to_owned() }
    }
}

/// The key of a row; `None` where the dimension does not apply: a lot that is held has no month.
pub(super) fn key(dimension: Dimension, row: &Row, view: &View<'_>) -> Option<Key> {
    if dimension.is_time() {
        return row.on.map(|on| part_of(dimension, on));
    }
    let known = |word: Option<&str>| word.map_or_else(Key::unknown, Key::word);
    Some(match dimension {
        Dimension::Security => Key::new(row.security.as_str(), name(row, view)),
        Dimension::Isin => Key::word(row.isin.as_str()),
        Dimension::Symbol => known(security(row, view).and_then(|one| one.symbol.as_deref())),
        Dimension::Sector => known(security(row, view).and_then(|one| one.sector.as_deref())),
        Dimension::Class => {
            let class = security(row, view).and_then(|one| one.class.as_deref());
            Key::word(class.unwrap_or("unclassified"))
        }
        Dimension::InstrumentType => {
            known(security(row, view).and_then(|one| one.instrument_type.as_deref()))
        }
        // No source that is read says so yet.
        Dimension::CapClass | Dimension::FundCategory => Key::unknown(),
        Dimension::Account | Dimension::Broker | Dimension::Holder => {
            of_account(dimension, row, view)
        }
        Dimension::Term => match &row.kind {
            RowKind::OpenLot { lot, .. } | RowKind::ClosedLot { lot, .. } => match lot.term {
                Ok(Some(term)) => Key::word(term_word(term)),
                // Squared off within the day: it has no term, and is a group all the same.
                Ok(None) => Key::new("intraday", "within a day"),
                Err(_) => Key::unknown(),
            },
            _ => return None,
        },
        Dimension::State => match row.kind {
            RowKind::OpenLot { .. } => Key::word("open"),
            RowKind::ClosedLot { .. } => Key::word("closed"),
            _ => return None,
        },
        Dimension::Side => match row.kind {
            RowKind::Trade { side: Side::Buy, .. } => Key::word("buy"),
            RowKind::Trade { side: Side::Sell, .. } => Key::word("sell"),
            _ => return None,
        },
        Dimension::Kind => match row.kind {
            RowKind::Income { kind, .. } | RowKind::Flow { kind, .. } => Key::word(kind),
            _ => return None,
        },
        Dimension::Month
        | Dimension::Quarter
        | Dimension::FinancialYear
        | Dimension::AdvanceTaxWindow => return None,
    })
}

fn term_word(term: Term) -> &'static str {
    match term {
        Term::Short => "short",
        Term::Long => "long",
    }
}

fn security<'a>(row: &Row, view: &View<'a>) -> Option<&'a Security> {
    let securities = &view.portfolio.securities;
    securities.get(&row.security).or_else(|| securities.get(&row.isin))
}

fn name(row: &Row, view: &View<'_>) -> String {
    let name = security(row, view).and_then(|one| one.name.as_deref());
    name.unwrap_or(row.security.as_str()).to_owned()
}

fn of_account(dimension: Dimension, row: &Row, view: &View<'_>) -> Key {
    let accounts = &view.portfolio.accounts;
    let Some(account) = accounts.get(&row.account) else { return Key::unknown() };
    match dimension {
        Dimension::Broker => Key::word(&account.broker),
        Dimension::Holder => {
            let first = accounts.get(&account.holder).unwrap_or(account);
            Key::new(account.holder.to_string(), first.label.as_str())
        }
        _ => Key::new(row.account.to_string(), account.label.as_str()),
    }
}

/// The part of time that a day is in.
pub(super) fn part_of(dimension: Dimension, on: Date) -> Key {
    let year = tax::financial_year(on);
    let named = financial_year(year);
    match dimension {
        Dimension::Month => {
            let label = on.strftime("%B %Y").to_string();
            Key::new(on.strftime("%Y-%m").to_string(), label)
        }
        Dimension::Quarter => {
            let quarter = (on.month() + 8) % 12 / 3 + 1;
            Key::new(format!("{named}-Q{quarter}"), format!("Q{quarter} {named}"))
        }
        Dimension::AdvanceTaxWindow => {
            let ends = tax::instalments(year);
            let at = ends.iter().position(|end| on <= *end).unwrap_or(ends.len() - 1);
            Key::new(format!("{named}-{}", at + 1), format!("until {}", ends[at]))
        }
        _ => Key::word(&named),
    }
}

/// Whether a filter keeps a row.
pub(super) enum Verdict {
    Kept,
    Dropped,
    /// It cannot be judged.
    Unknown(Unknown),
}

/// What a filter says of a row.
pub(super) fn judge(filter: &Filter, row: &Row, view: &View<'_>) -> Verdict {
    match filter {
        Filter::Figure(measure, comparison, operand) => {
            compare(*measure, *comparison, *operand, row, view)
        }
        Filter::Among(dimension, values) => {
            named(*dimension, row, view, |names| names.iter().any(|name| is_among(values, name)))
        }
        Filter::NotAmong(dimension, values) => {
            named(*dimension, row, view, |names| !names.iter().any(|name| is_among(values, name)))
        }
        Filter::Contains(dimension, text) => {
            let text = text.to_lowercase();
            named(*dimension, row, view, |names| names.iter().any(|name| name.contains(&text)))
        }
    }
}

fn is_among(values: &[String], name: &str) -> bool {
    values.iter().any(|value| value.to_lowercase() == name)
}

/// Judges by everything a row is called: of a security its name, its symbol and its ISINs.
fn named(
    dimension: Dimension,
    row: &Row,
    view: &View<'_>,
    keeps: impl Fn(&[String]) -> bool,
) -> Verdict {
    let Some(key) = key(dimension, row, view) else { return Verdict::Dropped };
    if key.unknown {
        return Verdict::Unknown(match dimension {
            Dimension::Term => Unknown::KindUnknown,
            _ => Unknown::ClassMissing,
        });
    }
    let mut names = vec![key.key.to_lowercase(), key.label.to_lowercase()];
    if dimension == Dimension::Security {
        let symbol = security(row, view).and_then(|one| one.symbol.as_deref());
        names.extend(symbol.map(str::to_lowercase));
        names.push(row.isin.as_str().to_lowercase());
    }
    if keeps(&names) { Verdict::Kept } else { Verdict::Dropped }
}

fn compare(
    measure: Measure,
    comparison: Comparison,
    operand: Operand,
    row: &Row,
    view: &View<'_>,
) -> Verdict {
    let other = match operand {
        Operand::Number(number) => Figure::of(number),
        Operand::Measure(other) => figure(other, &[row], view),
    };
    match (figure(measure, &[row], view), other) {
        (Figure::Known { value, .. }, Figure::Known { value: other, .. }) => {
            let holds = holds(comparison, value, other);
            if holds { Verdict::Kept } else { Verdict::Dropped }
        }
        (Figure::Unknown(why), _) | (_, Figure::Unknown(why)) => Verdict::Unknown(why),
        _ => Verdict::Dropped,
    }
}

fn holds(comparison: Comparison, one: Decimal, other: Decimal) -> bool {
    match comparison {
        Comparison::Above => one > other,
        Comparison::AtLeast => one >= other,
        Comparison::Below => one < other,
        Comparison::AtMost => one <= other,
        Comparison::Equal => one == other,
        Comparison::Unequal => one != other,
    }
}
