//! What tax needs to know of the securities of a book.

use ::ledger::Isin;
use ::ledger::tax::{AssetKind, Facts};
use jiff::civil::Date;
use rust_decimal::Decimal;
use shared::Problem;
use shared::db::{Statement, statement};
use tokio_postgres::Row;

use crate::ledger::{Book, Security};

/// The values of 31 January 2018 of everything the entered workspace ever traded, and the kinds it says securities are.
pub fn known<'a>() -> Statement<'a> {
    statement(
        "select f.isin, f.price, null::text as kind, null::date as from_on from transactions.fair_values f
         where f.isin in (select t.isin from transactions.transactions t)
         union all
         select k.isin, null, k.kind, k.from_on from transactions.asset_kinds k
         order by isin, from_on",
        [],
    )
}

/// The facts of a book, with what [`known`] answered.
pub fn facts(book: &Book, known: &[Row]) -> Result<Facts, Problem> {
    let mut facts = Facts::default();
    for (isin, security) in &book.securities {
        if let Some(kind) = kind(security) {
            facts.kinds.insert(*isin, vec![(Date::MIN, kind)]);
        }
    }
    for row in known {
        let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
        if let Some(price) = row.get::<_, Option<Decimal>>("price") {
            facts.fair_values.insert(isin, price);
        }
        if let Some(kind) = row.get::<_, Option<&str>>("kind") {
            let kind = serde_json::from_value(kind.into()).map_err(Problem::internal)?;
            facts.kinds.entry(isin).or_default().push((row.get("from_on"), kind));
        }
    }
    Ok(facts)
}

/// What a source says, and of a share on an exchange that it is one. What no source says is not known.
fn kind(security: &Security) -> Option<AssetKind> {
    let stated = security.asset_kind.as_ref();
    let stated = stated.and_then(|kind| serde_json::from_value(kind.as_str().into()).ok());
    stated.or_else(|| (security.class == "equity").then_some(AssetKind::ListedShare))
}
