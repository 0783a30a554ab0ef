//! What tax needs to know of the securities of a book.

use std::collections::HashSet;

use ::ledger::Isin;
use ::ledger::tax::{AssetKind, Facts};
use jiff::civil::Date;
use rust_decimal::Decimal;
use shared::Problem;
use shared::db::{Statement, statement};
use tokio_postgres::Row;

use crate::ledger::{Book, Security};

/// The values of 31 January 2018 of everything the entered workspace ever traded, and the kinds that sources say it was, from
/// which day on; then those that the workspace says.
pub fn known<'a>() -> Statement<'a> {
    statement(
        "select f.isin, f.price, null::text as kind, null::date as from_on, false as own from market.fair_values f
         where f.isin in (select t.isin from transactions.transactions t)
         union all
         select k.isin, null, k.kind, k.from_on, false from market.stated_kinds k
         where k.isin in (select t.isin from transactions.transactions t)
         union all
         select k.isin, null, k.kind, k.from_on, true from market.asset_kinds k
         order by isin, own, from_on",
        [],
    )
}

/// The facts of a book, with what [`known`] answered.
pub fn facts(book: &Book, known: &[Row]) -> Result<Facts, Problem> {
    let mut facts = Facts::default();
    let mut own = HashSet::new();
    for row in known {
        let isin = Isin::parse(row.get("isin")).map_err(Problem::internal)?;
        if let Some(price) = row.get::<_, Option<Decimal>>("price") {
            facts.fair_values.insert(isin, price);
        }
        if let Some(kind) = row.get::<_, Option<&str>>("kind") {
            let kind = serde_json::from_value(kind.into()).map_err(Problem::internal)?;
            let (from, kinds): (Date, _) =
                (row.get("from_on"), facts.kinds.entry(isin).or_default());
            if row.get("own") && own.insert(isin) {
                // From its first day on the workspace's word goes before what sources say.
                kinds.retain(|(stated, _)| *stated < from);
            }
            // What was never said to be something else has been this since ever.
            let first = kinds.is_empty() && !row.get::<_, bool>("own");
            kinds.push((if first { Date::MIN } else { from }, kind));
        }
    }
    for (isin, security) in &book.securities {
        let kinds = facts.kinds.entry(*isin).or_default();
        if kinds.first().is_none_or(|(from, _)| *from > Date::MIN)
            && let Some(kind) = kind(security)
        {
            kinds.insert(0, (Date::MIN, kind));
        }
    }
    Ok(facts)
}

/// What a source says, and of a share on an exchange that it is one. What no source says is not known.
fn kind(security: &Security) -> Option<AssetKind> {
    let stated = security.asset_kind.as_ref();
    let stated = stated.and_then(|kind| serde_json::from_value(kind.as_str().into()).ok());
    stated.or_else(|| (&*security.class == "equity").then_some(AssetKind::ListedShare))
}
