//! `GET /docs`: Swagger UI, on a page without anything from elsewhere.

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use shared::Access;
use shared::http::{Reply, Route};
use shared::routes;

/// The page; what it needs is beside it, under `docs/`.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>KiteMate API</title>
  <link rel="icon" href="docs/favicon-32x32.png">
  <link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/page.js"></script>
</body>
</html>
"#;

/// Scripts of this API alone, and none in the page; Swagger UI sets styles of elements. Calls go to where it came from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
