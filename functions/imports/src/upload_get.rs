//! `GET /v1/portfolio/uploads/{uploadId}`: how far an upload is, and what came of it.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons;
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, Timestamp, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::create::report::Report;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(upload_get), Access::member(Permission::ReadPortfolio))
}

/// An upload.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Upload {
    upload_id: Uuid,
    /// `waiting` for the file, `reading` it, `done`, `refused`, `expired` when none came, or `failed` when it could not be
    /// imported for no fault of its own, and whoever runs this was told. Of what did not end as `done` nothing is stored but
    /// what `progress` counts.
    status: String,
    /// When it came to that.
    changed_at: Timestamp,
    /// How far a file of many events is; null of one that is stored at once.
    progress: Option<Progress>,
    /// What the import did, when it is done.
    #[schema(value_type = Option<Report>)]
    report: Option<Value>,
    /// Why the file was refused: a problem as the import would have answered it.
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

/// How many events of a file are stored, from the first day on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UploadProgress)]
struct Progress {
    taken: i64,
    of: i64,
    /// The import that they are stored by: it can be taken back, and the same file uploaded again goes on with it.
    import_id: Option<Uuid>,
}

/// How far an upload is. Ask again after a second while it is `waiting` or `reading`.
#[utoipa::path(get, path = "/v1/portfolio/uploads/{uploadId}",
    params(("uploadId" = Uuid, Path, description = "From the answer of the upload.")),
    responses((status = 200, body = Upload)))]
async fn upload_get(
    State(db): State<Db>,
    caller: Caller,
    Id(upload_id): Id,
    _: Query<Nothing>,
) -> Reply {
    let found = statement(
        // A link is good for a quarter of an hour, and a file is tried again within twelve minutes, five times.
        "select case when status = 'waiting' and created_at < now() - interval '1 hour' then 'expired'
                     when status = 'reading' and changed_at < now() - interval '1 hour' then 'failed'
                     else status end as status,
                changed_at, outcome, (progress ->> 'taken')::bigint as taken, (progress ->> 'of')::bigint as of,
                (progress ->> 'importId')::uuid as import_id
         from imports.uploads where upload_id = $1",
        [typed(&upload_id)],
    );
    let [rows] = db.read(&caller, [found]).await?;
    let row = rows.first().ok_or_else(|| Problem::new(reasons::NOT_FOUND))?;
    let (status, outcome): (String, Option<Value>) = (row.get("status"), row.get("outcome"));
    let (report, problem) = match status.as_str() {
        "refused" => (None, outcome),
        _ => (outcome, None),
    };
    shared::http::ok(Upload {
        upload_id,
        status,
        changed_at: row.get("changed_at"),
        progress: row
            .get::<_, Option<i64>>("taken")
            .zip(row.get("of"))
            .map(|(taken, of)| Progress { taken, of, import_id: row.get("import_id") }),
        report,
        problem,
    })
}
