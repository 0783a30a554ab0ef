//! The files of an export: each a query whose columns are the file's.

use std::collections::BTreeMap;

use tokio_postgres::Row;

/// A file.
pub(super) struct Table {
    pub(super) file: &'static str,
    /// Its header.
    columns: &'static str,
    /// As many columns, each a text; null is blank.
    pub(super) sql: &'static str,
    /// The columns that are the same in all of a file: there is one for each of their values.
    one_for_each: &'static [&'static str],
}

/// The columns of `GET /v1/portfolio/import/template?of=transactions`, and the account's.
const EVENTS: &str = "account_id,broker,client_id,kind,date,time,isin,symbol,name,folio,segment,quantity,price,amount,charges,stt,venue,exchange,series,gives,per,into_isin,cost_percent,allotted_on,acquired_on,cost,tds,capital,reference,source,to_account,key";

macro_rules! events {
    ($which:literal) => {
        concat!(
            "select t.account_id::text, a.broker, a.client_id, t.kind, t.on_date::text, t.at_time::text, t.isin,
                     t.symbol, t.name, t.folio, t.market, t.quantity::text, null::text, t.amount::text,
                     t.charges::text, t.stt::text, t.venue, t.exchange, t.series, t.terms ->> 'gives',
                     t.terms ->> 'per', t.terms ->> 'into', t.terms ->> 'costPercent',
                     t.terms ->> 'allottedOn', t.terms ->> 'acquiredOn',
                     t.terms ->> 'cost', t.terms ->> 'tds', t.terms ->> 'capital',
                     t.transaction_id::text, t.source, t.terms ->> 'to', t.source_key
              from transactions.transactions t join brokers.accounts a on a.account_id = t.account_id
              where t.removed_at is null and ",
            $which,
            " order by t.account_id, t.on_date, t.transaction_id"
        )
    };
}

/// All of them.
pub(super) const TABLES: [Table; 9] = [
    Table {
        file: "accounts.csv",
        // Of the holder's number only its ends are shown, here as everywhere.
        columns: "account_id,broker,client_id,label,holder,demat_ids,folios,created_at",
        one_for_each: &[],
        sql: "select a.account_id::text, a.broker, a.client_id, a.label, left(a.holder, 2) || 'XXXXXX' || right(a.holder, 2),
                     (select string_agg(l.id, ' ' order by l.id) from brokers.account_links l
                      where l.account_id = a.account_id and l.kind = 'demat'),
                     (select string_agg(l.id, ' ' order by l.id) from brokers.account_links l
                      where l.account_id = a.account_id and l.kind = 'folio'),
                     a.created_at::text
              from brokers.accounts a order by a.account_id",
    },
    Table {
        file: "transactions.csv",
        columns: EVENTS,
        one_for_each: &["broker", "client_id"],
        sql: events!("t.market in ('equity', 'mutual_fund')"),
    },
    // Futures, options, currencies and commodities, which no import of the template reads.
    Table {
        file: "contracts.csv",
        columns: EVENTS,
        one_for_each: &["broker", "client_id"],
        sql: events!("t.market not in ('equity', 'mutual_fund')"),
    },
    Table {
        file: "folio_units.csv",
        columns: "account_id,isin,folio,name,units,cost,as_of",
        one_for_each: &[],
        sql: "(select distinct on (u.account_id, u.isin, u.folio) u.account_id::text, u.isin, u.folio, u.name, u.units::text,
                     u.cost::text, u.statement_on::text
              from imports.folio_units u
              order by u.account_id, u.isin, u.folio, u.statement_on desc, u.units desc, u.cost desc nulls last)
              union all
              (select h.account_id::text, h.isin, f.folio, h.name, f.units::text, f.cost::text, h.statement_on::text
              from imports.holdings h
              cross join lateral jsonb_to_recordset(h.folios) as f (folio text, units numeric, cost numeric)
              order by h.account_id, h.isin, f.folio)",
    },
    // What brokers' own reports say was sold.
    Table {
        file: "stated_gains.csv",
        columns: "account_id,from,to,isin,section,acquired_on,sold_on,quantity,cost,consideration,taxable",
        one_for_each: &[],
        sql: "select g.account_id::text, g.from_on::text, g.to_on::text, e.isin, e.section, e.\"acquiredOn\", e.\"soldOn\", e.quantity,
                     e.cost, e.consideration, e.taxable
              from imports.stated_gains g
              cross join lateral jsonb_to_recordset(g.exits) as e (isin text, section text, \"acquiredOn\" text, \"soldOn\" text,
                  quantity text, cost text, consideration text, taxable text)
              order by g.account_id, g.from_on, g.import_id, e.\"soldOn\", e.isin",
    },
    Table {
        file: "asset_kinds.csv",
        columns: "isin,from,kind",
        one_for_each: &[],
        sql: "select k.isin, nullif(k.from_on, '0001-01-01')::text, k.kind from market.asset_kinds k order by k.isin, k.from_on",
    },
    // The columns of `GET /v1/portfolio/import/template`, and the account's.
    Table {
        file: "holdings.csv",
        columns: "account_id,broker,client_id,isin,symbol,name,segment,quantity,t1_quantity,pledged_quantity,discrepant_quantity,average_price,invested,as_of,source,financed_quantity,loan,folio",
        one_for_each: &["broker", "client_id", "as_of"],
        sql: "select h.account_id::text, a.broker, a.client_id, h.isin, null::text, h.name, h.segment,
                     coalesce(f.units, h.available)::text, h.t1::text, h.pledged::text,
                     h.discrepant::text, null::text, (case when f.units is null then h.cost else f.cost end)::text,
                     h.statement_on::text, h.layout, nullif(h.financed, 0)::text, h.loan::text, f.folio
              from imports.holdings h join brokers.accounts a on a.account_id = h.account_id
              -- A row for each folio, where folios are told.
              left join lateral jsonb_to_recordset(h.folios) as f (folio text, units numeric, cost numeric) on true
              where (h.available, h.t1, h.pledged, h.discrepant, h.financed) <> (0, 0, 0, 0, 0)
              order by h.account_id, h.isin",
    },
    Table {
        file: "days.csv",
        columns: "day,value,invested,unrealised_gain,day_change,holdings,unpriced,prices_on,sealed_at",
        one_for_each: &[],
        sql: "select day::text, value::text, invested::text, unrealised_gain::text, day_change::text, holdings::text,
                     unpriced::text, prices_on::text, sealed_at::text
              from portfolio.snapshots order by day",
    },
    Table {
        file: "account-days.csv",
        columns: "account_id,day,value,invested,holdings,unpriced,sealed_at",
        one_for_each: &[],
        sql: "select account_id::text, day::text, value::text, invested::text, holdings::text, unpriced::text, sealed_at::text
              from portfolio.account_values order by account_id, day",
    },
];

impl Table {
    /// The files it comes to, each with its name, its content and how many rows it has: an import takes one account and
    /// one day at a time.
    pub(super) fn files(&self, rows: &[Row]) -> Vec<(String, String, usize)> {
        let names: Vec<&str> = self.columns.split(',').collect();
        let apart: Vec<usize> = self
            .one_for_each
            .iter()
            .filter_map(|name| names.iter().position(|column| column == name))
            .collect();
        let mut files: BTreeMap<String, (String, usize)> = BTreeMap::new();
        if apart.is_empty() {
            files.insert(self.file.to_owned(), self.begun());
        }
        for row in rows {
            let of = apart.iter().map(|column| row.get::<_, Option<&str>>(*column));
            let name = named(self.file, of.map(Option::unwrap_or_default));
            let (content, count) = files.entry(name).or_insert_with(|| self.begun());
            line(content, (0..row.len()).map(|column| row.get::<_, Option<&str>>(column)));
            *count += 1;
        }
        files.into_iter().map(|(name, (content, count))| (name, content, count)).collect()
    }

    /// A file with its header alone.
    fn begun(&self) -> (String, usize) {
        (format!("{}\r\n", self.columns), 0)
    }
}

/// `holdings.csv` of `zerodha`, `AB1234` and a day is `holdings-zerodha-AB1234-2026-11-20.csv`.
fn named<'a>(file: &str, of: impl Iterator<Item = &'a str>) -> String {
    let stem = file.trim_end_matches(".csv");
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    let parts: String =
        of.map(|part| format!("-{}", part.chars().map(plain).collect::<String>())).collect();
    format!("{stem}{parts}.csv")
}

fn line<'a>(file: &mut String, cells: impl Iterator<Item = Option<&'a str>>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            file.push(',');
        }
        file.push_str(&written(cell.unwrap_or_default()));
    }
    file.push_str("\r\n");
}

/// A cell as RFC 4180 writes it; a text that a spreadsheet would run begins with an apostrophe instead.
fn written(cell: &str) -> String {
    // A spreadsheet may take full-width signs for the plain ones, and split a line at semicolons.
    let signs = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];
    let runs = cell.trim_start_matches([';', ' ', '"', '\'']).starts_with(signs)
        && cell.parse::<f64>().is_err();
    let cell = if runs { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_what_is_the_same_in_all_of_it() {
        let of = ["zerodha", "AB/12", "2026-11-20"];
        assert_eq!(named("holdings.csv", of.into_iter()), "holdings-zerodha-AB_12-2026-11-20.csv");
        assert_eq!(named("days.csv", std::iter::empty()), "days.csv");
    }

    #[test]
    fn every_column_apart_is_there() {
        for table in &TABLES {
            let names: Vec<&str> = table.columns.split(',').collect();
            assert!(table.one_for_each.iter().all(|name| names.contains(name)), "{}", table.file);
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_runs() {
        for (cell, is) in [
            ("Reliance", "Reliance"),
            ("Mahindra, and \"Mahindra\"", "\"Mahindra, and \"\"Mahindra\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1+1", "'＝1+1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠SUM(A1)", "'＠SUM(A1)"),
            (";=1+1", "';=1+1"),
            ("\"=1+1", "\"'\"\"=1+1\""),
            ("-12.50", "-12.50"),
        ] {
            assert_eq!(written(cell), is);
        }
    }
}
