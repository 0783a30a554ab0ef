//! Schedule: deletes what has aged.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, typed};

/// For how many years entries of the audit log are kept where the deployment does not say.
const AUDIT_YEARS: i32 = 7;
/// For how many days queries are kept where the deployment does not say.
const QUERY_DAYS: i32 = 90;

/// Runs once a day.
pub fn schedule() -> Schedule {
    Schedule::new(sweep)
}

async fn sweep(app: App, _: Timestamp) -> Result<Value, Problem> {
    let rows = app
        .db()
        .query(
            "select registrations, idempotency_keys, event_claims, outbox, uploads, syncs, audit, queries
             from tenant.sweep($1, $2)",
            [typed(&audit_years(&app)?), typed(&query_days(&app)?)],
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
        "queries": deleted("queries"),
    });
    tracing::info!(%swept, "swept");
    Ok(swept)
}

/// For how many years the deployment keeps entries of the audit log (`AUDIT_YEARS`).
fn audit_years(app: &App) -> Result<i32, Problem> {
    setting(app, "AUDIT_YEARS", 1..=100).map(|years| years.unwrap_or(AUDIT_YEARS))
}

/// For how many days the deployment keeps what was asked and answered (`QUERY_DAYS`).
fn query_days(app: &App) -> Result<i32, Problem> {
    setting(app, "QUERY_DAYS", 1..=3650).map(|days| days.unwrap_or(QUERY_DAYS))
}

fn setting(app: &App, name: &str, bounds: RangeInclusive<i32>) -> Result<Option<i32>, Problem> {
    let Some(text) = app.config().find(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    let (least, most) = (bounds.start(), bounds.end());
    let refused = || anyhow::anyhow!("{name} is {text}; it takes {least} to {most}");
    number.map(Some).ok_or_else(|| Problem::internal(refused()))
}
