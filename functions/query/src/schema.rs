//! `GET /v1/query/schema`: the JSON Schema of the portfolio query language.

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use shared::http::{Reply, Route};
use shared::{Access, Problem, routes};

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(schema), Access::Public).any_origin()
}

/// The JSON Schema (draft 2020-12) of a query, with every measure and dimension, its unit and what it means.
#[utoipa::path(get, path = "/v1/query/schema",
    responses((status = 200, body = Object, content_type = "application/schema+json")))]
async fn schema() -> Reply {
    let text = serde_json::to_string(&portfolio_query::schema()).map_err(Problem::internal)?;
    let headers =
        [(CONTENT_TYPE, "application/schema+json"), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, text).into_response())
}
