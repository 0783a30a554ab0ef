//! Schedule: asks for every account to be brought up to date.
//!
//! Pages account ids across workspaces and publishes one event for each; the event's id is made of
//! day and account, so a second run of a day publishes nothing twice. What a run that was cut off
//! has published but not sent is sent by the outbox relay. It is called every day, and does nothing on a Saturday or Sunday
//! without a special session.

use jiff::civil::{Date, Weekday};
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
    if !trades(&app, day).await? {
        tracing::info!(%day, "no session");
        return Ok(json!({ "day": day, "accounts": 0, "published": 0, "session": false }));
    }
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

/// Whether the exchange trades on a day, as far as the calendar knows. A weekday that is a holiday is worked through: its
/// prices are those of the day before, and nothing is wrong afterwards.
async fn trades(app: &App, day: Date) -> Result<bool, Problem> {
    if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return Ok(true);
    }
    let known = app
        .db()
        .query("select from transactions.special_sessions where day = $1", [typed(&day)])
        .await?;
    Ok(!known.is_empty())
}

/// Without an event the account was asked for before on this day.
fn published_now(row: &Row) -> bool {
    row.get::<_, Option<&str>>("event").is_some()
}
