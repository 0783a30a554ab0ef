//! The portfolio that the question set is about.

use ledger::tax::AssetKind;
use ledger::{Act, Fill, Venue};
use uuid::Uuid;

use crate::portfolio::{ASHA, Book, INFY, RAVI, TCS, isin, number};

const ASHA_TOO: Uuid = Uuid::from_u128(3);
const HDFC: &str = "INE040A01034";
const ICICI: &str = "INE090A01021";
const RELIANCE: &str = "INE002A01018";
const ITC: &str = "INE154A01025";
const TATA_MOTORS: &str = "INE155A01022";
const SUN: &str = "INE044A01036";
const WIPRO: &str = "INE075A01022";
const NIFTY_BEES: &str = "INF204KB14I2";
const GOLD_BEES: &str = "INF204KB17I5";
const FLEXI_CAP: &str = "INF879O01027";

/// A trade of Asha's at Zerodha, whose charges are known.
fn charged(book: Book, on: &str, side: &str, of: &str, quantity: &str, price: &str) -> Book {
    let (quantity, price) = (number(quantity), number(price));
    let venue = Venue::Exchange(ledger::Exchange::Nse);
    let charges = Some(number("20"));
    let fill = Fill { quantity, amount: quantity * price, charges, stt: Some(number("5")), venue };
    let act = if side == "buy" { Act::Buy(fill) } else { Act::Sell(fill) };
    book.act(on, ASHA, of, act)
}

fn securities() -> Book {
    let equity = "equity";
    let mut book = Book::default()
        .account(ASHA, "Asha Zerodha", "zerodha", ASHA)
        .account(ASHA_TOO, "Asha Groww", "groww", ASHA)
        .account(RAVI, "Ravi Upstox", "upstox", RAVI)
        .security(TCS, "Tata Consultancy Services", Some("TCS"), Some("IT"), equity)
        .security(INFY, "Infosys", Some("INFY"), Some("IT"), equity)
        .security(WIPRO, "Wipro", Some("WIPRO"), Some("IT"), equity)
        .security(HDFC, "HDFC Bank", Some("HDFCBANK"), Some("Banks"), equity)
        .security(ICICI, "ICICI Bank", Some("ICICIBANK"), Some("Banks"), equity)
        .security(RELIANCE, "Reliance Industries", Some("RELIANCE"), Some("Oil & Gas"), equity)
        .security(ITC, "ITC", Some("ITC"), Some("FMCG"), equity)
        .security(TATA_MOTORS, "Tata Motors", Some("TATAMOTORS"), Some("Automobiles"), equity)
        .security(SUN, "Sun Pharmaceutical Industries", Some("SUNPHARMA"), Some("Pharma"), equity)
        .security(NIFTY_BEES, "Nippon India ETF Nifty 50 BeES", Some("NIFTYBEES"), None, "etf")
        .security(GOLD_BEES, "Nippon India ETF Gold BeES", Some("GOLDBEES"), None, "etf")
        .security(FLEXI_CAP, "Parag Parikh Flexi Cap Fund Direct Growth", None, None, "mutual_fund")
        .index(&[("2025-12-31", "26000"), ("2026-11-30", "27300")]);
    let shares = [TCS, INFY, WIPRO, HDFC, ICICI, RELIANCE, ITC, TATA_MOTORS, SUN];
    book.kinds = shares.map(|one| (isin(one), AssetKind::ListedShare)).into();
    book.kinds.insert(isin(NIFTY_BEES), AssetKind::EquityFund);
    book.kinds.insert(isin(FLEXI_CAP), AssetKind::EquityFund);
    book.kinds.insert(isin(GOLD_BEES), AssetKind::ListedOtherFund);
    book.pledged.insert(isin(HDFC), number("10"));
    book
}

fn trades(mut book: Book) -> Book {
    for (on, side, of, quantity, price) in [
        ("2023-06-15", "buy", TCS, "20", "3200"),
        ("2024-02-05", "buy", RELIANCE, "30", "2900"),
        ("2024-05-10", "buy", HDFC, "50", "1500"),
        ("2024-11-20", "buy", WIPRO, "100", "560"),
        ("2025-01-15", "buy", ITC, "200", "440"),
        ("2025-07-21", "sell", HDFC, "10", "1700"),
        ("2025-08-18", "sell", WIPRO, "100", "500"),
        ("2025-09-09", "buy", TATA_MOTORS, "80", "700"),
        ("2025-10-14", "buy", SUN, "25", "1650"),
        ("2026-02-11", "buy", TCS, "5", "3000"),
        ("2026-05-18", "sell", TCS, "8", "3500"),
        ("2026-07-03", "sell", TATA_MOTORS, "20", "760"),
        ("2026-09-15", "sell", RELIANCE, "10", "3100"),
        ("2026-10-12", "buy", GOLD_BEES, "100", "90"),
        ("2026-11-25", "buy", ITC, "10", "400"),
    ] {
        book = charged(book, on, side, of, quantity, price);
    }
    book.buy("2024-09-02", RAVI, INFY, "40", "1900")
        .buy("2025-06-20", RAVI, ICICI, "60", "1420")
        .buy("2025-12-10", RAVI, ICICI, "20", "1380")
        .buy("2024-07-01", ASHA_TOO, FLEXI_CAP, "500", "75")
        .buy("2025-05-12", ASHA_TOO, NIFTY_BEES, "150", "265")
        .buy("2026-08-05", ASHA_TOO, FLEXI_CAP, "25", "80")
        .buy("2026-09-07", ASHA_TOO, FLEXI_CAP, "25", "80")
        .buy("2026-10-05", ASHA_TOO, FLEXI_CAP, "25", "80")
        .buy("2026-11-05", ASHA_TOO, FLEXI_CAP, "25", "80")
}

fn prices(mut book: Book) -> Book {
    let days = ["2025-12-31", "2026-03-31", "2026-09-30", "2026-10-30", "2026-11-27", "2026-11-30"];
    for (of, closes) in [
        (TCS, ["3100", "2950", "3300", "3400", "3450", "3480"]),
        (INFY, ["1600", "1500", "1550", "1580", "1575", "1560"]),
        (WIPRO, ["260", "250", "255", "250", "252", "251"]),
        (HDFC, ["1000", "980", "1650", "1700", "1720", "1730"]),
        (ICICI, ["1380", "1350", "1400", "1440", "1460", "1450"]),
        (RELIANCE, ["2800", "2850", "3050", "3000", "3010", "3040"]),
        (ITC, ["410", "400", "405", "398", "401", "399"]),
        (TATA_MOTORS, ["650", "640", "720", "700", "690", "695"]),
        (SUN, ["1700", "1720", "1800", "1780", "1790", "1785"]),
        (NIFTY_BEES, ["285", "270", "290", "295", "297", "298"]),
        (GOLD_BEES, ["80", "82", "88", "91", "92", "93"]),
        (FLEXI_CAP, ["82", "79", "83", "84", "85", "85.5"]),
    ] {
        let closes: Vec<(&str, &str)> = days.into_iter().zip(closes).collect();
        book = book.closes(of, &closes);
    }
    book
}

/// Asha with two accounts and Ravi with one, as of 30 November 2026.
pub(crate) fn investor() -> Book {
    prices(trades(securities()))
        .dividend("2025-07-25", ASHA, HDFC, "220")
        .dividend("2026-02-18", ASHA, ITC, "1300")
        .dividend("2026-06-29", RAVI, INFY, "880")
        .dividend("2026-07-16", ASHA, TCS, "250")
        .dividend("2026-07-30", ASHA, ITC, "1400")
        .dividend("2026-08-25", ASHA, RELIANCE, "180")
        .dividend("2026-10-20", ASHA, TCS, "170")
}
