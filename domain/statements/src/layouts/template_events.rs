//! KiteMate's own layout for events, of every kind.

use jiff::civil::Date;
use ledger::columns::{Columns, KINDS, Terms, act, unused};
use ledger::{Act, Isin};
use rust_decimal::Decimal;

use super::{Layout, Reads};
use crate::table::{Header, Line};
use crate::{Entry, Market};

/// The columns, in the order of the template.
const COLUMNS: &[&str] = &[
    "kind",
    "date",
    "time",
    "isin",
    "symbol",
    "name",
    "folio",
    "segment",
    "quantity",
    "price",
    "amount",
    "charges",
    "stt",
    "venue",
    "exchange",
    "series",
    "gives",
    "per",
    "into_isin",
    "cost_percent",
    "allotted_on",
    "acquired_on",
    "cost",
    "tds",
    "capital",
    "reference",
];

pub(super) const LAYOUT: Layout = Layout {
    name: "kitemate_transactions",
    about: "KiteMate's own template for events, from GET /v1/portfolio/import/template?of=transactions",
    required: &["kind", "date", "isin", "segment", "quantity", "reference"],
    row: Reads::Event(row),
    ..Layout::PLAIN
};

/// The header row, and nothing else.
pub(super) fn csv() -> String {
    format!("{}\r\n", COLUMNS.join(","))
}

fn row(line: &mut Line<'_>, _: &Header) -> Option<Entry> {
    let kind = line.text("kind").unwrap_or_default().to_ascii_lowercase();
    if !KINDS.contains(&kind.as_str()) {
        line.fault("kind", format!("is none of {}", KINDS.join(", ")));
    }
    let (on, isin, market) = (line.required_day("date"), line.isin("isin"), market(line));
    let terms = terms(line);
    let quantity = line.text("quantity").is_some().then(|| line.amount("quantity"));
    let price = line.price("price");
    let amount = line.exact("amount").or_else(|| Some(price? * quantity?));
    let (charges, stt) = (line.price("charges"), line.price("stt"));
    let word = |column: &str| line.text(column).map(str::to_owned);
    let upper = |column: &str| word(column).map(|text| text.to_ascii_uppercase());
    let (exchange, series, folio) = (upper("exchange"), upper("series"), word("folio"));
    let (symbol, reference) = (upper("symbol"), word("reference").unwrap_or_default());
    let name = word("name").or_else(|| symbol.clone()).unwrap_or_default();
    let at = word("time").and_then(|time| time.parse().ok());
    let venue = word("venue")
        .or_else(|| usual_venue(&kind, market?, exchange.as_deref(), series.as_deref()));
    let columns =
        Columns { kind, venue, exchange: exchange.clone(), quantity, amount, charges, stt, terms };
    let act = checked(line, &columns)?;
    let (on, isin, market) = (on?, isin?, market?);
    // An export has the key by which its source knows the event: from there it is the same one. A row that was copied and
    // given another day or security is another one.
    let day = on.to_string();
    let of_source = line.text("key").filter(|key| {
        // What was entered by hand has its own id for one.
        key.strip_prefix("manual|").is_some_and(|id| id == reference)
            || key.contains(&day) && key.contains(isin.as_str())
    });
    let key = match of_source {
        Some(key) => key.to_owned(),
        None => key(&columns, &isin, &day, folio.as_deref(), &reference),
    };
    Some(Entry {
        place: line.place.clone(),
        isin: Some(isin),
        symbol,
        name,
        folio,
        market,
        exchange,
        series,
        on,
        at,
        reference,
        key,
        act,
    })
}

/// The act, or the faults of the row by their columns.
fn checked(line: &mut Line<'_>, columns: &Columns) -> Option<Act> {
    if !line.errors.is_empty() {
        return None;
    }
    match act(columns) {
        Ok(act) => {
            for (column, reason) in unused(columns, &act) {
                line.warn(named(column), reason.into());
            }
            Some(act)
        }
        Err(faults) => {
            for (column, reason) in faults {
                line.fault(named(column), reason.into());
            }
            None
        }
    }
}

/// With a reference, that is what makes it the same event; without one, all that the row says is, and the same row
/// twice is told apart by the caller, who counts them.
fn key(columns: &Columns, isin: &Isin, on: &str, folio: Option<&str>, reference: &str) -> String {
    let folio = folio.unwrap_or_default();
    if !reference.is_empty() {
        return format!("kitemate|{}|{on}|{isin}|{folio}|{reference}", columns.kind);
    }
    let number = |amount: Option<Decimal>| {
        amount.map_or(String::new(), |amount| amount.normalize().to_string())
    };
    let Terms { gives, per, cost_percent, cost, tds, capital, .. } = columns.terms;
    let figures = [columns.quantity, columns.amount, gives, per, cost_percent, cost, tds, capital];
    let figures = figures.map(number).join("|");
    let into = columns.terms.into.map_or(String::new(), |into| into.to_string());
    let day = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
    let days = [columns.terms.allotted_on, columns.terms.acquired_on].map(day).join("|");
    format!("kitemate|{}|{on}|{isin}|{folio}||{figures}|{into}|{days}", columns.kind)
}

fn terms(line: &mut Line<'_>) -> Terms {
    let mut day =
        |column: &str| line.text(column).is_some().then(|| line.required_day(column)).flatten();
    let (allotted_on, acquired_on) = (day("allotted_on"), day("acquired_on"));
    let into = line.text("into_isin").is_some().then(|| line.isin("into_isin")).flatten();
    Terms {
        gives: line.number("gives"),
        per: line.number("per"),
        into,
        cost_percent: line.number("cost_percent"),
        allotted_on,
        acquired_on,
        cost: line.price("cost"),
        tds: line.price("tds"),
        capital: line.price("capital"),
        to: None,
    }
}

fn market(line: &mut Line<'_>) -> Option<Market> {
    match line.text("segment").map(str::to_lowercase).as_deref() {
        None | Some("equity") => Some(Market::Equity),
        Some("mutual_fund") => Some(Market::MutualFund),
        Some(_) => {
            line.fault("segment", "is neither `equity` nor `mutual_fund`".into());
            None
        }
    }
}

/// Where a trade is made when the file does not say.
fn usual_venue(
    kind: &str,
    market: Market,
    exchange: Option<&str>,
    series: Option<&str>,
) -> Option<String> {
    use ledger::Venue;
    if !matches!(kind, "buy" | "sell") {
        return None;
    }
    let venue = match super::zerodha_tradebook::venue(market, exchange, series) {
        Venue::Fund => "fund",
        Venue::TradeToTrade(_) => "trade_to_trade",
        _ => "exchange",
    };
    Some(venue.into())
}

/// The column of the template for a part of an event.
fn named(part: &'static str) -> &'static str {
    match part {
        "into" => "into_isin",
        "costPercent" => "cost_percent",
        "allottedOn" => "allotted_on",
        part => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    fn file(rows: &str) -> crate::Statement {
        let header = "kind,date,isin,segment,quantity,price,amount,gives,per,into_isin,cost_percent,allotted_on,cost,acquired_on,tds,capital,reference\n";
        read(format!("{header}{rows}").as_bytes(), None).unwrap()
    }

    #[test]
    fn the_template_is_recognised_as_what_it_is() {
        let statement = read(csv().as_bytes(), None).unwrap();
        assert_eq!((statement.layout, statement.of_events), (LAYOUT.name, true));
    }

    #[test]
    fn every_kind_of_event_is_read() {
        let rows = "buy,2024-01-02,INE925R01014,equity,10,100.5,,,,,,,,,,,\n\
            sell,2024-01-03,INE925R01014,,5,,550,,,,,,,,,,T1\n\
            ipo_allotment,2024-01-03,INE925R01014,,5,100,,,,,,,,,,,\n\
            rights,2024-01-03,INE925R01014,,5,100,,,,,,,,,,,\n\
            bonus,2024-01-04,INE925R01014,,,,,1,2,,,2024-01-10,,,,,\n\
            split,2024-01-05,INE925R01014,,,,,5,1,INE002A01018,,,,,,,\n\
            merger,2024-01-05,INE925R01014,,,,,5,1,INE002A01018,,,,,,,\n\
            demerger,2024-01-05,INE925R01014,,,,,1,1,INE002A01018,12.34,,,,,,\n\
            transfer_in,2024-01-05,INE925R01014,,5,,,,,,,,250,2010-05-02,,,\n\
            transfer_out,2024-01-05,INE925R01014,,5,,,,,,,,,,,,\n\
            buyback,2024-01-05,INE925R01014,,5,,1000,,,,,,,,,,\n\
            dividend,2024-01-05,INE925R01014,,,,100,,,,,,,,10,,\n\
            interest,2024-01-05,INE925R01014,,,,100,,,,,,,,10,,\n\
            distribution,2024-01-05,INE925R01014,,,,100,,,,,,,,0,40,\n\
            charge,2024-01-05,INE925R01014,,,,15.93,,,,,,,,,,\n\
            opening,2024-01-01,INE925R01014,,5,,,,,,,,250,2010-05-02,,,\n";
        let statement = file(rows);
        assert_eq!(statement.errors, []);
        let kinds: Vec<_> = statement
            .entries
            .iter()
            .map(|entry| ledger::columns::columns(&entry.act).kind)
            .collect();
        let mut all: Vec<_> = KINDS.map(str::to_owned).to_vec();
        let mut seen = kinds.clone();
        all.sort();
        seen.sort();
        assert_eq!(seen, all, "each kind once");
        let Act::Buy(fill) = statement.entries[0].act else { panic!("a purchase") };
        assert_eq!(fill.amount.to_string(), "1005.0");
    }

    #[test]
    fn what_a_kind_needs_is_named_by_its_column() {
        let statement = file(
            "demerger,2024-01-05,INE925R01014,,,,,0,,,,,,,,,\ngift,2024-01-05,INE925R01014,,,,,,,,,,,,,,\n",
        );
        let faults: Vec<_> =
            statement.errors.iter().map(|err| (err.place.row, err.column.as_str())).collect();
        assert_eq!(
            faults,
            [(2, "gives"), (2, "per"), (2, "into_isin"), (2, "cost_percent"), (3, "kind")]
        );
    }
}
