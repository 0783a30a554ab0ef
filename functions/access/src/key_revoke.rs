//! `DELETE /v1/api-keys/{keyId}`: ends a key at once.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(key_revoke), Access::member(Permission::ManageKeys))
}

/// Ends a key: it is refused from its next request on. Owners and admins end any key of the workspace, others
/// their own. Ending a key twice changes nothing.
#[utoipa::path(delete, path = "/v1/api-keys/{keyId}",
    params(("keyId" = String, Path, description = "From the list of keys.")),
    responses((status = 204)))]
async fn key_revoke(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    _: Query<Nothing>,
) -> Reply {
    let revoke = statement(
        "update access.api_keys set revoked_at = coalesce(revoked_at, now())
         where key_id = $1
           and (current_setting('app.role') in ('owner', 'admin') or user_id = current_setting('app.user_id')::uuid)
         returning revoked_at = now() as fresh",
        [typed(&key)],
    );
    let (tx, [rows]) = app.db().enter(&caller, [revoke]).await?;
    let Some(row) = rows.first() else {
        return Err(Problem::new(NOT_FOUND));
    };
    if row.get("fresh") {
        tx.commit([statement("select tenant.audit('key.revoked', $1, null)", [typed(&key)])])
            .await?;
    } else {
        tx.commit([]).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
