//! `DELETE /v1/transactions/{transactionId}`: takes an event out of the ledger.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use shared::db::statement;
use shared::events::{Envelope, TransactionChanged};
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};
use uuid::Uuid;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(delete), Access::member(Permission::WritePortfolio))
}

/// Takes an event out. What a file has is remembered as taken out: importing the file again does not bring it back.
/// Twice is once.
#[utoipa::path(delete, path = "/v1/transactions/{transactionId}",
    params(("transactionId" = Uuid, Path, description = "From `GET /v1/portfolio/trades`.")),
    responses((status = 204)))]
async fn delete(State(app): State<App>, caller: Caller, Id(id): Id, _: Query<Nothing>) -> Reply {
    let remove = statement(
        "update transactions.transactions set removed_at = now()
         where transaction_id = $1 and removed_at is null returning account_id",
        [typed(&id)],
    );
    let known =
        statement("select from transactions.transactions where transaction_id = $1", [typed(&id)]);
    let (tx, [known, removed]) = app.db().enter(&caller, [known, remove]).await?;
    let Some(row) = removed.first() else {
        return if known.is_empty() {
            Err(Problem::new(NOT_FOUND))
        } else {
            Ok(StatusCode::NO_CONTENT.into_response())
        };
    };
    let account_id: Uuid = row.get("account_id");
    // Nothing would remember what was entered by hand, and nothing has to.
    let forget = statement(
        "delete from transactions.transactions where transaction_id = $1 and source = 'manual'",
        [typed(&id)],
    );
    let (subject, detail) = (id.to_string(), json!({ "accountId": account_id }));
    let audit = statement(
        "select tenant.audit('transaction.removed', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    let event = TransactionChanged { transaction_id: id, account_id };
    let event = Envelope::new(Some(caller.session()?.workspace_id), &event)?;
    tx.publish(event);
    tx.commit([forget, audit]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
