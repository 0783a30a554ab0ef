//! Schedule: asks for every connected account to be read from its broker.
//!
//! Pages connections across workspaces in an order that mixes them, and publishes one event for each account; the event's
//! id is made of day, hour and account, so a run that is repeated publishes nothing twice. What a run that was cut off has
//! published but not sent is sent by the outbox relay. By hand, `"detail": { "most": 100 }` in the event tries it on the
//! first hundred; the next run goes on behind them. The later runs of an evening take up what was not read by then.

use serde_json::{Value, json};
use shared::events::Published;
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, clock, telemetry, typed};

/// Accounts published at a time.
const PAGE: usize = 500;

/// Runs at 18:00 and twice later, every day; does nothing on a Saturday or Sunday without a special session.
pub fn schedule() -> Schedule {
    Schedule::in_portions(refresh)
}

async fn refresh(app: App, at: Timestamp, most: usize) -> Result<Value, Problem> {
    let here = at.to_zoned(clock::india());
    let (day, run) = (here.date(), here.hour().to_string());
    if !stores::sessions::trades(app.db(), day).await? {
        tracing::info!(%day, "no session");
        return Ok(json!({ "day": day, "accounts": 0, "published": 0, "session": false }));
    }
    let trace = telemetry::trace();
    let (mut after, mut all) = (String::new(), Published::default());
    while let Some(page) = all.next_page(PAGE, most) {
        let rows = app
            .db()
            .query(
                "select in_turn, event_id, workspace_id, event, body, trace
                 from tenant.publish_syncs($1, $2, $3, $4, $5)",
                [typed(&day), typed(&run), typed(&after), typed(&page), typed(&trace)],
            )
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.get("in_turn");
        all.send_page(&app, &rows).await;
    }
    let Published { found, published } = all;
    tracing::info!(%day, run, accounts = found, published, "refresh asked for");
    Ok(json!({ "day": day, "accounts": found, "published": published }))
}
