//! `GET /v1/auth/exports/{exportId}`: whether an export is ready, and where.

use std::time::Duration;

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons;
use shared::routes;
use shared::{Access, App, Caller, Problem, Timestamp, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a link is good; asking again gives another.
const LINK_FOR: Duration = Duration::from_secs(600);

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(export_get), Access::Person)
}

/// An export.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Export {
    export_id: Uuid,
    /// `pending`, `ready`, or `failed`: then ask for another.
    status: &'static str,
    requested_at: Timestamp,
    ready_at: Option<Timestamp>,
    /// The size of the file.
    bytes: Option<i64>,
    /// Downloads the file, for ten minutes and for whoever has it; null until it is ready. The file itself is kept
    /// for seven days.
    url: Option<String>,
}

/// The state of an export the caller asked for, and a link to it when it is ready.
#[utoipa::path(get, path = "/v1/auth/exports/{exportId}",
    params(("exportId" = Uuid, Path, description = "From the answer that accepted it.")),
    responses((status = 200, body = Export)))]
async fn export_get(
    State(app): State<App>,
    caller: Caller,
    Id(export_id): Id,
    _: Query<Nothing>,
) -> Reply {
    let asked = statement(
        "select requested_at, ready_at, failed_at is not null as failed, object_key, bytes from auth.exports where export_id = $1",
        [typed(&export_id)],
    );
    let [rows] = app.db().read(&caller, [asked]).await?;
    let row = rows.first().ok_or_else(|| Problem::new(reasons::NOT_FOUND))?;
    let url = match row.get::<_, Option<&str>>("object_key") {
        Some(key) => Some(files::link(&app, key, LINK_FOR).await?.expose().to_owned()),
        None => None,
    };
    shared::http::ok(Export {
        export_id,
        status: match (&url, row.get("failed")) {
            (Some(_), _) => "ready",
            (None, true) => "failed",
            (None, false) => "pending",
        },
        requested_at: row.get("requested_at"),
        ready_at: row.get("ready_at"),
        bytes: row.get("bytes"),
        url,
    })
}
