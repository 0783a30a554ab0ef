//! Refusing what would make a book more work than it may be, before it is stored.

use ::ledger::Event;
use ::ledger::budget::{MOST_LOT_STEPS, beyond_budget};
use shared::Problem;
use shared::db::{Statement, Tenant, statement};
use shared::problem::reasons::TOO_MANY_LOT_STEPS;
use tokio_postgres::Row;

use crate::transactions;

/// How many lots and events that touch lots a workspace has; for [`check`], once the new events are stored.
pub fn counts<'a>() -> Statement<'a> {
    statement(
        "select count(*) + count(*) filter (where kind in ('split', 'merger', 'demerger', 'transfer_out')) as lots,
                count(*) filter (where kind in ('split', 'merger', 'demerger', 'bonus', 'ipo_allotment', 'rights',
                                                'transfer_out', 'transfer_in', 'opening', 'distribution')
                                 or venue = 'fraction') as acts,
                count(*) filter (where kind = 'demerger') as doublings
         from transactions.transactions where removed_at is null",
        [],
    )
}

/// Refuses what has made a security more work than a book may be. Asks for events only where the counts leave it open.
pub async fn check(tx: &Tenant, counts: &[Row]) -> Result<(), Problem> {
    let count = |column| counts.first().map_or(0, |row| row.get::<_, i64>(column)).unsigned_abs();
    let doublings = u32::try_from(count("doublings")).unwrap_or(u32::MAX);
    let lots = 2_u64.checked_pow(doublings).and_then(|times| count("lots").checked_mul(times));
    let steps = lots.and_then(|lots| (lots + 1).checked_mul(count("acts"))?.checked_add(lots));
    if steps.is_some_and(|steps| steps <= MOST_LOT_STEPS) {
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
