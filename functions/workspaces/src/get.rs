//! `GET /v1/workspaces/{workspaceId}`: one workspace.

use axum::extract::State;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons;
use shared::routes;
use shared::{Access, Caller, Db, DbError, Permission, Problem};
use uuid::Uuid;

use crate::list::{Workspace, own};

/// For its members.
pub fn route() -> Route {
    Route::new(routes!(get), Access::member(Permission::Enter))
}

/// A workspace of the caller's, with their role in it.
#[utoipa::path(get, path = "/v1/workspaces/{workspaceId}",
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces.")),
    responses((status = 200, body = Workspace)))]
async fn get(State(db): State<Db>, caller: Caller, Id(id): Id, _: Query<Nothing>) -> Reply {
    let [rows] = db.read(&caller.at(id), [own()]).await.map_err(DbError::or_stranger)?;
    let row = rows.iter().find(|row| row.get::<_, Uuid>("workspace_id") == id);
    shared::http::ok(Workspace::from(row.ok_or_else(|| Problem::new(reasons::NOT_FOUND))?))
}
