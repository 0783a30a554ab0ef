//! `POST /v1/invitations/accept`: takes an offered place.

use axum::extract::State;
use serde::Serialize;
use shared::crypto::sha256;
use shared::db::statement;
use shared::fields::{Fields, FromFields};
use shared::http::{Json, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, Problem, Secret, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons;

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(member_accept), Access::Person)
}

/// Which place.
#[derive(ToSchema)]
#[schema(example = json!({ "token": "kmi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct AcceptRequest {
    /// The token of the mail.
    token: String,
}

struct Asked {
    token: Secret,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", |token| match token.trim() {
            token if token.starts_with("kmi_") && token.len() == 47 => Ok(Secret::new(token)),
            _ => Err("must be the token of the mail".into()),
        });
        Some(Self { token: token? })
    }
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
async fn member_accept(State(app): State<App>, caller: Caller, Json(asked): Json<Asked>) -> Reply {
    let hash = sha256(asked.token.expose().as_bytes());
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
