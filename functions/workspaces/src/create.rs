//! `POST /v1/workspaces`: makes a workspace.

use axum::extract::State;
use http::StatusCode;
use serde_json::json;
use shared::db::statement;
use shared::fields::{Fields, FromFields};
use shared::http::{Body, Reply, Route, read_json};
use shared::idempotency::{Claim, IdempotencyKey};
use shared::limits::Limit;
use shared::routes;
use shared::{Access, App, Caller, Permission, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::list::Workspace;
use crate::names;

/// Workspaces one person makes.
const PER_PERSON: Limit = Limit { name: "workspace-create", most: 50, window_s: 24 * 3600 };

/// For any member: a firm makes one per client.
pub fn route() -> Route {
    Route::new(routes!(create), Access::member(Permission::Enter))
}

/// What to make.
#[derive(ToSchema)]
#[schema(example = json!({ "name": "Rao family" }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct CreateRequest {
    /// What it is called: 1 to 100 characters.
    name: String,
}

struct Asked {
    name: String,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self { name: fields.required("name", names::workspace)? })
    }
}

/// Makes a workspace with the caller as its owner. Get a token for it from `/v1/workspaces/{workspaceId}/token`.
#[utoipa::path(post, path = "/v1/workspaces", request_body = CreateRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same key and body, nothing is made twice.")),
    responses((status = 201, body = Workspace)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Body(body): Body,
) -> Reply {
    let asked: Asked = read_json(&body)?;
    let claim = Claim::new(key, "workspaces-create", &body);
    let [done] = app.db().read(&caller, [claim.peek()]).await?;
    if let Some(earlier) = claim.earlier(&done)? {
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    PER_PERSON.take(&app, &caller.session()?.user_id.to_string(), clock::now()).await?;
    let (tx, [claimed]) = app.db().enter(&caller, [claim.statement()]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        tx.rollback().await?;
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    let workspace_id = Uuid::now_v7();
    let create = statement(
        "select tenant.create_workspace($1, $2) as created_at",
        [typed(&workspace_id), typed(&asked.name)],
    );
    let [rows] = tx.batch([create]).await?;
    let created_at: Timestamp = rows.first().map_or_else(clock::now, |row| row.get("created_at"));
    let made = Workspace {
        workspace_id,
        name: asked.name,
        kind: "client".into(),
        role: "owner".into(),
        created_at,
    };
    let reply = json!(made);
    tx.commit([claim.store(&reply)]).await?;
    shared::http::json(StatusCode::CREATED, &reply)
}
