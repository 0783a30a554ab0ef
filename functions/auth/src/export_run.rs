//! Queue `export`: collects what is held about a person and puts it where they can fetch it.
//!
//! Done twice, the file is replaced by a newer one; a person who was erased meanwhile gets none.

use shared::events::ExportRequested;
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, typed};
use uuid::Uuid;

/// Consumes [`ExportRequested`].
pub fn consumer() -> Consumer {
    Consumer::of(run)
}

async fn run(app: App, delivery: Delivery<ExportRequested>) -> Result<(), Problem> {
    let export = delivery.event.export_id;
    let made = make(&app, export).await;
    if made.is_err() {
        // Tried again as often as the queue does; meanwhile nobody is told to wait.
        app.db().query("select tenant.export_failed($1)", [typed(&export)]).await?;
    }
    made
}

async fn make(app: &App, export: Uuid) -> Result<(), Problem> {
    let sql = "select document from tenant.collect_export($1)";
    let rows = app.db().query(sql, [typed(&export)]).await?;
    let Some(row) = rows.first() else {
        tracing::info!(%export, "ready, or its person is gone; nothing to collect");
        return Ok(());
    };
    let document: serde_json::Value = row.get("document");
    let content = serde_json::to_vec_pretty(&document).map_err(Problem::internal)?;
    let bytes = i64::try_from(content.len()).map_err(Problem::internal)?;
    // Part of a name nobody guesses, and of nothing else.
    let key = format!("exports/{export}.json");
    files::put(app, &key, "application/json", content).await?;
    let ready = "select tenant.export_ready($1, $2, $3)";
    app.db().query(ready, [typed(&export), typed(&key), typed(&bytes)]).await?;
    Ok(())
}
