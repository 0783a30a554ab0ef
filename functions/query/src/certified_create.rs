//! `POST /v1/query/certified`: says which query answers a question.

use axum::extract::State;
use http::StatusCode;
use portfolio_query::understand::words_of;
use portfolio_query::{Query, describe};
use serde::Serialize;
use serde_json::Value;
use shared::db::statement;
use shared::http::{Json, Reply, Route};
use shared::request::{any_object, printable};
use shared::routes;
use shared::{Access, Caller, Db, Permission, Problem, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::reasons::{CERTIFIED_ALREADY, INVALID_QUERY};
use crate::run::named;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(certified_create), Access::member(Permission::WritePortfolio))
}

shared::request! {
    /// A question and the query that answers it.
    #[example({ "question": "How are we doing?", "query": {
        "version": 1, "operation": "aggregate", "entity": "holding", "measures": ["value", "unrealised_gain"],
    } })]
    struct CertifiedRequest {
        /// As people ask it; small letters, signs and spaces make no difference.
        question: String = printable(500),
        /// In the language of `GET /v1/query/schema`.
        query: Value = any_object(),
    }
}

/// A question that somebody checked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CertifiedQuestion {
    pub(crate) certified_id: Uuid,
    pub(crate) question: String,
    /// The query that answers it.
    #[schema(value_type = Object)]
    pub(crate) query: Value,
    /// What the query asks, in words; null of a query that this version does not read any more.
    pub(crate) description: Option<String>,
    /// Who checked it.
    pub(crate) user_id: Uuid,
    pub(crate) created_at: Timestamp,
}

/// Certifies a question of the workspace: whoever of it asks the question gets the answer to the query, before anything else
/// is tried, and it is not counted.
#[utoipa::path(post, path = "/v1/query/certified", request_body = CertifiedRequest,
    responses((status = 201, body = CertifiedQuestion)))]
async fn certified_create(
    State(db): State<Db>,
    caller: Caller,
    Json(request): Json<CertifiedRequest>,
) -> Reply {
    let query = match Query::read(&request.query) {
        Ok(query) => query,
        Err(faults) => return Err(Problem::new(INVALID_QUERY).with("faults", named(faults))),
    };
    let words = words_of(&request.question);
    if words.is_empty() {
        return Err(Problem::field("question", "must have a word"));
    }
    let (id, written) = (Uuid::now_v7(), query.to_json());
    let insert = statement(
        "insert into query.certified (workspace_id, certified_id, question, words, query, user_id)
         values (tenant.workspace(), $1, $2, $3, $4, tenant.person())
         on conflict on constraint certified_words do nothing returning user_id, created_at",
        [typed(&id), typed(&request.question), typed(&words), typed(&written)],
    );
    let (tx, [rows]) = db.enter(&caller, [insert]).await?;
    let Some(row) = rows.first() else { return Err(Problem::new(CERTIFIED_ALREADY)) };
    let made = CertifiedQuestion {
        certified_id: id,
        question: request.question,
        query: written,
        description: Some(describe(&query)),
        user_id: row.get("user_id"),
        created_at: row.try_get("created_at").unwrap_or_else(|_| clock::now()),
    };
    let subject = id.to_string();
    let detail = serde_json::json!({ "question": made.question });
    let audit = "select tenant.audit('question.certified', $1, $2)";
    tx.commit([statement(audit, [typed(&subject), typed(&detail)])]).await?;
    shared::http::json(StatusCode::CREATED, &made)
}
