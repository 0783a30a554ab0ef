//! Fields of requests that name things of the ledger.

use ledger::Isin;
use serde_json::json;
use shared::request::{Reader, text};

/// An ISIN, in any case.
pub fn isin() -> impl Reader<Value = Isin> {
    text(
        |isin| Isin::parse(isin).map_err(|err| err.to_string()),
        || json!({ "format": "isin", "pattern": r"^\s*[A-Za-z]{2}[A-Za-z0-9]{9}[0-9]\s*$" }),
    )
}

/// A permanent account number.
pub fn permanent_account_number() -> impl Reader<Value = String> {
    text(
        |number| {
            let read = statements::permanent_account_number(number);
            read.ok_or_else(|| "must be a permanent account number, as ABCDE1234F".to_owned())
        },
        || json!({ "pattern": r"^\s*[A-Za-z]{5}[0-9]{4}[A-Za-z]\s*$" }),
    )
}
