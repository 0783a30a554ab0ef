//! `GET /health`: whether functions run at all; it asks nothing of anything else.

use serde::Serialize;
use shared::Access;
use shared::http::{Reply, Route};
use shared::routes;
use utoipa::ToSchema;

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(health), Access::Public).any_origin()
}

#[derive(Serialize, ToSchema)]
#[schema(as = ServiceHealth)]
struct Health {
    /// Always `ok`: a function that cannot run cannot answer.
    status: &'static str,
    /// The version that is deployed.
    version: &'static str,
}

/// Answers as long as functions run; `/ready` asks whether what they stand on does.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health)))]
async fn health() -> Reply {
    shared::http::ok(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
