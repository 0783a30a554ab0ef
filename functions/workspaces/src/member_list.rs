//! `GET /v1/workspaces/{workspaceId}/members`: who is in a workspace.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, DbError, Permission, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// For its members.
pub fn route() -> Route {
    Route::new(routes!(member_list), Access::member(Permission::Enter))
}

/// A member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Member {
    user_id: Uuid,
    name: Option<String>,
    email: String,
    /// `owner`, `admin`, `analyst` or `viewer`.
    role: String,
    joined_at: Timestamp,
}

shared::from_row!(Member { user_id, name, email, role, joined_at });

/// All members of a workspace.
#[derive(Serialize, ToSchema)]
struct Members {
    /// In the order they joined.
    items: Vec<Member>,
}

/// Every member of a workspace the caller is in.
#[utoipa::path(get, path = "/v1/workspaces/{workspaceId}/members",
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces.")),
    responses((status = 200, body = Members)))]
async fn member_list(
    State(db): State<Db>,
    caller: Caller,
    Id(workspace): Id,
    _: Query<Nothing>,
) -> Reply {
    let members =
        statement("select user_id, name, email, role, joined_at from tenant.members()", []);
    let read = db.read(&caller.at(workspace), [members]).await;
    let [rows] = read.map_err(DbError::or_stranger)?;
    shared::http::ok(Members { items: rows.iter().map(Member::from).collect() })
}
