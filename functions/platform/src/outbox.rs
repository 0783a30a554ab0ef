//! Schedule: sends the events that were committed and not sent.
//!
//! The function that commits an event sends it at once; what it could not send, because the queue
//! or the function itself failed, is sent from here. An event may so be sent twice: consumers
//! claim its id.

use serde_json::{Value, json};
use shared::events::{self, Envelope};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, typed};

/// Events taken at a time.
const BATCH: i32 = 200;
/// Batches a run sends at most; the next run goes on.
const BATCHES: usize = 50;

/// Runs every minute.
pub fn schedule() -> Schedule {
    Schedule::new(relay)
}

async fn relay(app: App, _: Timestamp) -> Result<Value, Problem> {
    let mut sent = 0;
    for _ in 0..BATCHES {
        // Younger ones are on their way from the function that committed them.
        let rows = app
            .db()
            .query(
                "select event_id, workspace_id, event, body from tenant.unsent(interval '10 seconds', $1)",
                [typed(&BATCH)],
            )
            .await?;
        let left: Vec<Envelope> = rows.iter().map(Envelope::from).collect();
        let took = events::send(&app, &left).await?;
        sent += took;
        if left.len() < usize::try_from(BATCH).unwrap_or(0) || took == 0 {
            break;
        }
    }
    Ok(json!({ "sent": sent }))
}
