//! `POST /v1/query/validate`: whether a query can be asked, and what it asks.

use axum::extract::State;
use portfolio_query::{Query, describe};
use serde::Serialize;
use serde_json::Value;
use shared::http::{Json, Reply, Route};
use shared::request::any_object;
use shared::routes;
use shared::{Access, Caller, Db, Permission};
use utoipa::ToSchema;

use crate::run::{QueryFault, named};

/// For any member, and keys with `query:read`.
pub fn route() -> Route {
    Route::new(routes!(validate), Access::MemberOrKey(Permission::Query))
}

shared::request! {
    /// A query.
    #[example({ "query": {
        "version": 1, "operation": "rank", "entity": "holding", "measures": ["weight", "value"],
        "groupBy": ["security"], "limit": 5, "sort": { "by": "weight" },
    } })]
    struct QueryValidateRequest {
        /// In the language of `GET /v1/query/schema`.
        query: Value = any_object(),
    }
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueryValidation {
    /// Whether it can be asked.
    valid: bool,
    /// The query with everything that it says by default; null when it has faults.
    #[schema(value_type = Option<Object>)]
    query: Option<Value>,
    /// What it asks, in words; null when it has faults.
    description: Option<String>,
    /// What is wrong with it, all at once; empty when nothing is.
    faults: Vec<QueryFault>,
}

/// Reads a query without running it. A query with faults is an answer, not an error: `valid` is false then.
#[utoipa::path(post, path = "/v1/query/validate", request_body = QueryValidateRequest,
    responses((status = 200, body = QueryValidation)))]
async fn validate(
    State(db): State<Db>,
    caller: Caller,
    Json(request): Json<QueryValidateRequest>,
) -> Reply {
    // Whether the caller may ask at all is for the database to say.
    let [] = db.read(&caller, []).await?;
    shared::http::ok(match Query::read(&request.query) {
        Ok(query) => QueryValidation {
            valid: true,
            description: Some(describe(&query)),
            query: Some(query.to_json()),
            faults: Vec::new(),
        },
        Err(faults) => {
            QueryValidation { valid: false, query: None, description: None, faults: named(faults) }
        }
    })
}
