//! Schedule: has every workspace valued by the prices of a day, and its figures sealed by the last of them.
//!
//! At 18:00, when the exchange has closed; at 23:30, when official closes and most net asset values are there; and at
//! 14:00 of the next day, when the last of those are, for good. An event's id is made of day, pass and workspace, so a
//! pass that is repeated publishes nothing twice, and one that was cut off goes on where it was. By hand, a pass may be
//! tried on a few, as `refresh_daily` of brokers.

use jiff::civil::Date;
use serde_json::{Value, json};
use shared::events::Published;
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, clock, telemetry, typed};
use uuid::Uuid;

/// Workspaces published at a time.
const PAGE: usize = 500;

/// Runs three times a day, every day; does nothing on an evening without a session.
pub fn schedule() -> Schedule {
    Schedule::in_portions(revalue)
}

/// Which of a day's passes it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// The exchange has closed.
    Close,
    /// Official closes and most net asset values are there.
    Evening,
    /// The last prices are there, the day after.
    Seal,
}

impl Pass {
    /// The pass of an hour in India.
    fn of(hour: i8) -> Self {
        match hour {
            21.. => Self::Evening,
            18.. => Self::Close,
            12.. => Self::Seal,
            // After midnight somebody repeats the evening's.
            _ => Self::Evening,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Evening => "evening",
            Self::Seal => "seal",
        }
    }
}

async fn revalue(app: App, at: Timestamp, most: usize) -> Result<Value, Problem> {
    let here = at.to_zoned(clock::india());
    let (pass, today) = (Pass::of(here.hour()), here.date());
    let days = if here.hour() < 18 {
        let last = stores::sessions::last_before(app.db(), today).await?;
        if pass == Pass::Seal {
            // The day before that, too, if its own run did not come to an end.
            vec![stores::sessions::last_before(app.db(), last).await?, last]
        } else {
            vec![last]
        }
    } else if stores::sessions::trades(app.db(), today).await? {
        vec![today]
    } else {
        Vec::new()
    };
    let mut all = Published::default();
    for day in &days {
        publish(&app, (*day, pass), &mut all, most).await?;
    }
    let (name, Published { found, published }) = (pass.name(), all);
    tracing::info!(?days, pass = name, workspaces = found, published, "revaluation asked for");
    Ok(json!({ "days": days, "pass": name, "workspaces": found, "published": published }))
}

async fn publish(
    app: &App,
    (day, pass): (Date, Pass),
    all: &mut Published,
    most: usize,
) -> Result<(), Problem> {
    let trace = telemetry::trace();
    let (mut after, name, seal) = (Uuid::nil(), pass.name(), pass == Pass::Seal);
    while let Some(page) = all.next_page(PAGE, most) {
        let rows = app
            .db()
            .query(
                "select event_id, workspace_id, event, body, trace
                 from tenant.publish_revaluations($1, $2, $3, $4, $5, $6)",
                [
                    typed(&day),
                    typed(&name),
                    typed(&seal),
                    typed(&after),
                    typed(&page),
                    typed(&trace),
                ],
            )
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.get("workspace_id");
        all.send_page(app, &rows).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_known_by_its_hour() {
        let passes = [18, 23, 14, 0].map(Pass::of);
        assert_eq!(passes, [Pass::Close, Pass::Evening, Pass::Seal, Pass::Evening]);
    }
}
