//! Which instrument a symbol names.

use std::collections::{BTreeSet, HashMap};

use shared::db::{Statement, statement};
use shared::typed;
use tokio_postgres::Row;

/// The series that Kite appends to a symbol, `XYZ-BE`; the exchange's own files keep them apart.
const SERIES: &[&str] = &["EQ", "BE", "BZ", "SM", "ST", "GB", "GS", "IV", "RR", "N1", "E1"];

/// What is known of the symbols, each taken as it is and without its series; what has a space in it is the name of a
/// scheme, which is known when one scheme alone is called that, but for dashes and the words plan and option.
pub fn by_symbols(symbols: &Vec<String>) -> Statement<'_> {
    // Of several instruments that have had a symbol, the one that has it last.
    statement(
        "select found.symbol, found.isin from (
             select distinct on (symbol) symbol, isin from transactions.symbols
             where symbol = any ($1)
             order by symbol, valid_to desc, isin) found
         union all
         select k.name, min(i.isin) from unnest($1) as k (name)
         join transactions.instruments i
             on i.class = 'mutual_fund' and transactions.plain_name(i.name) = transactions.plain_name(k.name)
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

/// ISINs by symbol.
#[derive(Debug, Default)]
pub struct Symbols(HashMap<String, String>);

impl Symbols {
    /// What [`by_symbols`] answered.
    pub fn read(rows: &[Row]) -> Self {
        Self(rows.iter().map(|row| (row.get("symbol"), row.get("isin"))).collect())
    }

    /// The ISIN of a symbol.
    pub fn isin(&self, symbol: &str) -> Option<&str> {
        let found = self.0.get(symbol).or_else(|| self.0.get(without_series(symbol)?));
        found.map(String::as_str)
    }
}

fn without_series(symbol: &str) -> Option<&str> {
    series(symbol).map(|(bare, _)| bare)
}

/// A symbol without the series that Kite appends to it, and that series; `None` when there is none.
pub fn series(symbol: &str) -> Option<(&str, &str)> {
    symbol.rsplit_once('-').filter(|(_, series)| SERIES.contains(series))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_series_is_taken_off_a_symbol() {
        assert_eq!(without_series("XYZ-BE"), Some("XYZ"));
        assert_eq!(without_series("BAJAJ-AUTO"), None);
        assert_eq!(without_series("M&M"), None);
    }
}
