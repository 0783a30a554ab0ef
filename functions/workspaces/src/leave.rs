//! `POST /v1/workspaces/{workspaceId}/leave`: leaves a workspace.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, DbError, Permission, Problem};

use crate::reasons;

/// For any member.
pub fn route() -> Route {
    Route::new(routes!(leave), Access::member(Permission::Enter))
}

/// Gives up the caller's place. The last owner cannot leave, and nobody leaves their personal workspace.
#[utoipa::path(post, path = "/v1/workspaces/{workspaceId}/leave",
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces.")),
    responses((status = 204)))]
async fn leave(
    State(app): State<App>,
    caller: Caller,
    Id(workspace): Id,
    _: Query<Nothing>,
) -> Reply {
    let leave = statement("select tenant.leave_workspace() as outcome", []);
    let entered = app.db().enter(&caller.at(workspace), [leave]).await;
    let (tx, [rows]) = entered.map_err(DbError::or_stranger)?;
    tx.commit([]).await?;
    match rows.first().map(|row| row.get("outcome")) {
        Some("last_owner") => Err(Problem::new(reasons::LAST_OWNER)),
        Some("personal") => Err(Problem::new(reasons::PERSONAL)),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}
