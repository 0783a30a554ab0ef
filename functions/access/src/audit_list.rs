//! `GET /v1/audit`: who did what in a workspace.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// For owners.
pub fn route() -> Route {
    Route::new(routes!(audit_list), Access::member(Permission::ReadAudit))
}

/// An entry of the log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Entry {
    entry_id: Uuid,
    at: Timestamp,
    /// Who did it.
    user_id: Option<Uuid>,
    /// The API key they did it with.
    key_id: Option<String>,
    /// What was done, like `key.created`.
    action: String,
    /// The id of what it was done to.
    subject: Option<String>,
    detail: Option<Value>,
    request_id: Option<String>,
    /// Where it came from; null once the person was erased.
    address: Option<String>,
}

shared::from_row!(Entry {
    entry_id,
    at,
    user_id,
    key_id,
    action,
    subject,
    detail,
    request_id,
    address,
});

/// The log of the workspace, newest first.
#[utoipa::path(get, path = "/v1/audit", params(PageQuery), responses((status = 200, body = Page<Entry>)))]
async fn audit_list(State(db): State<Db>, caller: Caller, Query(asked): Query<PageQuery>) -> Reply {
    let after: Option<(Timestamp, Uuid)> = asked.position()?;
    let (at, id) = after.unzip();
    let fetch = asked.fetch();
    let entries = statement(
        "select entry_id, at, user_id, key_id, action, subject, detail, request_id, address
         from tenant.audit_entries($1, $2, $3)",
        [typed(&at), typed(&id), typed(&fetch)],
    );
    let [rows] = db.read(&caller, [entries]).await?;
    let entries = rows.iter().map(Entry::from).collect();
    shared::http::ok(Page::cut(entries, &asked, |entry| (entry.at, entry.entry_id)))
}
