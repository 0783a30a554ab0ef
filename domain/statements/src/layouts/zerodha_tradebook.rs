//! Zerodha Console, tradebook as CSV or XLSX: every fill of a year, of shares, funds, derivatives.

use ledger::series::{bse_trade_for_trade, nse};
use ledger::{Act, Exchange, Fill, Isin, Venue};

use super::{Layout, Preamble, Reads, labelled};
use crate::table::{Header, Line};
use crate::{Entry, Market};

pub(super) const LAYOUT: Layout = Layout {
    name: "zerodha_tradebook",
    broker: Some("zerodha"),
    about: "Zerodha Console, Reports, Tradebook, as CSV or XLSX",
    required: &[
        "symbol",
        "isin",
        "trade_date",
        "exchange",
        "segment",
        "series",
        "trade_type",
        "quantity",
        "price",
        "trade_id",
    ],
    row: Reads::Event(row),
    ids_of_trades: true,
    client_in_name: Some(client),
    preamble: |rows| Preamble { client_id: labelled(rows, "Client ID"), ..Preamble::default() },
    ..Layout::PLAIN
};

/// `tradebook-AB1234-EQ.csv`.
fn client(name: &str) -> Option<String> {
    client_after(name, "tradebook-")
}

/// The client's id between what the name of a file begins with and the next dash.
pub(super) fn client_after(name: &str, prefix: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (client, _) = name.strip_prefix(prefix)?.split_once('-')?;
    let good = client.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && client.bytes().any(|byte| byte.is_ascii_alphabetic())
        && client.bytes().any(|byte| byte.is_ascii_digit());
    good.then(|| client.to_ascii_uppercase())
}

fn row(line: &mut Line<'_>, _: &Header) -> Option<Entry> {
    let market = market(line);
    let security =
        market.is_some_and(|market| matches!(market, Market::Equity | Market::MutualFund));
    let isin = if security { line.isin("isin") } else { None };
    let symbol = line.text("symbol").unwrap_or_default().to_owned();
    let on = line.required_day("trade_date");
    let (quantity, price) = (line.positive("quantity"), line.price("price"));
    if price.is_none() {
        line.fault("price", "is blank".into());
    }
    let side = line.text("trade_type").map(str::to_ascii_lowercase);
    if !matches!(side.as_deref(), Some("buy" | "sell")) {
        line.fault("trade_type", "is neither `buy` nor `sell`".into());
    }
    let reference = line.id("trade_id");
    let word = |column: &str| line.text(column).map(str::to_ascii_uppercase);
    let (exchange, series, segment) = (word("exchange"), word("series"), word("segment"));
    let (market, on, quantity, reference, side) = (market?, on?, quantity?, reference?, side?);
    let venue = venue(market, exchange.as_deref(), series.as_deref());
    let fill = Fill { quantity, amount: quantity * price?, charges: None, stt: None, venue };
    let security = isin.as_ref().map_or(symbol.as_str(), Isin::as_str);
    let (segment, traded) = (segment.unwrap_or_default(), exchange.clone().unwrap_or_default());
    let key = fill_key([&segment, &traded, &on.to_string(), security, &side, &reference]);
    let at = line.time("order_execution_time");
    Some(Entry {
        place: line.place.clone(),
        isin,
        name: symbol.clone(),
        symbol: (market != Market::MutualFund).then_some(symbol),
        folio: None,
        market,
        exchange,
        series,
        on,
        at,
        reference,
        key,
        act: if side == "buy" { Act::Buy(fill) } else { Act::Sell(fill) },
    })
}

/// What makes a fill the same one wherever Zerodha tells of it: segment (`EQ`), exchange, day, ISIN or symbol of a
/// contract, side (`buy`) and the exchange's id of the trade.
pub fn fill_key(parts: [&str; 6]) -> String {
    parts.join("|")
}

fn market(line: &mut Line<'_>) -> Option<Market> {
    let market = match line.text("segment").map(str::to_ascii_uppercase).as_deref() {
        Some("EQ") => Market::Equity,
        Some("MF") => Market::MutualFund,
        Some("FO") => Market::Derivative,
        Some("CDS") => Market::Currency,
        Some("COM" | "MCX") => Market::Commodity,
        _ => {
            line.fault("segment", "is none of EQ, MF, FO, CDS and COM".into());
            return None;
        }
    };
    Some(market)
}

/// Where a fill was made. In these series every trade is for delivery.
pub fn venue(market: Market, exchange: Option<&str>, series: Option<&str>) -> Venue {
    match (market, exchange, series) {
        (Market::MutualFund, ..) => Venue::Fund,
        (_, Some("BSE"), Some(group)) if bse_trade_for_trade(group) => {
            Venue::TradeToTrade(Exchange::Bse)
        }
        (_, Some("BSE"), _) => Venue::Exchange(Exchange::Bse),
        (_, _, Some(series)) if nse(series).is_some_and(|series| series.trade_for_trade) => {
            Venue::TradeToTrade(Exchange::Nse)
        }
        _ => Venue::Exchange(Exchange::Nse),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    const FILE: &str = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time\n\
        CMSINFO,INE925R01014,2024-07-23,NSE,EQ,EQ,buy,false,50.000000,530.000000,T2024072301,O2024072301,2024-07-23T12:20:42\n\
        CMSINFO,INE925R01014,2024-07-24,NSE,EQ,BE,sell,FALSE,10,540.5,T2,O2,2024-07-24T09:15:00\n\
        NIFTY24JULFUT,,2024-07-24,NSE,FO,,buy,false,25,24000,T3,O3,2024-07-24T09:15:01\n\
        AXIS FUND,INF204KB14I2,2024-07-24,BSE,MF,,buy,false,12.345,100.1234,M4,O4,\n\
        BAD,INE925R01015,2024-13-24,NSE,EQ,EQ,hold,false,0,1,,O,\n";

    #[test]
    fn fills_of_every_segment_are_read_with_their_keys() {
        let statement = read(FILE.as_bytes(), Some("tradebook-AB1234-EQ.csv")).unwrap();
        assert_eq!(
            (statement.layout, statement.client_id.as_deref()),
            (LAYOUT.name, Some("AB1234"))
        );
        let keys: Vec<_> = statement.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "EQ|NSE|2024-07-23|INE925R01014|buy|T2024072301",
                "EQ|NSE|2024-07-24|INE925R01014|sell|T2",
                "FO|NSE|2024-07-24|NIFTY24JULFUT|buy|T3",
                "MF|BSE|2024-07-24|INF204KB14I2|buy|M4",
            ]
        );
        let Act::Buy(fill) = statement.entries[0].act else { panic!("a purchase") };
        assert_eq!((fill.amount.normalize().to_string().as_str(), fill.charges), ("26500", None));
        assert_eq!(statement.entries[0].at, Some(jiff::civil::time(12, 20, 42, 0)));
        let Act::Sell(fill) = statement.entries[1].act else { panic!("a sale") };
        assert_eq!(fill.venue, Venue::TradeToTrade(Exchange::Nse));
    }

    #[test]
    fn every_fault_of_a_row_is_named() {
        let statement = read(FILE.as_bytes(), None).unwrap();
        let columns: Vec<_> = statement.errors.iter().map(|err| err.column.as_str()).collect();
        assert_eq!(columns, ["isin", "trade_date", "trade_type", "trade_id"]);
        assert_eq!(statement.client_id, None);
    }

    #[test]
    fn an_id_that_lost_its_digits_is_refused() {
        let file = FILE.replace("T2024072301", "1.2345678901234568e16");
        let statement = read(file.as_bytes(), None).unwrap();
        assert_eq!(
            (statement.errors[0].place.row, statement.errors[0].column.as_str()),
            (2, "trade_id")
        );
    }

    #[test]
    fn a_client_is_read_from_the_name_of_the_file_and_never_guessed() {
        assert_eq!(client("C:\\files\\tradebook-ab1234-EQ (1).csv").as_deref(), Some("AB1234"));
        assert_eq!(client("tradebook-2024.csv"), None, "a year is nobody's id");
        assert_eq!(client("trades-AB1234.csv"), None);
    }
}
