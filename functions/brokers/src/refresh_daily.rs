//! Schedule: asks for every account to be brought up to date.
//!
//! Pages account ids across workspaces and publishes one event for each; the event's id is made of
//! day and account, so a second run of a day publishes nothing twice. What a run that was cut off
//! has published but not sent is sent by the outbox relay.

use serde_json::{Value, json};
use shared::events::{self, Envelope};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, clock, telemetry, typed};
use tokio_postgres::Row;
use uuid::Uuid;

/// Accounts published at a time.
const PAGE: i32 = 500;

/// Runs over every account.
pub fn schedule() -> Schedule {
    Schedule::new(refresh)
}

async fn refresh(app: App, at: Timestamp) -> Result<Value, Problem> {
    let day = clock::india_day(at);
    let trace = telemetry::trace();
    let (mut after, mut accounts, mut published) = (Uuid::nil(), 0, 0);
    loop {
        let rows = app
            .db()
            .query(
                "select account_id, event_id, workspace_id, event, body, trace
                 from tenant.publish_refresh($1, $2, $3, $4)",
                [typed(&day), typed(&after), typed(&PAGE), typed(&trace)],
            )
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.get("account_id");
        accounts += rows.len();
        let fresh: Vec<Envelope> =
            rows.iter().filter(|row| published_now(row)).map(Envelope::from).collect();
        published += fresh.len();
        events::dispatch(&app, &fresh).await;
    }
    tracing::info!(%day, accounts, published, "refresh asked for");
    Ok(json!({ "day": day, "accounts": accounts, "published": published }))
}

/// Without an event the account was asked for before on this day.
fn published_now(row: &Row) -> bool {
    row.get::<_, Option<&str>>("event").is_some()
}
