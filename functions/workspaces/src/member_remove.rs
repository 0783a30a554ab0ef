//! `DELETE /v1/workspaces/{workspaceId}/members/{userId}`: removes a member.

use axum::extract::State;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::routes;
use shared::{App, Caller};
use uuid::Uuid;

use crate::{member_update, names};

/// For owners and admins.
pub fn route() -> Route {
    Route::new(routes!(member_remove), names::MANAGERS)
}

/// Removes a member; their tokens and keys for this workspace are refused from their next request on.
#[utoipa::path(delete, path = "/v1/workspaces/{workspaceId}/members/{userId}",
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces."),
           ("userId" = Uuid, Path, description = "From the list of members.")),
    responses((status = 204)))]
async fn member_remove(
    State(app): State<App>,
    caller: Caller,
    Id((workspace, member)): Id<(Uuid, Uuid)>,
    _: Query<Nothing>,
) -> Reply {
    member_update::change(&app, caller, workspace, member, None).await
}
