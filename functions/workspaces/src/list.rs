//! `GET /v1/workspaces`: where the caller belongs.

use axum::extract::State;
use serde::Serialize;
use shared::db::{Statement, statement};
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::routes;
use shared::{Access, Caller, Db, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(list), Access::Person)
}

/// A workspace, and the caller's place in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Workspace {
    pub(crate) workspace_id: Uuid,
    pub(crate) name: String,
    /// `personal` or `client`.
    pub(crate) kind: String,
    /// `owner`, `admin`, `analyst` or `viewer`.
    pub(crate) role: String,
    pub(crate) created_at: Timestamp,
}

shared::from_row!(Workspace { workspace_id, name, kind, role, created_at });

/// The workspaces that a person's session may enter.
pub(crate) fn own() -> Statement<'static> {
    statement(
        "select workspace_id, name, kind, role, created_at from tenant.own_workspaces()
         order by kind = 'personal' desc, joined_at, workspace_id",
        [],
    )
}

/// All of a person's workspaces; a person has few enough to answer them at once.
#[derive(Serialize, ToSchema)]
struct Workspaces {
    /// The personal one first, then as they joined.
    items: Vec<Workspace>,
}

/// Every workspace that the caller's session may enter, with their role, as of now. A place in another issuer's
/// organisation is entered only by a session for that organisation.
#[utoipa::path(get, path = "/v1/workspaces", responses((status = 200, body = Workspaces)))]
async fn list(State(db): State<Db>, caller: Caller, _: Query<Nothing>) -> Reply {
    let [rows] = db.read(&caller, [own()]).await?;
    shared::http::ok(Workspaces { items: rows.iter().map(Workspace::from).collect() })
}
