//! `DELETE /v1/accounts/{accountId}`: deletes an account with everything in it.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use shared::db::statement;
use shared::events::{AccountDeleted, Envelope};
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};

use crate::reasons;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(account_delete), Access::member(Permission::WritePortfolio))
}

/// Deletes an account with its statements, events and values. There is no way back but importing again. An account
/// with a connection to its broker is kept until that is ended.
#[utoipa::path(delete, path = "/v1/accounts/{accountId}",
    params(("accountId" = Uuid, Path, description = "From the list of accounts.")),
    responses((status = 204)))]
async fn account_delete(
    State(app): State<App>,
    caller: Caller,
    Id(account_id): Id,
    _: Query<Nothing>,
) -> Reply {
    let delete = statement("select tenant.delete_account($1) as outcome", [typed(&account_id)]);
    let (tx, [rows]) = app.db().enter(&caller, [delete]).await?;
    let refusal = match rows.first().map(|row| row.get("outcome")) {
        Some("ok") => None,
        Some("connected") => Some(reasons::CONNECTED),
        _ => Some(NOT_FOUND),
    };
    if let Some(reason) = refusal {
        return Err(Problem::new(reason));
    }
    let event =
        Envelope::new(Some(caller.session()?.workspace_id), &AccountDeleted { account_id })?;
    tx.publish(event);
    tx.commit([]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
