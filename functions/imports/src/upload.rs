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
use shared::http::{Json, Reply, Route};
use shared::limits::Limit;
use shared::request::{printable, whole};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::create::request::Options;

/// What a file may have.
pub(crate) const MOST_BYTES: i64 = 32 * 1024 * 1024;
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

shared::request! {
    /// The file to come, and how it is to be taken.
    #[example({ "fileName": "tradebook-DEMO01-EQ.csv", "bytes": 1234 })]
    struct UploadRequest {
        /// How many bytes the file has: the link takes a file of that size alone.
        bytes: i64 = whole(1, MOST_BYTES),
        /// Its name: some brokers say only there whose it is.
        file_name: Option<String> = printable(200),
        ..options: Options,
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
async fn upload(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<UploadRequest>,
) -> Reply {
    let (session, now) = (caller.session()?, clock::now());
    // Who may not is not counted.
    app.db().read(&caller, []).await?;
    PER_PERSON.take(&app, &session.user_id.to_string(), now).await?;
    let upload_id = Uuid::now_v7();
    let UploadRequest { bytes, file_name, options } = request;
    let request = options.of(Bytes::new(), file_name);
    let request = serde_json::to_value(&request).map_err(Problem::internal)?;
    let store = statement(
        "insert into imports.uploads (workspace_id, upload_id, user_id, bytes, request)
         values (current_setting('app.workspace_id')::uuid, $1, current_setting('app.user_id')::uuid, $2, $3)",
        [typed(&upload_id), typed(&bytes), typed(&request)],
    );
    let event = Envelope::new(Some(session.workspace_id), &UploadAwaited { upload_id })?;
    let event = Envelope { event_id: upload_id, ..event };
    let link = files::upload_link(&app, &key(upload_id), bytes, GOOD_FOR).await?;
    let (tx, _) = app.db().enter(&caller, [store]).await?;
    tx.publish(event);
    tx.commit([]).await?;
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
