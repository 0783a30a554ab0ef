//! Refusing what would make a book more work than it may be, before it is stored.

use ::ledger::Event;
use ::ledger::budget::{FirstLook, beyond_budget};
use shared::Problem;
use shared::db::{Statement, Tenant, statement};
use shared::problem::reasons::TOO_MANY_LOT_STEPS;
use tokio_postgres::Row;

use crate::transactions;

/// The numbers of a workspace's [`FirstLook`], once the new events are stored; for [`check`].
pub fn counts<'a>() -> Statement<'a> {
    statement(
        "select count(*) + count(*) filter (where kind in ('split', 'merger', 'demerger', 'transfer_out')) as lots,
                count(*) filter (where kind in ('split', 'merger', 'demerger', 'bonus', 'ipo_allotment', 'rights',
                                                'transfer_out', 'transfer_in', 'opening', 'distribution')
                                 or venue = 'fraction') as acts,
                count(*) filter (where kind = 'demerger') as demergers
         from transactions.transactions where removed_at is null",
        [],
    )
}

/// Refuses what has made a security more work than a book may be. Asks for events only where the counts leave it open.
pub async fn check(tx: &Tenant, counts: &[Row]) -> Result<(), Problem> {
    let count = |column| counts.first().map_or(0, |row| row.get::<_, i64>(column)).unsigned_abs();
    let (lots, acts, demergers) = (count("lots"), count("acts"), count("demergers"));
    if (FirstLook { lots, acts, demergers }).is_light() {
        return Ok(());
    }
    let [rows] = tx.batch([transactions::events()]).await?;
    let events = rows.iter().map(transactions::event).collect::<Result<Vec<Event>, _>>()?;
    let beyond = beyond_budget(&events);
    if beyond.is_empty() {
        return Ok(());
    }
    let securities: Vec<String> = beyond.iter().map(ToString::to_string).collect();
    Err(Problem::new(TOO_MANY_LOT_STEPS).with("securities", securities))
}
