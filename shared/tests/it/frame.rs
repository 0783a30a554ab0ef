//! What surrounds every answer.

use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::{Request, Response};
use serde_json::Value;
use shared::db::statement;
use shared::http::{Reply, Route};
use shared::{Access, App, Caller, Config, Db, Permission, routes};
use testkit::Here;
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

/// Waits for something outside of Postgres while it has a lock.
#[utoipa::path(get, path = "/holds")]
async fn holds(State(db): State<Db>, caller: Caller) -> Reply {
    let lock = statement("select pg_advisory_xact_lock(29)", []);
    let _held = db.enter(&caller, [lock]).await?;
    std::future::pending().await
}

#[tokio::test]
async fn what_gives_up_in_a_transaction_leaves_no_lock_behind() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let route = Route::new(routes!(holds), Access::member(Permission::ReadPortfolio));
    // Kept to the end, for its connection would end with it.
    let app = here.app("portfolio-get")?;
    let router = route.deadline(Duration::from_secs(1)).into_router(app.clone());
    let request = Request::get("/holds").header("authorization", format!("Bearer {}", asha.token));
    let response = router.oneshot(request.body(Body::empty())?).await?;
    assert_eq!(response.status(), 503);
    let free = "select pg_try_advisory_lock(29)";
    assert!(here.admin().await?.query_one(free, &[]).await?.get::<_, bool>(0));
    drop(app);
    Ok(())
}

/// Reads beside the transaction that it has.
#[utoipa::path(get, path = "/asks-again")]
async fn asks_again(State(db): State<Db>, caller: Caller) -> Reply {
    let _held = db.enter(&caller, []).await?;
    db.read(&caller, []).await?;
    shared::http::ok(())
}

#[tokio::test]
#[cfg(debug_assertions)]
async fn a_handler_that_asks_again_for_the_connection_it_has_is_told_at_once() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let route = Route::new(routes!(asks_again), Access::member(Permission::ReadPortfolio));
    let router = route.into_router(here.app("portfolio-get")?);
    let request =
        Request::get("/asks-again").header("authorization", format!("Bearer {}", asha.token));
    let response = router.oneshot(request.body(Body::empty())?).await?;
    assert_eq!(response.status(), 500, "it panicked, and did not wait for its deadline");
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
