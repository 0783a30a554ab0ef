//! `GET /docs`: an explorer of the API, one page without anything from elsewhere.

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use shared::Access;
use shared::http::{Reply, Route};
use shared::routes;

/// The page reads `openapi.json` and shows what it says.
const PAGE: &str = include_str!("docs/explorer.html");

/// The page's own style and script, and calls to where it came from; nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(docs), Access::Public).any_origin()
}

/// A page to read the contract in and to try each route from.
#[utoipa::path(get, path = "/docs", responses((status = 200, body = String, content_type = "text/html")))]
async fn docs() -> Reply {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    Ok((headers, PAGE).into_response())
}
