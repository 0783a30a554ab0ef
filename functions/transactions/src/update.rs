//! `PATCH /v1/transactions/{transactionId}`: corrects an event of the ledger.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use shared::db::statement;
use shared::events::{Envelope, TransactionChanged};
use shared::http::{Id, Json, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};
use stores::budget;
use uuid::Uuid;

use crate::entry::{Draft, TransactionCorrection};
use crate::reasons;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(update), Access::member(Permission::WritePortfolio))
}

/// Corrects an event: what is sent replaces what is stored, the rest stays; a quantity alone keeps the price. Account and
/// kind do not change. An event
/// from a file stays corrected when the file is imported again.
#[utoipa::path(patch, path = "/v1/transactions/{transactionId}", request_body = TransactionCorrection,
    params(("transactionId" = Uuid, Path, description = "From `GET /v1/portfolio/trades`.")),
    responses((status = 204)))]
async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Json(correction): Json<TransactionCorrection>,
) -> Reply {
    if correction == TransactionCorrection::default() {
        return Err(Problem::field("body", "says nothing that changes"));
    }
    if correction.account_id.is_some() || correction.kind.is_some() {
        return Err(Problem::new(reasons::OTHER_EVENT));
    }
    let find = statement(
        "select account_id, kind, market, isin, folio, name, on_date, at_time, venue, exchange, quantity, amount, charges,
                stt, terms
         from transactions.transactions where transaction_id = $1 and removed_at is null for update",
        [typed(&id)],
    );
    let accounts = statement("select account_id from brokers.accounts", []);
    let (tx, [rows, accounts]) = app.db().enter(&caller, [find, accounts]).await?;
    let checked = match rows.first() {
        None => Err(Problem::new(NOT_FOUND)),
        Some(row) => {
            let draft = Draft::from(correction).over(row);
            draft.and_then(|draft| draft.checked(clock::india_day(clock::now())))
        }
    };
    let known: Vec<Uuid> = accounts.iter().map(|row| row.get("account_id")).collect();
    let checked = checked.and_then(|entry| {
        let known = entry.accounts().iter().all(|account| known.contains(account));
        known.then_some(entry).ok_or_else(|| Problem::new(reasons::NO_ACCOUNT))
    });
    let entry = checked?;
    let (subject, detail) = (id.to_string(), json!({ "accountId": entry.account_id }));
    let audit = statement(
        "select tenant.audit('transaction.corrected', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    let event = TransactionChanged { transaction_id: id, account_id: entry.account_id };
    let event = Envelope::new(Some(caller.session()?.workspace_id), &event)?;
    let [_, counts] = tx.batch([entry.update(&id), budget::counts()]).await?;
    budget::check(&tx, &counts).await?;
    tx.publish(event);
    tx.commit([audit]).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
