//! Which instrument a symbol names.

use std::collections::{BTreeSet, HashMap};

use ::ledger::series::{Kind, nse};
use jiff::civil::Date;
use shared::db::{Statement, statement};
use shared::typed;
use tokio_postgres::Row;

/// What is known of the symbols, each taken as it is and without its series; what has a space in it is the name of a
/// scheme, which is known when one scheme alone is called that, but for dashes and the words plan and option.
pub fn by_symbols(symbols: &Vec<String>) -> Statement<'_> {
    // Of several instruments that have had a symbol in a series, the one that has it last.
    statement(
        "select found.symbol, found.series, found.isin, found.valid_to from (
             select distinct on (symbol, series) symbol, series, isin, valid_to from market.symbols
             where symbol = any ($1)
             order by symbol, series, valid_to desc, isin) found
         union all
         select k.name, '', min(i.isin), null from unnest($1) as k (name)
         join market.instruments i
             on i.class = 'mutual_fund' and market.plain_name(i.name) = market.plain_name(k.name)
         where k.name like '% %'
         group by k.name having count(*) = 1",
        [typed(symbols)],
    )
}

/// The symbols to ask for, so that each is found with or without its series; each once, since a scheme that is asked for
/// twice, in two folios, would look like two of that name.
pub fn spellings<'a>(symbols: impl Iterator<Item = &'a str>) -> Vec<String> {
    let spelled = symbols.flat_map(|symbol| [Some(symbol), without_series(symbol)]).flatten();
    let spelled: BTreeSet<&str> = spelled.collect();
    spelled.into_iter().map(str::to_owned).collect()
}

/// A security that had a symbol in a series.
#[derive(Clone, Debug)]
struct Listed {
    series: String,
    isin: String,
    /// The last day it was seen; `None` of a scheme, which is found by its name.
    seen_on: Option<Date>,
}

/// ISINs by symbol.
#[derive(Debug, Default)]
pub struct Symbols(HashMap<String, Vec<Listed>>);

impl Symbols {
    /// What [`by_symbols`] answered.
    pub fn read(rows: &[Row]) -> Self {
        let mut symbols: HashMap<String, Vec<Listed>> = HashMap::new();
        for row in rows {
            let listed = Listed {
                series: row.get("series"),
                isin: row.get("isin"),
                seen_on: row.get("valid_to"),
            };
            symbols.entry(row.get("symbol")).or_default().push(listed);
        }
        Self(symbols)
    }

    /// The ISIN of a symbol as brokers write it: as it is for shares and the like, with its series behind a dash for
    /// others. A suffix leads only to what was seen in that series, or in another one in which the same security is traded:
    /// `XYZ-BE` is the share of `XYZ`, `XYZ-E1` is not.
    pub fn isin(&self, symbol: &str) -> Option<&str> {
        self.newest(symbol, stands_alone).or_else(|| {
            let (bare, suffix) = series(symbol)?;
            let kind = nse(suffix)?.kind;
            self.newest(bare, |of| of == kind)
        })
    }

    /// Of what has a symbol in a series of the right kind, what was seen last; and of a scheme by its name, that.
    fn newest(&self, symbol: &str, right: impl Fn(Kind) -> bool) -> Option<&str> {
        let listed = self.0.get(symbol)?.iter();
        let of_kind = listed.filter(|one| {
            one.seen_on.is_none() || nse(&one.series).is_some_and(|series| right(series.kind))
        });
        of_kind.max_by_key(|one| (one.seen_on, &one.isin)).map(|one| one.isin.as_str())
    }
}

/// Whether a symbol without a series means a security of this kind.
fn stands_alone(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Share
            | Kind::FundUnit
            | Kind::InfrastructureTrust
            | Kind::RealEstateTrust
            | Kind::GoldBond
            | Kind::Government
            | Kind::Receipt
    )
}

fn without_series(symbol: &str) -> Option<&str> {
    series(symbol).map(|(bare, _)| bare)
}

/// A symbol without the series that Kite appends to it, and that series; `None` when there is none.
pub fn series(symbol: &str) -> Option<(&str, &str)> {
    symbol.rsplit_once('-').filter(|(_, series)| nse(series).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_leads_only_to_what_was_seen_in_that_series() {
        let listed = |series: &str, isin: &str| Listed {
            series: series.into(),
            isin: isin.into(),
            seen_on: Some(jiff::civil::date(2026, 11, 27)),
        };
        let all = vec![
            listed("EQ", "INEZP1Q01016"),
            listed("E1", "IN9ZP1Q01014"),
            listed("N1", "INEZP1Q07013"),
        ];
        let share = vec![listed("EQ", "INEZT1B01014")];
        let symbols = Symbols(HashMap::from([("ZEDPOW".into(), all), ("ZTKITE".into(), share)]));
        for (symbol, isin) in [
            ("ZEDPOW", Some("INEZP1Q01016")),
            ("ZEDPOW-BE", Some("INEZP1Q01016")),
            ("ZEDPOW-BZ", Some("INEZP1Q01016")),
            ("ZEDPOW-E1", Some("IN9ZP1Q01014")),
            ("ZEDPOW-X1", Some("IN9ZP1Q01014")),
            ("ZEDPOW-E2", None),
            ("ZEDPOW-N1", Some("INEZP1Q07013")),
            ("ZEDPOW-N2", None),
            ("ZEDPOW-P1", None),
            ("ZTKITE-E1", None),
            ("ZTKITE-ST", Some("INEZT1B01014")),
        ] {
            assert_eq!(symbols.isin(symbol), isin, "{symbol}");
        }
    }

    #[test]
    fn only_a_known_series_is_taken_off_a_symbol() {
        assert_eq!(without_series("XYZ-BE"), Some("XYZ"));
        assert_eq!(without_series("BAJAJ-AUTO"), None);
        assert_eq!(without_series("M&M"), None);
    }
}
