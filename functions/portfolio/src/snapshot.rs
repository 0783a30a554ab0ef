//! Queue `snapshot`: recomputes a workspace's totals and stores them as the day's snapshot.
//!
//! It computes from what is in the database, not from the message, so events may come late, twice
//! or out of order: the last one to be consumed leaves the newest figures.

use jiff::civil::Date;
use ledger::{Totals, totals};
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, clock, typed};
use stores::ledger::BookOn;

/// Consumes every event after which a workspace may be worth something else.
pub fn consumer() -> Consumer {
    Consumer::of_any(snapshot)
}

async fn snapshot(app: App, delivery: Delivery<Value>) -> Result<(), Problem> {
    let day = clock::india_day(clock::now());
    // Snapshots of one workspace one after another: an older book must not overwrite a newer one.
    let turn = statement(
        "select pg_advisory_xact_lock(hashtextextended('snapshot/' || current_setting('app.workspace_id'), 0))",
        [],
    );
    let Some((tx, [_])) = delivery.enter(&app, [turn]).await? else { return Ok(()) };
    let question = BookOn::new(day);
    let book = question.read(&tx.batch(question.statements()).await?)?;
    let Snapshot { day, totals, counts } = Snapshot::of(day, totals(&book.holdings));
    tx.commit([store(&day, &totals, &counts)]).await?;
    Ok(())
}

/// Figures as the table holds them.
struct Snapshot {
    day: Date,
    totals: Totals,
    counts: [i32; 2],
}

impl Snapshot {
    fn of(day: Date, totals: Totals) -> Self {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Self { day, counts: [count(totals.holdings), count(totals.unpriced)], totals }
    }
}

fn store<'a>(day: &'a Date, totals: &'a Totals, counts: &'a [i32; 2]) -> Statement<'a> {
    statement(
        "insert into portfolio.snapshots
             (workspace_id, day, value, invested, unrealised_gain, day_change, holdings, unpriced, prices_on)
         values (current_setting('app.workspace_id')::uuid, $1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint snapshots_pk do update
         set value = excluded.value, invested = excluded.invested, unrealised_gain = excluded.unrealised_gain,
             day_change = excluded.day_change, holdings = excluded.holdings, unpriced = excluded.unpriced,
             prices_on = excluded.prices_on, taken_at = now()",
        [
            typed(day),
            typed(&totals.value.0),
            typed(&totals.invested.0),
            typed(&totals.unrealised_gain.0),
            typed(&totals.day_change.0),
            typed(&counts[0]),
            typed(&counts[1]),
            typed(&totals.as_of),
        ],
    )
}
