//! `POST /v1/portfolio/uploads`: where to put a file that is too large for a request.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::events::{Envelope, UploadAwaited};
use shared::fields::{Fields, FromFields};
use shared::http::{Json, Reply, Route};
use shared::limits::Limit;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::create::request::{ImportRequest, Options};

/// What a file may have.
pub(crate) const MOST_BYTES: u64 = 32 * 1024 * 1024;
/// How long a link is good for.
const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// Uploads of one person.
const PER_PERSON: Limit = Limit { name: "upload", most: 60, window_s: 3600 };
/// Where uploads are in the bucket.
const FOLDER: &str = "uploads/";

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(upload), Access::member(Permission::WritePortfolio))
}

/// The file to come, and how it is to be taken.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "fileName": "tradebook-DEMO01-EQ.csv", "bytes": 1234 }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct UploadRequest {
    /// How many bytes the file has, 32 MiB at most: the link takes a file of that size alone.
    bytes: i64,
    /// Its name: some brokers say only there whose it is.
    file_name: Option<String>,
    /// As of an import.
    account_id: Option<Uuid>,
    /// As of an import.
    client_id: Option<String>,
    /// As of an import.
    broker: Option<String>,
    /// As of an import.
    demat_id: Option<String>,
    /// As of an import.
    holder: Option<String>,
    /// As of an import.
    label: Option<String>,
    /// As of an import.
    mode: Option<String>,
    /// As of an import.
    dry_run: Option<bool>,
}

struct Asked {
    bytes: i64,
    request: ImportRequest,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let bytes = fields.integer("bytes", 1, i64::try_from(MOST_BYTES).unwrap_or(i64::MAX));
        if let Some(None) = bytes {
            fields.fault("bytes", "is required: how many the file has");
        }
        let mut options = Options::from_fields(fields)?;
        let name = options.file_name.take();
        Some(Self { bytes: bytes??, request: options.of(Bytes::new(), name) })
    }
}

/// Where to put the file.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UploadLink {
    upload_id: Uuid,
    /// Send the file there with `PUT`, as the whole body.
    url: String,
    /// Send these with it.
    headers: BTreeMap<String, String>,
    expires_at: Timestamp,
}

/// Answers a link to put one file with. As soon as it is there it is imported; `GET /v1/portfolio/uploads/{uploadId}`
/// tells how far that is, and in the end what the import did or why there is none.
#[utoipa::path(post, path = "/v1/portfolio/uploads", request_body = UploadRequest,
    responses((status = 201, body = UploadLink)))]
async fn upload(State(app): State<App>, caller: Caller, Json(asked): Json<Asked>) -> Reply {
    let (session, now) = (caller.session()?, clock::now());
    // Who may not is not counted.
    app.db().read(&caller, []).await?;
    PER_PERSON.take(&app, &session.user_id.to_string(), now).await?;
    let upload_id = Uuid::now_v7();
    let request = serde_json::to_value(&asked.request).map_err(Problem::internal)?;
    let store = statement(
        "insert into imports.uploads (workspace_id, upload_id, user_id, bytes, request)
         values (current_setting('app.workspace_id')::uuid, $1, current_setting('app.user_id')::uuid, $2, $3)",
        [typed(&upload_id), typed(&asked.bytes), typed(&request)],
    );
    let event = Envelope::new(Some(session.workspace_id), &UploadAwaited { upload_id })?;
    let event = Envelope { event_id: upload_id, ..event };
    let link = files::upload_link(&app, &key(upload_id), asked.bytes, GOOD_FOR).await?;
    let (tx, _) = app.db().enter(&caller, [store]).await?;
    tx.commit([event.publish()]).await?;
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap_or_default().to_owned())
    };
    let seconds = i64::try_from(GOOD_FOR.as_secs()).unwrap_or_default();
    let answer = UploadLink {
        upload_id,
        url: link.url.expose().to_owned(),
        headers: link.headers.iter().map(header).collect(),
        expires_at: clock::later(now, seconds),
    };
    shared::http::json(StatusCode::CREATED, &answer)
}

fn key(upload: Uuid) -> String {
    format!("{FOLDER}{upload}")
}

/// The upload that an object's key is of.
pub(crate) fn of_key(key: &str) -> Option<Uuid> {
    key.strip_prefix(FOLDER).and_then(|id| Uuid::parse_str(id).ok())
}

/// Keeps an import's report with its upload.
pub(crate) fn done<'a>(upload: &'a Uuid, report: &'a Value) -> Statement<'a> {
    statement(
        "update imports.uploads
         set status = 'done', outcome = $2, changed_at = now(),
             progress = jsonb_set(progress, '{taken}', progress -> 'of')
         where upload_id = $1",
        [typed(upload), typed(report)],
    )
}

/// Keeps how far an import is with its upload.
pub(crate) fn advance<'a>(upload: &'a Uuid, progress: &'a Value) -> Statement<'a> {
    statement(
        "update imports.uploads set progress = $2, changed_at = now() where upload_id = $1",
        [typed(upload), typed(progress)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_of_the_upload_in_its_key() {
        let id = Uuid::now_v7();
        assert_eq!(of_key(&key(id)), Some(id));
        assert_eq!(of_key(&format!("exports/{id}")), None);
        assert_eq!(of_key("uploads/../exports/1"), None);
    }
}
