//! An event of the ledger as a caller writes it.

mod checked;

use jiff::civil::{Date, Time};
use ledger::Isin;
use ledger::columns::{Columns, KINDS};
use rust_decimal::Decimal;
use shared::fields::{Fields, FromFields, printable};
use utoipa::ToSchema;
use uuid::Uuid;

/// An event. Which fields a kind needs: trades `quantity`, `amount` (or `price`) and `venue`; allotments, rights and
/// buy-backs `quantity` and `amount`; `bonus` `gives`, `per`, `allottedOn`; `split` `gives`, `per`, with a new ISIN `into`;
/// `merger` `gives`, `per`, `into`; `demerger` those and `costPercent`; transfers and `opening` `quantity`, with `cost` and
/// `acquiredOn` as far as they are known; income `amount`, with `tds` and `capital`; `charge` `amount`.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "accountId": "00000000-0000-7000-8000-000000000000", "kind": "dividend", "isin": "INE002A01018", "on": "2026-08-20",
    "amount": "55.00", "tds": "5.50"
}))]
#[expect(dead_code, reason = "documents what Asked reads")]
pub(crate) struct TransactionRequest {
    /// The account; it does not change afterwards.
    account_id: Uuid,
    /// `buy`, `sell`, `ipo_allotment`, `rights`, `bonus`, `split`, `merger`, `demerger`, `transfer_in`, `transfer_out`,
    /// `buyback`, `dividend`, `interest`, `distribution`, `charge` or `opening`; it does not change afterwards.
    kind: String,
    /// The security.
    isin: String,
    /// The day: of the trade, the allotment, the net asset value; the ex-date of a corporate action.
    on: Date,
    /// Indian time of execution: fills of a day are squared off in its order.
    at: Option<String>,
    /// `equity` (default) or `mutual_fund`.
    market: Option<String>,
    /// The folio of units outside demat.
    folio: Option<String>,
    /// What it is called; the ISIN by default.
    name: Option<String>,
    /// Shares or units.
    quantity: Option<String>,
    /// For one, instead of `amount`.
    price: Option<String>,
    /// In rupees, before charges; of fund units with stamp duty; of income before tax.
    amount: Option<String>,
    /// Brokerage, exchange charges, GST and stamp duty; not known without it.
    charges: Option<String>,
    /// Securities transaction tax: never part of a cost.
    stt: Option<String>,
    /// `exchange` (default of shares), `trade_to_trade`, `fund` (default of funds), `off_market`, `redemption`, or, of a sale,
    /// `fraction`: cash for the fraction of a share that a corporate action left, which takes nothing from what is held.
    venue: Option<String>,
    /// `NSE` or `BSE`.
    exchange: Option<String>,
    /// Shares that are given …
    gives: Option<String>,
    /// … for so many that are held.
    per: Option<String>,
    /// The ISIN it becomes, or that comes out of it.
    into: Option<String>,
    /// The part of the cost that goes to the new company, in percent.
    cost_percent: Option<String>,
    allotted_on: Option<Date>,
    /// The day the holding period counts from.
    acquired_on: Option<Date>,
    /// Total cost of what was not bought.
    cost: Option<String>,
    /// Tax deducted at source.
    tds: Option<String>,
    /// The part of a trust's payment that repays debt, beside `amount`.
    capital: Option<String>,
    /// One's own account a transfer goes to.
    to: Option<Uuid>,
}

/// What changes of an event; the fields are those of the event, without account and kind.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "amount": "54.00" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
pub(crate) struct TransactionCorrection {
    isin: Option<String>,
    on: Option<Date>,
    at: Option<String>,
    market: Option<String>,
    folio: Option<String>,
    name: Option<String>,
    quantity: Option<String>,
    price: Option<String>,
    amount: Option<String>,
    charges: Option<String>,
    stt: Option<String>,
    venue: Option<String>,
    exchange: Option<String>,
    gives: Option<String>,
    per: Option<String>,
    into: Option<String>,
    cost_percent: Option<String>,
    allotted_on: Option<Date>,
    acquired_on: Option<Date>,
    cost: Option<String>,
    tds: Option<String>,
    capital: Option<String>,
    to: Option<Uuid>,
}

const VENUES: [&str; 6] =
    ["exchange", "trade_to_trade", "fund", "off_market", "redemption", "fraction"];
const NUMBERS: [&str; 11] = [
    "quantity",
    "price",
    "amount",
    "charges",
    "stt",
    "gives",
    "per",
    "costPercent",
    "cost",
    "tds",
    "capital",
];

/// What a caller asks for; everything may be missing, since a correction says only what changes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) account_id: Option<Uuid>,
    pub(crate) kind: Option<String>,
    isin: Option<Isin>,
    on: Option<Date>,
    at: Option<Time>,
    market: Option<String>,
    folio: Option<String>,
    name: Option<String>,
    price: Option<Decimal>,
    columns: Columns,
}

fn word(fields: &mut Fields, name: &str, known: &'static [&'static str]) -> Option<Option<String>> {
    fields.optional(name, |word| {
        let found = known.contains(&word).then(|| word.to_owned());
        found.ok_or_else(|| format!("must be one of {}", known.join(", ")))
    })
}

fn time(fields: &mut Fields) -> Option<Option<Time>> {
    fields.optional("at", |at| {
        let read = at.parse().ok();
        // Of a second nobody needs parts, and the database rounds some of them up to midnight.
        let read = read.and_then(|at: Time| Time::new(at.hour(), at.minute(), at.second(), 0).ok());
        read.ok_or_else(|| "must be a time, as 09:15:00".to_owned())
    })
}

fn isin(fields: &mut Fields, name: &str) -> Option<Option<Isin>> {
    fields.optional(name, |isin| Isin::parse(isin).map_err(|err| err.to_string()))
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let mut columns = Columns::default();
        let (account_id, kind) = (fields.optional_id("accountId"), word(fields, "kind", &KINDS));
        let (isin_of, on) = (isin(fields, "isin"), fields.day("on"));
        let at = time(fields);
        let market = word(fields, "market", &["equity", "mutual_fund"]);
        let (folio, name) = (
            fields.optional("folio", |text| printable(text, 200)),
            fields.optional("name", |text| printable(text, 200)),
        );
        let numbers = NUMBERS.map(|name| fields.decimal(name));
        let venue = word(fields, "venue", &VENUES);
        let exchange = word(fields, "exchange", &["NSE", "BSE"]);
        let into = isin(fields, "into");
        let (allotted_on, acquired_on) = (fields.day("allottedOn"), fields.day("acquiredOn"));
        let to = fields.optional_id("to");
        let [quantity, price, amount, charges, stt, gives, per, cost_percent, cost, tds, capital] =
            numbers;
        (columns.quantity, columns.amount) = (quantity?, amount?);
        (columns.charges, columns.stt) = (charges?, stt?);
        (columns.venue, columns.exchange) = (venue?, exchange?);
        let terms = &mut columns.terms;
        (terms.gives, terms.per, terms.into, terms.cost_percent) =
            (gives?, per?, into?, cost_percent?);
        (terms.allotted_on, terms.acquired_on) = (allotted_on?, acquired_on?);
        (terms.cost, terms.tds, terms.capital, terms.to) = (cost?, tds?, capital?, to?);
        Some(Self {
            account_id: account_id?,
            kind: kind?,
            isin: isin_of?,
            on: on?,
            at: at?,
            market: market?,
            folio: folio?,
            name: name?,
            price: price?,
            columns,
        })
    }
}
