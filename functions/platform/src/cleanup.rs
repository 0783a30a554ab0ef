//! Schedule: deletes what has aged.

use serde_json::{Value, json};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, typed};

/// For how many years entries of the audit log are kept where the deployment does not say.
const AUDIT_YEARS: i32 = 7;

/// Runs once a day.
pub fn schedule() -> Schedule {
    Schedule::new(sweep)
}

async fn sweep(app: App, _: Timestamp) -> Result<Value, Problem> {
    let rows = app
        .db()
        .query(
            "select registrations, idempotency_keys, event_claims, outbox, uploads, syncs, audit
             from tenant.sweep($1)",
            [typed(&audit_years(&app)?)],
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
        "auditEntries": deleted("audit"),
    });
    tracing::info!(%swept, "swept");
    Ok(swept)
}

/// For how many years the deployment keeps entries of the audit log (`AUDIT_YEARS`).
fn audit_years(app: &App) -> Result<i32, Problem> {
    let Some(years) = app.config().find("AUDIT_YEARS") else { return Ok(AUDIT_YEARS) };
    match years.parse() {
        Ok(years @ 1..=100) => Ok(years),
        _ => Err(Problem::internal(anyhow::anyhow!("AUDIT_YEARS is {years}; it takes 1 to 100"))),
    }
}
