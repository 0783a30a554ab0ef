//! `POST /v1/query/execute`: answers a query from the portfolio.

use axum::extract::State;
use serde_json::Value;
use shared::http::{Json, Reply, Route};
use shared::request::{any_object, any_text, printable};
use shared::routes;
use shared::{Access, Caller, Db, Permission};

use crate::run::{Order, QueryAnswer, run};

/// For any member, and keys with `query:read`.
pub fn route() -> Route {
    Route::new(routes!(execute), Access::MemberOrKey(Permission::Query)).computing()
}

shared::request! {
    /// A query to be answered.
    #[example({ "query": {
        "version": 1, "operation": "rank", "entity": "holding", "measures": ["weight", "value"],
        "groupBy": ["security"], "limit": 5, "sort": { "by": "weight" },
    } })]
    struct QueryExecuteRequest {
        /// In the language of `GET /v1/query/schema`.
        query: Value = any_object(),
        /// The words it stands for, kept with it in the log.
        question: Option<String> = printable(500),
        /// Where to go on: `nextCursor` of the rows before.
        cursor: Option<String> = any_text(),
    }
}

/// Answers a query. `outcome` is `answered`, `empty` (nothing matches) or `unknown` (the data cannot say, and `reason` says
/// why); a figure that is unknown has no value and a reason of its own. The query and what came of it are kept for whoever
/// asked; of a call by key the number of rows, and no figure.
#[utoipa::path(post, path = "/v1/query/execute", request_body = QueryExecuteRequest,
    responses((status = 200, body = QueryAnswer)))]
async fn execute(
    State(db): State<Db>,
    caller: Caller,
    Json(request): Json<QueryExecuteRequest>,
) -> Reply {
    let QueryExecuteRequest { query, question, cursor } = request;
    shared::http::ok(run(&db, &caller, Order { query, question, cursor }).await?)
}
