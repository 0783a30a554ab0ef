//! An event of the ledger as a caller writes it.

mod checked;

use jiff::civil::{Date, Time};
use ledger::Isin;
use ledger::columns::{Columns, KINDS, Terms};
use rust_decimal::Decimal;
use serde_json::json;
use shared::request::{Checked, Reader, day, decimal, id, printable, text, word_of};
use stores::fields::isin;
use uuid::Uuid;

shared::request! {
    /// An event. Which fields a kind needs: trades `quantity`, `amount` (or `price`) and `venue`; allotments, rights and
    /// buy-backs `quantity` and `amount`; `bonus` `gives`, `per`, `allottedOn`; `split` `gives`, `per`, with a new ISIN `into`;
    /// `merger` `gives`, `per`, `into`; `demerger` those and `costPercent`; transfers and `opening` `quantity`, with `cost` and
    /// `acquiredOn` as far as they are known; income `amount`, with `tds` and `capital`; `charge` `amount`.
    #[example({
        "accountId": "00000000-0000-7000-8000-000000000000", "kind": "dividend", "isin": "INE002A01018", "on": "2026-08-20",
        "amount": "55.00", "tds": "5.50"
    })]
    pub(crate) struct TransactionRequest {
        /// The account; it does not change afterwards.
        account_id: Checked<Uuid> = id(),
        /// What happened; it does not change afterwards.
        kind: Checked<&'static str> = word_of(&KINDS),
        /// The security.
        isin: Checked<Isin> = isin(),
        /// The day: of the trade, the allotment, the net asset value; the ex-date of a corporate action.
        on: Checked<Date> = day(),
        ..parts: Parts,
    }
}

shared::request! {
    /// What changes of an event.
    #[derive(Debug, Default, PartialEq)]
    #[example({ "amount": "54.00" })]
    pub(crate) struct TransactionCorrection {
        /// Refused: what is of another account is another event.
        pub(crate) account_id: Option<Uuid> = id(),
        /// Refused: what is of another kind is another event.
        pub(crate) kind: Option<&'static str> = word_of(&KINDS),
        /// The security.
        isin: Option<Isin> = isin(),
        /// The day.
        on: Option<Date> = day(),
        ..parts: Parts,
    }
}

shared::request! {
    /// What events have as far as their kind needs it.
    #[derive(Debug, Default, PartialEq)]
    pub(crate) struct Parts {
        /// Indian time of execution: fills of a day are squared off in its order.
        pub(crate) at: Option<Time> = time(),
        /// `equity` (default) or `mutual_fund`.
        pub(crate) market: Option<&'static str> = word_of(&["equity", "mutual_fund"]),
        /// The folio of units outside demat.
        pub(crate) folio: Option<String> = printable(200),
        /// What it is called; the ISIN by default.
        pub(crate) name: Option<String> = printable(200),
        /// Shares or units.
        pub(crate) quantity: Option<Decimal> = decimal(),
        /// For one, instead of `amount`.
        pub(crate) price: Option<Decimal> = decimal(),
        /// In rupees, before charges; of fund units with stamp duty; of income before tax.
        pub(crate) amount: Option<Decimal> = decimal(),
        /// Brokerage, exchange charges, GST and stamp duty; not known without it.
        pub(crate) charges: Option<Decimal> = decimal(),
        /// Securities transaction tax: never part of a cost.
        pub(crate) stt: Option<Decimal> = decimal(),
        /// `exchange` (default of shares), `trade_to_trade`, `fund` (default of funds), `off_market`, `redemption`, or, of a sale,
        /// `fraction`: cash for the fraction of a share that a corporate action left, which takes nothing from what is held.
        pub(crate) venue: Option<&'static str> = word_of(&VENUES),
        /// `NSE` or `BSE`.
        pub(crate) exchange: Option<&'static str> = word_of(&["NSE", "BSE"]),
        /// Shares that are given …
        pub(crate) gives: Option<Decimal> = decimal(),
        /// … for so many that are held.
        pub(crate) per: Option<Decimal> = decimal(),
        /// The ISIN it becomes, or that comes out of it.
        pub(crate) into: Option<Isin> = isin(),
        /// The part of the cost that goes to the new company, in percent.
        pub(crate) cost_percent: Option<Decimal> = decimal(),
        pub(crate) allotted_on: Option<Date> = day(),
        /// The day the holding period counts from.
        pub(crate) acquired_on: Option<Date> = day(),
        /// Total cost of what was not bought.
        pub(crate) cost: Option<Decimal> = decimal(),
        /// Tax deducted at source.
        pub(crate) tds: Option<Decimal> = decimal(),
        /// The part of a trust's payment that repays debt, beside `amount`.
        pub(crate) capital: Option<Decimal> = decimal(),
        /// One's own account a transfer goes to.
        pub(crate) to: Option<Uuid> = id(),
    }
}

const VENUES: [&str; 6] =
    ["exchange", "trade_to_trade", "fund", "off_market", "redemption", "fraction"];

/// A time of day. Of a second nobody needs parts, and the database rounds some of them up to midnight.
fn time() -> impl Reader<Value = Time> {
    text(
        |at| {
            let read = at.parse().ok();
            let whole = |at: Time| Time::new(at.hour(), at.minute(), at.second(), 0).ok();
            read.and_then(whole).ok_or_else(|| "must be a time, as 09:15:00".to_owned())
        },
        || json!({ "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?$" }),
    )
}

/// An event on its way: everything may be missing yet, since a correction says only what changes.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    account_id: Option<Uuid>,
    kind: Option<String>,
    isin: Option<Isin>,
    on: Option<Date>,
    at: Option<Time>,
    market: Option<String>,
    folio: Option<String>,
    name: Option<String>,
    price: Option<Decimal>,
    columns: Columns,
}

impl From<TransactionRequest> for Draft {
    fn from(request: TransactionRequest) -> Self {
        let TransactionRequest { account_id, kind, isin, on, parts } = request;
        Self {
            account_id: account_id.0,
            kind: kind.0.map(str::to_owned),
            isin: isin.0,
            on: on.0,
            ..parts.into()
        }
    }
}

impl From<TransactionCorrection> for Draft {
    fn from(correction: TransactionCorrection) -> Self {
        let TransactionCorrection { isin, on, parts, .. } = correction;
        Self { isin, on, ..parts.into() }
    }
}

impl From<Parts> for Draft {
    fn from(parts: Parts) -> Self {
        Self {
            at: parts.at,
            market: parts.market.map(str::to_owned),
            folio: parts.folio,
            name: parts.name,
            price: parts.price,
            columns: Columns {
                kind: String::new(),
                venue: parts.venue.map(str::to_owned),
                exchange: parts.exchange.map(str::to_owned),
                quantity: parts.quantity,
                amount: parts.amount,
                charges: parts.charges,
                stt: parts.stt,
                terms: Terms {
                    gives: parts.gives,
                    per: parts.per,
                    into: parts.into,
                    cost_percent: parts.cost_percent,
                    allotted_on: parts.allotted_on,
                    acquired_on: parts.acquired_on,
                    cost: parts.cost,
                    tds: parts.tds,
                    capital: parts.capital,
                    to: parts.to,
                },
            },
            ..Self::default()
        }
    }
}
