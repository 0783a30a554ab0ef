//! `PATCH /v1/workspaces/{workspaceId}`: renames a workspace.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::http::{Id, Json, Reply, Route};
use shared::request::printable;
use shared::routes;
use shared::{Access, App, Caller, DbError, Permission, typed};

/// For owners and admins.
pub fn route() -> Route {
    Route::new(routes!(update), Access::member(Permission::ManageWorkspace))
}

shared::request! {
    /// What changes.
    #[example({ "name": "Rao family trust" })]
    struct UpdateWorkspaceRequest {
        /// What it is called: 1 to 100 characters.
        name: String = printable(100),
    }
}

/// Changes the name.
#[utoipa::path(patch, path = "/v1/workspaces/{workspaceId}", request_body = UpdateWorkspaceRequest,
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces.")),
    responses((status = 204)))]
async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(workspace): Id,
    Json(request): Json<UpdateWorkspaceRequest>,
) -> Reply {
    let rename = statement("select tenant.rename_workspace($1)", [typed(&request.name)]);
    let entered = app.db().enter(&caller.at(workspace), [rename]).await;
    let (tx, _) = entered.map_err(DbError::or_stranger)?;
    tx.commit([]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
