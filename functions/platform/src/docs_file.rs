//! `GET /docs/{file}`: a file that the page at `/docs` needs.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use shared::http::{Reply, Route};
use shared::problem::reasons;
use shared::{Access, Problem, routes};
use utoipa_swagger_ui::Config;

/// Swagger UI shows the contract from beside the page. Operations stay folded, for there are many. A token that a sign-in
/// answers is used from then on, and stays in this tab; the page that Zerodha leads back to looks for it there.
const PAGE_SCRIPT: &str = r##"const KEEP = "kitemate-token";
function authorize(token) {
  if (!token) return;
  sessionStorage.setItem(KEEP, token);
  window.ui.preauthorizeApiKey("accessToken", token);
}
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: () => authorize(sessionStorage.getItem(KEEP)),
  requestInterceptor: (request) => {
    const bearer = /^Bearer (.+)$/.exec(request.headers?.Authorization ?? "");
    if (bearer) sessionStorage.setItem(KEEP, bearer[1]);
    return request;
  },
  responseInterceptor: (response) => {
    authorize(response.obj?.accessToken);
    return response;
  },
});
"##;

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(docs_file), Access::Public).any_origin()
}

/// A file of the page at `/docs`.
#[utoipa::path(get, path = "/docs/{file}",
    params(("file" = String, Path, description = "Its name.", example = "page.js")),
    responses((status = 200, content((String = "text/javascript"), (String = "text/css"), (String = "image/png")))))]
async fn docs_file(Path(file): Path<String>) -> Reply {
    let (kind, bytes) = match file.as_str() {
        "page.js" => ("text/javascript".to_owned(), PAGE_SCRIPT.as_bytes().to_vec()),
        // Of what the crate carries, what the page asks for.
        "swagger-ui.css" | "swagger-ui-bundle.js" | "favicon-32x32.png" => {
            let found = utoipa_swagger_ui::serve(&file, Arc::new(Config::from("openapi.json")));
            let found = found.map_err(|err| Problem::internal(anyhow::anyhow!("{err}")))?;
            let found = found.ok_or_else(|| Problem::internal(anyhow::anyhow!("no {file}")))?;
            (found.content_type, found.bytes.into_owned())
        }
        _ => return Err(Problem::new(reasons::NO_ROUTE)),
    };
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=86400".to_owned())];
    Ok((headers, bytes).into_response())
}
