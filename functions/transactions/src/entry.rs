//! An event of the ledger as a caller writes it.

use jiff::civil::{Date, Time};
use ledger::Isin;
use ledger::columns::{Columns, KINDS, act};
use rust_decimal::Decimal;
use serde_json::Value;
use shared::Problem;
use shared::db::{Statement, statement};
use shared::fields::{Fields, FromFields, printable};
use shared::problem::FieldError;
use shared::typed;
use tokio_postgres::Row;
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
    /// `exchange` (default of shares), `trade_to_trade`, `fund` (default of funds), `off_market` or `redemption`.
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

const VENUES: [&str; 5] = ["exchange", "trade_to_trade", "fund", "off_market", "redemption"];
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

/// An event that is in order.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) account_id: Uuid,
    isin: String,
    on: Date,
    at: Option<Time>,
    market: String,
    folio: Option<String>,
    name: String,
    columns: Columns,
    terms: Value,
}

impl Asked {
    /// What is asked for as an event, or everything that is missing or wrong.
    pub(crate) fn checked(mut self, today: Date) -> Result<Entry, Problem> {
        let mut faults = Vec::new();
        let mut fault = |path: &str, message: &str| {
            faults.push(FieldError { path: path.into(), message: message.into() });
        };
        if self.account_id.is_none() {
            fault("accountId", "is required");
        }
        if self.isin.is_none() {
            fault("isin", "is required");
        }
        match self.on {
            None => fault("on", "is required"),
            Some(on) if on > today => fault("on", "is a day that has not come"),
            Some(_) => {}
        }
        let market = self.market.unwrap_or_else(|| "equity".into());
        let kind = self.kind.unwrap_or_default();
        if matches!(kind.as_str(), "buy" | "sell") && self.columns.venue.is_none() {
            let usual = if market == "mutual_fund" { "fund" } else { "exchange" };
            self.columns.venue = Some(usual.into());
        }
        let priced = self.price.zip(self.columns.quantity);
        let priced = priced.and_then(|(price, quantity)| price.checked_mul(quantity));
        self.columns.amount = self.columns.amount.or(priced);
        self.columns.kind = kind;
        if self.columns.terms.to.is_some() && self.columns.terms.to == self.account_id {
            fault("to", "is the account itself");
        }
        for (path, message) in act(&self.columns).err().unwrap_or_default() {
            fault(path, message);
        }
        let (Some(account_id), Some(isin), Some(on), true) =
            (self.account_id, self.isin, self.on, faults.is_empty())
        else {
            return Err(Problem::invalid(faults));
        };
        self.columns = self.columns.normalised();
        let terms = serde_json::to_value(&self.columns.terms).map_err(Problem::internal)?;
        Ok(Entry {
            account_id,
            name: self.name.unwrap_or_else(|| isin.to_string()),
            isin: isin.to_string(),
            on,
            at: self.at,
            market,
            folio: self.folio,
            columns: self.columns,
            terms,
        })
    }

    /// The stored amount, or of another quantity the amount at the stored price; none when a price is sent.
    fn kept_amount(&self, stored: &Row) -> Option<Decimal> {
        let (amount, quantity): (Option<Decimal>, Option<Decimal>) =
            (stored.get("amount"), stored.get("quantity"));
        match (self.price, self.columns.quantity, quantity) {
            (Some(_), ..) => None,
            (None, Some(new), Some(old)) => {
                Some(amount?.checked_mul(new)?.checked_div(old)?.round_dp(6))
            }
            _ => amount,
        }
    }

    /// What is stored, with what is asked for in its place.
    pub(crate) fn over(self, stored: &Row) -> Result<Self, Problem> {
        let amount = self.columns.amount.or_else(|| self.kept_amount(stored));
        let columns: Columns = Columns {
            kind: stored.get("kind"),
            venue: self.columns.venue.or_else(|| stored.get("venue")),
            exchange: self.columns.exchange.or_else(|| stored.get("exchange")),
            quantity: self.columns.quantity.or_else(|| stored.get("quantity")),
            amount,
            charges: self.columns.charges.or_else(|| stored.get("charges")),
            stt: self.columns.stt.or_else(|| stored.get("stt")),
            terms: serde_json::from_value(stored.get("terms")).map_err(Problem::internal)?,
        };
        let (new, old) = (self.columns.terms, columns.terms);
        let terms = ledger::columns::Terms {
            gives: new.gives.or(old.gives),
            per: new.per.or(old.per),
            into: new.into.or(old.into),
            cost_percent: new.cost_percent.or(old.cost_percent),
            allotted_on: new.allotted_on.or(old.allotted_on),
            acquired_on: new.acquired_on.or(old.acquired_on),
            cost: new.cost.or(old.cost),
            tds: new.tds.or(old.tds),
            capital: new.capital.or(old.capital),
            to: new.to.or(old.to),
        };
        let isin: Option<String> = stored.get("isin");
        let isin = isin.map(|isin| Isin::parse(&isin)).transpose().map_err(Problem::internal)?;
        Ok(Self {
            account_id: Some(stored.get("account_id")),
            kind: Some(stored.get("kind")),
            isin: self.isin.or(isin),
            on: self.on.or_else(|| stored.get("on_date")),
            at: self.at.or_else(|| stored.get("at_time")),
            market: self.market.or_else(|| stored.get("market")),
            folio: self.folio.or_else(|| stored.get("folio")),
            name: self.name.or_else(|| stored.get("name")),
            price: self.price,
            columns: Columns { terms, ..columns },
        })
    }
}

impl Entry {
    /// Stores it as something entered by hand.
    pub(crate) fn insert<'a>(&'a self, id: &'a Uuid, key: &'a String) -> Statement<'a> {
        let Columns { kind, venue, exchange, quantity, amount, charges, stt, .. } = &self.columns;
        statement(
            "insert into transactions.transactions (workspace_id, transaction_id, account_id, kind, market, isin, folio,
                 name, on_date, at_time, venue, exchange, quantity, amount, charges, stt, terms, source_key, source, entered_by)
             values (current_setting('app.workspace_id')::uuid, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                 $14, $15, $16, $17, 'manual', current_setting('app.user_id')::uuid)",
            [
                typed(id),
                typed(&self.account_id),
                typed(kind),
                typed(&self.market),
                typed(&self.isin),
                typed(&self.folio),
                typed(&self.name),
                typed(&self.on),
                typed(&self.at),
                typed(venue),
                typed(exchange),
                typed(quantity),
                typed(amount),
                typed(charges),
                typed(stt),
                typed(&self.terms),
                typed(key),
            ],
        )
    }

    /// Writes it over what is stored; what a file says is marked as corrected.
    pub(crate) fn update<'a>(&'a self, id: &'a Uuid) -> Statement<'a> {
        let Columns { venue, exchange, quantity, amount, charges, stt, .. } = &self.columns;
        statement(
            "update transactions.transactions
             set market = $2, isin = $3, folio = $4, name = $5, on_date = $6, at_time = $7, venue = $8, exchange = $9,
                 quantity = $10, amount = $11, charges = $12, stt = $13, terms = $14,
                 corrected_at = case when source = 'manual' then null else now() end
             where transaction_id = $1 and removed_at is null",
            [
                typed(id),
                typed(&self.market),
                typed(&self.isin),
                typed(&self.folio),
                typed(&self.name),
                typed(&self.on),
                typed(&self.at),
                typed(venue),
                typed(exchange),
                typed(quantity),
                typed(amount),
                typed(charges),
                typed(stt),
                typed(&self.terms),
            ],
        )
    }

    /// The accounts it names that must be the workspace's.
    pub(crate) fn accounts(&self) -> Vec<Uuid> {
        [Some(self.account_id), self.columns.terms.to].into_iter().flatten().collect()
    }
}
