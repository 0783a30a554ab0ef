//! A panic is one request's, or one record's, and its words are nobody's.

use anyhow::Result;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use shared::http::{Reply, Route};
use shared::queue::Consumer;
use shared::routes;
use shared::{Access, App, Config, Problem};
use tower::ServiceExt;

/// Panics with what must not be seen.
#[utoipa::path(get, path = "/panics")]
async fn panics() -> Reply {
    assert!(std::hint::black_box(false), "planted-in-a-panic");
    shared::http::ok(())
}

fn app() -> App {
    App::new(Config::from_pairs([("_HANDLER", "test-panics")]))
}

async fn call(request: Request<Body>) -> Result<(u16, Value)> {
    let router = Route::new(routes!(panics), Access::Public).into_router(app());
    let response = router.oneshot(request).await?;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 10_000).await?;
    Ok((status, serde_json::from_slice(&body)?))
}

#[tokio::test]
async fn a_panic_is_a_problem_that_says_nothing_of_it() -> Result<()> {
    let (status, body) = call(Request::get("/panics").body(Body::empty())?).await?;
    assert_eq!((status, body["reason"].as_str()), (500, Some("internal")));
    assert!(!body.to_string().contains("planted"));
    let (status, body) = call(Request::get("/elsewhere").body(Body::empty())?).await?;
    assert_eq!((status, body["reason"].as_str()), (404, Some("no_such_route")));
    let (status, body) = call(Request::delete("/panics").body(Body::empty())?).await?;
    assert_eq!((status, body["reason"].as_str()), (404, Some("no_such_route")));
    Ok(())
}

#[tokio::test]
async fn a_record_that_panics_fails_alone() -> Result<()> {
    let consumer = Consumer::new(|_, body| {
        Box::pin(async move {
            assert_ne!(body, "panic", "planted-in-a-panic");
            if body == "fail" { Err(Problem::internal(anyhow::anyhow!("planted"))) } else { Ok(()) }
        })
    });
    let record = |body: &str| json!({ "messageId": body, "body": body });
    let event = json!({ "Records": [record("one"), record("panic"), record("two"), record("fail"), record("three")] });
    let delivered = consumer.deliver(&app(), event).await?;
    let failed = json!({ "batchItemFailures": [{ "itemIdentifier": "panic" }, { "itemIdentifier": "fail" }] });
    let worst = delivered.worst.map(|reason| reason.name);
    assert_eq!((delivered.answer, delivered.failed, worst), (failed, 2, Some("internal")));
    assert!(consumer.deliver(&app(), json!({})).await.is_err());
    Ok(())
}
