//! An event that is in order, and its row.

use jiff::civil::{Date, Time};
use ledger::Isin;
use ledger::columns::{Columns, Fault, act, columns, unused};
use rust_decimal::Decimal;
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::problem::FieldError;
use shared::{Problem, typed};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Draft;

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

impl Draft {
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
        for (path, message) in wrong(&self.columns) {
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
    fn kept_amount(&self, stored: &Columns) -> Option<Decimal> {
        match (self.price, self.columns.quantity, stored.quantity) {
            (Some(_), ..) => None,
            (None, Some(new), Some(old)) => {
                Some(stored.amount?.checked_mul(new)?.checked_div(old)?.round_dp(6))
            }
            _ => stored.amount,
        }
    }

    /// What is stored, with what is asked for in its place.
    pub(crate) fn over(self, stored: &Row) -> Result<Self, Problem> {
        let kept = counted(Columns {
            kind: stored.get("kind"),
            venue: stored.get("venue"),
            exchange: stored.get("exchange"),
            quantity: stored.get("quantity"),
            amount: stored.get("amount"),
            charges: stored.get("charges"),
            stt: stored.get("stt"),
            terms: serde_json::from_value(stored.get("terms")).map_err(Problem::internal)?,
        });
        let amount = self.columns.amount.or_else(|| self.kept_amount(&kept));
        let asked = self.columns;
        let columns = Columns {
            kind: kept.kind,
            venue: asked.venue.or(kept.venue),
            exchange: asked.exchange.or(kept.exchange),
            quantity: asked.quantity.or(kept.quantity),
            amount,
            charges: asked.charges.or(kept.charges),
            stt: asked.stt.or(kept.stt),
            terms: asked.terms.or(kept.terms),
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
            columns,
        })
    }
}

/// What is missing or wrong of an event, or no part of its kind.
fn wrong(columns: &Columns) -> Vec<Fault> {
    match act(columns) {
        Ok(act) => unused(columns, &act),
        Err(faults) => faults,
    }
}

/// What counts of a stored event: some were stored with parts that are none of their kind.
fn counted(stored: Columns) -> Columns {
    match act(&stored) {
        Ok(act) => Columns { exchange: stored.exchange, ..columns(&act) },
        Err(_) => stored,
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
