//! `GET /v1/api-keys`: the keys of a workspace.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::page::{Page, PageQuery};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Timestamp, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(key_list), Access::member(Permission::ManageKeys))
}

/// A key, without what would open anything.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Key {
    key_id: String,
    /// The key's last four characters, to know it by.
    last_four: String,
    name: String,
    scopes: Vec<String>,
    /// Who made it; it acts within their role.
    user_id: Uuid,
    /// `active`, `expired` or `revoked`.
    status: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    /// To the minute.
    last_used_at: Option<Timestamp>,
    /// The key that took its place.
    rotated_to: Option<String>,
}

shared::from_row!(Key {
    key_id,
    last_four,
    name,
    scopes,
    user_id,
    status,
    created_at,
    expires_at,
    revoked_at,
    last_used_at,
    rotated_to,
});

/// The keys of the workspace, newest first: all of them for owners and admins, one's own for others.
#[utoipa::path(get, path = "/v1/api-keys", params(PageQuery), responses((status = 200, body = Page<Key>)))]
async fn key_list(State(db): State<Db>, caller: Caller, Query(asked): Query<PageQuery>) -> Reply {
    let after: Option<(Timestamp, String)> = asked.position()?;
    let (at, id) = after.unzip();
    let fetch = asked.fetch();
    let keys = statement(
        "select key_id, last_four, name, scopes, user_id, created_at, expires_at, revoked_at, last_used_at, rotated_to,
                case when revoked_at is not null then 'revoked'
                     when expires_at <= now() then 'expired' else 'active' end as status
         from access.api_keys
         where ($1 is null or (created_at, key_id) < ($1, $2))
           and (current_setting('app.role') in ('owner', 'admin') or user_id = current_setting('app.user_id')::uuid)
         order by created_at desc, key_id desc limit $3",
        [typed(&at), typed(&id), typed(&fetch)],
    );
    let [rows] = db.read(&caller, [keys]).await?;
    let keys = rows.iter().map(Key::from).collect();
    shared::http::ok(Page::cut(keys, &asked, |key| (key.created_at, key.key_id.clone())))
}
