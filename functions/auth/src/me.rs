//! `GET /v1/auth/me`: who the caller is and where they belong.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::problem::reasons;
use shared::routes;
use shared::{Access, Caller, Db, Problem, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(me), Access::Person)
}

/// The caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    user_id: Uuid,
    email: String,
    name: Option<String>,
    created_at: Timestamp,
    /// The workspace the token is for.
    workspace_id: Uuid,
    /// Every workspace that this session may enter.
    workspaces: Vec<Membership>,
}

/// A workspace and the caller's role in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Membership {
    workspace_id: Uuid,
    name: String,
    /// `personal` or `client`.
    kind: String,
    /// `owner`, `admin`, `analyst` or `viewer`.
    role: String,
}

/// The caller, their workspaces and their roles, as of now.
#[utoipa::path(get, path = "/v1/auth/me", responses((status = 200, body = Me)))]
async fn me(State(db): State<Db>, caller: Caller, _: Query<Nothing>) -> Reply {
    let person = statement("select user_id, email, name, created_at from auth.users", []);
    let memberships = statement(
        "select workspace_id, name, kind, role from tenant.own_workspaces() order by joined_at, workspace_id",
        [],
    );
    let [people, memberships] = db.read(&caller, [person, memberships]).await?;
    let person = people.first().ok_or_else(|| Problem::new(reasons::SESSION_ENDED))?;
    let membership = |row: &tokio_postgres::Row| Membership {
        workspace_id: row.get("workspace_id"),
        name: row.get("name"),
        kind: row.get("kind"),
        role: row.get("role"),
    };
    shared::http::ok(Me {
        user_id: person.get("user_id"),
        email: person.get("email"),
        name: person.get("name"),
        created_at: person.get("created_at"),
        workspace_id: caller.session()?.workspace_id,
        workspaces: memberships.iter().map(membership).collect(),
    })
}
