//! `POST /v1/workspaces/{workspaceId}/token`: an access token for another workspace, in the same session.

use axum::extract::State;
use serde::Serialize;
use shared::auth::{LIFETIME_S, Session, Signer};
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, DbError, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(switch), Access::Person)
}

/// A token for a workspace.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Switched {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the token expires.
    expires_in: i64,
    workspace_id: Uuid,
    /// The caller's role there.
    role: String,
}

/// Answers an access token for a workspace the caller is a member of. Refreshing goes on there, too; the token
/// before stays good for its own workspace.
#[utoipa::path(post, path = "/v1/workspaces/{workspaceId}/token",
    params(("workspaceId" = Uuid, Path, description = "From the list of workspaces.")),
    responses((status = 200, body = Switched)))]
async fn switch(
    State(app): State<App>,
    caller: Caller,
    Id(workspace_id): Id,
    _: Query<Nothing>,
) -> Reply {
    let session = Session { workspace_id, ..caller.session()? };
    let access_token = Signer::read(&app).await?.token(session, clock::now())?;
    let lead = statement("select tenant.lead_session($1) as role", [typed(&workspace_id)]);
    let (tx, [rows]) = app.db().enter(&caller, [lead]).await.map_err(DbError::or_stranger)?;
    tx.commit([]).await?;
    let role = rows.first().map(|row| row.get("role")).unwrap_or_default();
    let token_type = "Bearer";
    shared::http::ok(Switched {
        access_token,
        token_type,
        expires_in: LIFETIME_S,
        workspace_id,
        role,
    })
}
