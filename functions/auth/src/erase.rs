//! `DELETE /v1/auth/me`: erases a person.

use axum::extract::State;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, Problem, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{purge, reasons};

/// For any person.
pub fn route() -> Route {
    Route::new(routes!(erase), Access::Person)
}

/// An account that is gone, and its data until when.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Erased {
    /// When everything is deleted for good.
    purge_after: Timestamp,
}

/// Erases the caller: every session and key ends now, places in other people's workspaces are given up, and after
/// 30 days everything about them is deleted, with the workspaces that were theirs alone. Refused while a workspace
/// with other members has no other owner, and for a session that was opened more than ten minutes ago.
#[utoipa::path(delete, path = "/v1/auth/me", responses((status = 200, body = Erased)))]
async fn erase(State(app): State<App>, caller: Caller, _: Query<Nothing>) -> Reply {
    let purge_after = purge::after(clock::now());
    let erase = statement(
        "select outcome, workspace_ids from tenant.erase_person($1)",
        [typed(&purge_after)],
    );
    let (tx, [rows]) = app.db().enter(&caller, [erase]).await?;
    match rows.first() {
        Some(row) if row.get::<_, &str>("outcome") == "ok" => {
            tx.commit([]).await?;
            // At once, so that a restore to this very minute knows; `auth-purge` does what fails here.
            if let Err(problem) = purge::record(&app).await {
                let cause = problem.cause().map(tracing::field::debug);
                tracing::warn!(cause, "an erasure is remembered later");
            }
            shared::http::ok(Erased { purge_after })
        }
        Some(row) if row.get::<_, &str>("outcome") == "sign_in_again" => {
            Err(Problem::new(reasons::SIGN_IN_AGAIN))
        }
        row => {
            let owned: Option<Vec<Uuid>> = row.and_then(|row| row.get("workspace_ids"));
            Err(Problem::new(reasons::LAST_OWNER).with("workspaceIds", owned.unwrap_or_default()))
        }
    }
}
