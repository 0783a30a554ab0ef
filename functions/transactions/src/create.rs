//! `POST /v1/transactions`: enters an event of the ledger by hand.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use shared::db::statement;
use shared::events::{Envelope, TransactionChanged};
use shared::http::{Reply, Route};
use shared::idempotency::{IdempotencyKey, Idempotent};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};
use stores::budget;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::entry::{Draft, TransactionRequest};
use crate::reasons;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(create), Access::member(Permission::WritePortfolio))
}

/// What was entered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Created {
    transaction_id: Uuid,
}

/// Enters a trade, an allotment, a corporate action, a transfer, income or a charge. Lots, gains and returns follow by
/// themselves. What a kind needs and lacks is said all at once.
#[utoipa::path(post, path = "/v1/transactions", request_body = TransactionRequest,
    params(IdempotencyKey),
    responses((status = 201, body = Created)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Idempotent { request, claim }: Idempotent<TransactionRequest>,
) -> Reply {
    let entry = Draft::from(request).checked(clock::india_day(clock::now()))?;
    let wanted = entry.accounts();
    let known = statement(
        "select account_id from brokers.accounts where account_id = any ($1)",
        [typed(&wanted)],
    );
    let (tx, [claimed, known]) = app.db().enter(&caller, [claim.statement(), known]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    if known.len() < wanted.len() {
        return Err(Problem::new(reasons::NO_ACCOUNT));
    }
    let transaction_id = Uuid::now_v7();
    let reply = json!(Created { transaction_id });
    let (source_key, subject) = (format!("manual|{transaction_id}"), transaction_id.to_string());
    let detail = json!({ "accountId": entry.account_id });
    let audit = statement(
        "select tenant.audit('transaction.created', $1, $2)",
        [typed(&subject), typed(&detail)],
    );
    let event = TransactionChanged { transaction_id, account_id: entry.account_id };
    let event = Envelope::new(Some(caller.session()?.workspace_id), &event)?;
    let insert = entry.insert(&transaction_id, &source_key);
    let [_, counts] = tx.batch([insert, budget::counts()]).await?;
    budget::check(&tx, &counts).await?;
    tx.publish(event);
    tx.commit([audit, claim.store(&reply)]).await?;
    shared::http::json(StatusCode::CREATED, &reply)
}
