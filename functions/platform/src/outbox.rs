//! Schedule: sends the events that were committed and not sent.
//!
//! The function that commits an event sends it at once; what it could not send, because the queue
//! or the function itself failed, is sent from here. An event may so be sent twice: consumers
//! claim its id.

use serde_json::{Value, json};
use shared::events::{self, Envelope};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, typed};
use uuid::Uuid;

/// Events taken at a time.
const BATCH: i32 = 200;
/// Batches a run sends at most; the next run goes on.
const BATCHES: usize = 50;

/// Runs every minute.
pub fn schedule() -> Schedule {
    Schedule::new(relay)
}

async fn relay(app: App, _: Timestamp) -> Result<Value, Problem> {
    let (mut sent, mut after, mut failure) = (0, Uuid::nil(), None);
    for _ in 0..BATCHES {
        // Younger ones are on their way from the function that committed them.
        let rows = app
            .db()
            .query(
                "select event_id, workspace_id, event, body, trace
                 from tenant.unsent(interval '10 seconds', $1, $2)",
                [typed(&after), typed(&BATCH)],
            )
            .await?;
        let left: Vec<Envelope> = rows.iter().map(Envelope::from).collect();
        let Some(last) = left.last() else { break };
        // On past what a failing queue did not take: the rest is not to wait for it.
        after = last.event_id;
        match events::send(&app, &left).await {
            Ok(took) => sent += took,
            Err(problem) => failure = Some(problem),
        }
    }
    failure.map_or(Ok(json!({ "sent": sent })), Err)
}
