//! `POST /v1/workspaces/{workspaceId}/transfer`: gives a workspace to another member.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::request::id;
use shared::routes;
use shared::{Access, App, Caller, DbError, Permission, Problem, typed};
use uuid::Uuid;

use crate::reasons;

/// For owners.
pub fn route() -> Route {
    Route::new(routes!(transfer), Access::member(Permission::Transfer))
}

shared::request! {
    /// To whom.
    #[example({ "userId": "019a0000-0000-7000-8000-000000000001" })]
    struct TransferRequest {
        /// A member of the workspace.
        user_id: Uuid = id(),
    }
}

/// Makes another member the owner; the caller stays as an admin.
#[utoipa::path(post, path = "/v1/workspaces/{workspaceId}/transfer", request_body = TransferRequest,
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces.")),
    responses((status = 204)))]
async fn transfer(
    State(app): State<App>,
    caller: Caller,
    Id(workspace): Id,
    Json(request): Json<TransferRequest>,
) -> Reply {
    let transfer =
        statement("select tenant.transfer_workspace($1) as outcome", [typed(&request.user_id)]);
    let entered = app.db().enter(&caller.at(workspace), [transfer]).await;
    let (tx, [rows]) = entered.map_err(DbError::or_stranger)?;
    tx.commit([]).await?;
    match rows.first().map(|row| row.get("outcome")) {
        Some("ok") => Ok(StatusCode::NO_CONTENT.into_response()),
        Some("personal") => Err(Problem::new(reasons::PERSONAL)),
        _ => Err(Problem::new(NOT_FOUND)),
    }
}
