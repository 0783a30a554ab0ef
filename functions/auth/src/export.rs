//! `POST /v1/auth/exports`: asks for everything that is held about a person.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use shared::db::statement;
use shared::events::{self, Envelope, ExportRequested};
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::limits::Limit;
use shared::routes;
use shared::{Access, App, Caller, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// Exports of one person: each reads every table.
const PER_PERSON: Limit = Limit { name: "export", most: 5, window_s: 24 * 3600 };

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(export), Access::Person)
}

/// An export that is being made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExportAsked {
    /// Ask `/v1/auth/exports/{exportId}` for it.
    export_id: Uuid,
    requested_at: Timestamp,
}

/// Asks for a JSON file with everything held about the caller: themselves, their sessions, keys and audit entries,
/// and all of the workspaces they own. Made by a job, within a minute as a rule.
#[utoipa::path(post, path = "/v1/auth/exports", responses((status = 202, body = ExportAsked)))]
async fn export(State(app): State<App>, caller: Caller, _: Query<Nothing>) -> Reply {
    // Who may not is not counted.
    app.db().read(&caller, []).await?;
    PER_PERSON.take(&app, &caller.session()?.user_id.to_string(), clock::now()).await?;
    let export_id = Uuid::now_v7();
    let event = Envelope::new(None, &ExportRequested { export_id })?;
    let ask = statement(
        "select tenant.ask_export($1, $2, $3, $4, $5) as requested_at",
        [
            typed(&export_id),
            typed(&event.event_id),
            typed(&event.event),
            typed(&event.body),
            typed(&event.trace),
        ],
    );
    let (tx, [rows]) = app.db().enter(&caller, [ask]).await?;
    tx.commit([]).await?;
    let requested_at = rows.first().map_or_else(clock::now, |row| row.get("requested_at"));
    events::dispatch(&app, &[event]).await;
    shared::http::json(StatusCode::ACCEPTED, &ExportAsked { export_id, requested_at })
}
