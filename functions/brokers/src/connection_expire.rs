//! Schedule: at six in the morning every token of Zerodha has ended; they are deleted, and the states say so.
//!
//! It also puts the tokens that are sealed under an older key under the current one, whenever it runs.

use serde_json::{Value, json};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, typed};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::sealing::{Place, SealingKeys};

/// Tokens of one page.
const PAGE: i32 = 200;

/// Runs at six in the morning, and every hour after it.
pub fn schedule() -> Schedule {
    Schedule::new(expire)
}

async fn expire(app: App, now: Timestamp) -> Result<Value, Problem> {
    let sql = "select tenant.expire_connections($1) as expired";
    let rows = app.db().query(sql, [typed(&now)]).await?;
    let expired: i64 = rows.first().map_or(0, |row| row.get("expired"));
    let resealed = reseal(&app).await?;
    tracing::info!(expired, resealed, "connections");
    Ok(json!({ "expired": expired, "resealed": resealed }))
}

async fn reseal(app: &App) -> Result<usize, Problem> {
    let keys = SealingKeys::read(app).await?;
    let mut resealed = 0;
    loop {
        let rows = app
            .db()
            .query(
                "select workspace_id, user_id, connection_id, token_sealed, sealing_key
                 from tenant.sealed_otherwise($1, $2)",
                [typed(&keys.current()), typed(&PAGE)],
            )
            .await?;
        let mut done = 0;
        for row in &rows {
            done += usize::from(reseal_one(app, &keys, row).await?);
        }
        resealed += done;
        // What was replaced meanwhile is under the current key already; without progress there is nothing to do.
        if done == 0 {
            return Ok(resealed);
        }
    }
}

async fn reseal_one(app: &App, keys: &SealingKeys, row: &Row) -> Result<bool, Problem> {
    let place = Place {
        workspace: row.get("workspace_id"),
        user: row.get("user_id"),
        connection: row.get::<_, Uuid>("connection_id"),
    };
    let was: Vec<u8> = row.get("token_sealed");
    let sealed = keys.seal(place, &keys.open(place, row.get("sealing_key"), &was)?)?;
    let rows = app
        .db()
        .query(
            "select tenant.reseal($1, $2, $3, $4, $5) as done",
            [
                typed(&place.workspace),
                typed(&place.connection),
                typed(&was),
                typed(&sealed),
                typed(&keys.current()),
            ],
        )
        .await?;
    Ok(rows.first().is_some_and(|row| row.get("done")))
}
