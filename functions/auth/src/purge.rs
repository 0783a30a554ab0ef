//! Schedule: deletes erased people whose time has come, and remembers outside the database who was erased.
//!
//! The memory is an object per person under `erasures/` in the bucket: an id and a time. After a restore the
//! function is invoked with `{"replay": true}`, which erases again whom the restored database knows as before.

use serde_json::{Value, json};
use shared::schedule::Schedule;
use shared::{App, Problem, Timestamp, clock, typed};
use uuid::Uuid;

/// Days from asking to be erased to deletion; the READMEs and the deployment guide state them, too.
const DAYS: i64 = 30;
/// Where erasures are remembered.
const FOLDER: &str = "erasures/";
/// How many people one statement purges, so that none holds its locks for long.
const MOST: i32 = 20;

/// Runs every hour.
pub fn schedule() -> Schedule {
    Schedule::with_event(run)
}

async fn run(app: App, event: Value) -> Result<Value, Problem> {
    let replayed = if event["replay"] == true { replay(&app).await? } else { 0 };
    let now = shared::schedule::scheduled_at(&event);
    let recorded = record(&app).await?;
    let purged = purge(&app, now).await?;
    tracing::info!(replayed, recorded, purged, "purged");
    Ok(json!({ "replayed": replayed, "recorded": recorded, "purged": purged }))
}

/// When what is erased now is deleted.
pub(crate) fn after(erased: Timestamp) -> Timestamp {
    clock::later(erased, DAYS * 24 * 3600)
}

/// Writes down who was erased, before anything of them is deleted.
pub(crate) async fn record(app: &App) -> Result<usize, Problem> {
    let sql = "select person, erased_at from tenant.unrecorded_erasures($1)";
    let rows = app.db().query(sql, [typed(&1000_i32)]).await?;
    for row in &rows {
        let (person, at): (Uuid, Timestamp) = (row.get("person"), row.get("erased_at"));
        // All of it is in the name, so that a replay only lists.
        let key = format!("{FOLDER}{person}/{}", at.as_second());
        files::put(app, &key, "text/plain", Vec::new()).await?;
        app.db().query("select tenant.erasure_recorded($1)", [typed(&person)]).await?;
    }
    Ok(rows.len())
}

async fn purge(app: &App, now: Timestamp) -> Result<usize, Problem> {
    let mut purged = 0;
    loop {
        let sql = "select person from tenant.purge_people($1, $2)";
        let rows = app.db().query(sql, [typed(&now), typed(&MOST)]).await?;
        purged += rows.len();
        if rows.is_empty() {
            return Ok(purged);
        }
    }
}

async fn replay(app: &App) -> Result<usize, Problem> {
    let mut replayed = 0;
    for key in files::keys(app, FOLDER).await? {
        let Some((person, at)) = erasure(&key) else { continue };
        // The time that was promised stays, unless it is past.
        let purge_after = after(at).max(clock::now());
        let sql = "select tenant.erase_again($1, $2, $3) as again";
        let rows = app.db().query(sql, [typed(&person), typed(&at), typed(&purge_after)]).await?;
        replayed += usize::from(rows.first().is_some_and(|row| row.get("again")));
    }
    Ok(replayed)
}

fn erasure(key: &str) -> Option<(Uuid, Timestamp)> {
    let (person, at) = key.strip_prefix(FOLDER)?.split_once('/')?;
    Some((person.parse().ok()?, Timestamp::from_second(at.parse().ok()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_is_read_from_its_key() {
        let person = Uuid::now_v7();
        let read = erasure(&format!("erasures/{person}/1795266605"));
        assert_eq!(read.map(|(who, at)| (who, at.as_second())), Some((person, 1_795_266_605)));
        for key in ["erasures/", "erasures/x/1", "prices/a.csv"] {
            assert_eq!(erasure(key), None, "{key}");
        }
    }
}
