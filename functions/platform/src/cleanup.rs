//! Schedule: deletes what has aged.

use serde_json::{Value, json};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp};

/// Runs every hour.
pub fn schedule() -> Schedule {
    Schedule::new(sweep)
}

async fn sweep(app: App, _: Timestamp) -> Result<Value, Problem> {
    let rows = app
        .db()
        .query(
            "select registrations, idempotency_keys, event_claims, outbox, uploads, syncs
             from tenant.sweep(), tenant.sweep_told()",
            [],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(Value::Null) };
    let deleted = |table: &str| row.get::<_, i64>(table);
    let swept = json!({
        "registrations": deleted("registrations"),
        "idempotencyKeys": deleted("idempotency_keys"),
        "eventClaims": deleted("event_claims"),
        "outbox": deleted("outbox"),
        "uploads": deleted("uploads"),
        "syncs": deleted("syncs"),
    });
    tracing::info!(%swept, "swept");
    Ok(swept)
}
