//! `POST /v1/workspaces`: makes a workspace.

use axum::extract::State;
use http::StatusCode;
use serde_json::json;
use shared::db::statement;
use shared::http::{Reply, Route};
use shared::idempotency::{IdempotencyKey, Idempotent};
use shared::limits::Limit;
use shared::request::printable;
use shared::routes;
use shared::{Access, App, Caller, Permission, Timestamp, clock, typed};
use uuid::Uuid;

use crate::list::Workspace;

/// Workspaces one person makes.
const PER_PERSON: Limit = Limit { name: "workspace-create", most: 50, window_s: 24 * 3600 };

/// For any member: a firm makes one per client.
pub fn route() -> Route {
    Route::new(routes!(create), Access::member(Permission::Enter))
}

shared::request! {
    /// What to make.
    #[example({ "name": "Rao family" })]
    struct CreateRequest {
        /// What it is called: 1 to 100 characters.
        name: String = printable(100),
    }
}

/// Makes a workspace with the caller as its owner. Get a token for it from `/v1/workspaces/{workspaceId}/token`.
#[utoipa::path(post, path = "/v1/workspaces", request_body = CreateRequest,
    params(IdempotencyKey),
    responses((status = 201, body = Workspace)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Idempotent { request, claim }: Idempotent<CreateRequest>,
) -> Reply {
    let [done] = app.db().read(&caller, [claim.peek()]).await?;
    if let Some(earlier) = claim.earlier(&done)? {
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    PER_PERSON.take(&app, &caller.session()?.user_id.to_string(), clock::now()).await?;
    let (tx, [claimed]) = app.db().enter(&caller, [claim.statement()]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    let workspace_id = Uuid::now_v7();
    let create = statement(
        "select tenant.create_workspace($1, $2) as created_at",
        [typed(&workspace_id), typed(&request.name)],
    );
    let [rows] = tx.batch([create]).await?;
    let created_at: Timestamp = rows.first().map_or_else(clock::now, |row| row.get("created_at"));
    let made = Workspace {
        workspace_id,
        name: request.name,
        kind: "client".into(),
        role: "owner".into(),
        created_at,
    };
    let reply = json!(made);
    tx.commit([claim.store(&reply)]).await?;
    shared::http::json(StatusCode::CREATED, &reply)
}
