//! `PATCH /v1/workspaces/{workspaceId}/members/{userId}`: gives a member another role.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::request::word_of;
use shared::routes;
use shared::{App, Caller, DbError, Problem, typed};
use uuid::Uuid;

use crate::{names, reasons};

/// For owners and admins.
pub fn route() -> Route {
    Route::new(routes!(member_update), names::MANAGERS)
}

shared::request! {
    /// What changes.
    #[example({ "role": "viewer" })]
    struct MemberUpdateRequest {
        /// `admin`, `analyst` or `viewer`.
        role: &'static str = word_of(&names::ROLES),
    }
}

/// Changes a member's role; it counts from their next request on. An owner's place is not changed this way.
#[utoipa::path(patch, path = "/v1/workspaces/{workspaceId}/members/{userId}", request_body = MemberUpdateRequest,
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces."),
           ("userId" = Uuid, Path, description = "From the list of members.")),
    responses((status = 204)))]
async fn member_update(
    State(app): State<App>,
    caller: Caller,
    Id((workspace, member)): Id<(Uuid, Uuid)>,
    Json(request): Json<MemberUpdateRequest>,
) -> Reply {
    change(&app, caller, workspace, member, Some(request.role)).await
}

/// Gives a member a role, or none: then they are no member any more.
pub(crate) async fn change(
    app: &App,
    caller: Caller,
    workspace: Uuid,
    member: Uuid,
    role: Option<&str>,
) -> Reply {
    let role = role.map(str::to_owned);
    let change =
        statement("select tenant.change_member($1, $2) as outcome", [typed(&member), typed(&role)]);
    let entered = app.db().enter(&caller.at(workspace), [change]).await;
    let (tx, [rows]) = entered.map_err(DbError::or_stranger)?;
    tx.commit([]).await?;
    match rows.first().map(|row| row.get("outcome")) {
        Some("ok") => Ok(StatusCode::NO_CONTENT.into_response()),
        Some("owner") => Err(Problem::new(reasons::OWNER)),
        _ => Err(Problem::new(NOT_FOUND)),
    }
}
