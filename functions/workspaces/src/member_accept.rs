//! `POST /v1/invitations/accept`: takes an offered place.

use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use shared::crypto::sha256;
use shared::db::statement;
use shared::http::{Json, Reply, Route};
use shared::request::{Reader, text};
use shared::routes;
use shared::{Access, App, Caller, Problem, Secret, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(member_accept), Access::Person)
}

shared::request! {
    /// Which place.
    #[example({ "token": "kmi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })]
    struct AcceptRequest {
        /// The token of the mail.
        token: Secret = token(),
    }
}

/// The token of an invitation's mail.
fn token() -> impl Reader<Value = Secret> {
    text(
        |token| match token.trim() {
            token if token.starts_with("kmi_") && token.len() == 47 => Ok(Secret::new(token)),
            _ => Err("must be the token of the mail".into()),
        },
        || json!({ "pattern": r"^\s*kmi_[\x21-\x7E]{43}\s*$" }),
    )
}

/// The workspace that was joined.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    workspace_id: Uuid,
    name: String,
    role: String,
}

/// Makes the caller a member, in the role that was offered. A token is good once; who is a member already keeps
/// their role.
#[utoipa::path(post, path = "/v1/invitations/accept", request_body = AcceptRequest,
    responses((status = 200, body = Accepted)))]
async fn member_accept(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<AcceptRequest>,
) -> Reply {
    let hash = sha256(request.token.expose().as_bytes());
    let accept = statement(
        "select outcome, workspace_id, name, role from tenant.accept_invitation($1)",
        [typed(&hash)],
    );
    let (tx, [rows]) = app.db().enter(&caller, [accept]).await?;
    tx.commit([]).await?;
    let row = rows.first().ok_or_else(|| Problem::new(reasons::INVITATION_EXPIRED))?;
    match row.get("outcome") {
        "ok" => shared::http::ok(Accepted {
            workspace_id: row.get("workspace_id"),
            name: row.get("name"),
            role: row.get("role"),
        }),
        "already_member" => Err(Problem::new(reasons::ALREADY_MEMBER)
            .with("workspaceId", row.get::<_, Uuid>("workspace_id"))),
        _ => Err(Problem::new(reasons::INVITATION_EXPIRED)),
    }
}
