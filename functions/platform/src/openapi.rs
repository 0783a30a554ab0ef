//! `GET /openapi.json`: the HTTP contract of this deployment.

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use shared::Access;
use shared::http::{Reply, Route};
use shared::routes;

/// The contract as it was when this was built.
const CONTRACT: &str = include_str!("../../../openapi.json");

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(openapi), Access::Public).any_origin()
}

/// The contract in OpenAPI 3.1; `If-None-Match` saves the body.
#[utoipa::path(get, path = "/openapi.json",
    responses((status = 200, body = Object), (status = 304, description = "The contract has not changed.")))]
async fn openapi(headers: HeaderMap) -> Reply {
    let tag = etag(CONTRACT);
    let cached = [(CACHE_CONTROL, "public, max-age=60".to_owned()), (ETAG, tag.clone())];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| matches(known, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    Ok((cached, [(CONTENT_TYPE, "application/json")], CONTRACT).into_response())
}

/// A proxy that compresses weakens the tag, and a caller may name several (RFC 9110, 13.1.2).
fn matches(known: &http::HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

fn etag(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}
