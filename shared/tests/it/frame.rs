//! What surrounds every answer.

use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, to_bytes};
use http::{Request, Response};
use serde_json::Value;
use shared::http::{Reply, Route};
use shared::{Access, App, Config, routes};
use tower::ServiceExt;

/// Never answers.
#[utoipa::path(get, path = "/waits")]
async fn waits() -> Reply {
    std::future::pending().await
}

/// A page.
#[utoipa::path(get, path = "/shows")]
async fn shows() -> Reply {
    shared::http::ok("a page")
}

async fn answer(route: Route, path: &str) -> Result<Response<Body>> {
    let router = route.into_router(App::new(Config::from_pairs([("_HANDLER", "test-frame")])));
    Ok(router.oneshot(Request::get(path).body(Body::empty())?).await?)
}

#[tokio::test]
async fn a_route_gives_up_at_its_own_deadline() -> Result<()> {
    let route = Route::new(routes!(waits), Access::Public).deadline(Duration::from_millis(20));
    let response = answer(route, "/waits").await?;
    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await?)?;
    assert_eq!(body["reason"], "timeout", "{body}");
    Ok(())
}

#[tokio::test]
async fn an_answer_stands_in_a_frame_only_where_its_route_says_so() -> Result<()> {
    let route = || Route::new(routes!(shows), Access::Public);
    let closed = answer(route(), "/shows").await?;
    assert_eq!(closed.headers()["x-frame-options"], "DENY");
    let policy = "default-src 'none'; frame-ancestors *";
    let open = answer(route().embeddable(policy), "/shows").await?;
    assert!(!open.headers().contains_key("x-frame-options"));
    assert_eq!(open.headers()["content-security-policy"], policy);
    assert_eq!(open.headers()["x-content-type-options"], "nosniff");
    Ok(())
}
