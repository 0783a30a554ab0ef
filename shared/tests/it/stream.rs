//! Streams by their frame alone; testkit/tests has them through the local gateway.

use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, to_bytes};
use http::Request;
use shared::http::{Reply, Route, events};
use shared::{Access, App, Config, routes};
use tower::ServiceExt;

/// Sends an event and panics.
#[utoipa::path(get, path = "/panics")]
async fn panics() -> Reply {
    Ok(events(|events| async move {
        events.send("first", &1).await?;
        panic!("on purpose")
    }))
}

/// Ends while somebody else keeps a sender and uses it.
#[utoipa::path(get, path = "/keeps")]
async fn keeps() -> Reply {
    Ok(events(|events| async move {
        let kept = events.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            kept.send("late", &2).await
        });
        events.send("first", &1).await
    }))
}

/// Sends more than waits for a client, whose answer is read late.
#[utoipa::path(get, path = "/many")]
async fn many() -> Reply {
    Ok(events(|events| async move {
        for number in 0..100 {
            events.send("number", &number).await?;
        }
        Ok(())
    }))
}

async fn stream(route: Route, path: &str) -> Result<String> {
    let app = App::new(Config::from_pairs([("_HANDLER", "test-stream")]));
    let router = route.streaming(Duration::from_secs(5)).into_router(app);
    let response = router.oneshot(Request::get(path).body(Body::empty())?).await?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let body = to_bytes(response.into_body(), 100_000).await?;
    Ok(String::from_utf8(body.to_vec())?)
}

#[tokio::test]
async fn a_panic_ends_a_stream_with_an_error_that_says_nothing_of_it() -> Result<()> {
    let text = stream(Route::new(routes!(panics), Access::Public), "/panics").await?;
    let (first, error) = text.split_once("event: error\ndata: ").unwrap_or_default();
    assert_eq!(first, "event: first\ndata: 1\n\n");
    assert!(error.contains("\"reason\":\"internal\"") && !error.contains("on purpose"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_its_work_whoever_keeps_a_sender() -> Result<()> {
    let text = stream(Route::new(routes!(keeps), Access::Public), "/keeps").await?;
    assert_eq!(text, "event: first\ndata: 1\n\n");
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_behind_gets_every_event_in_order() -> Result<()> {
    let text = stream(Route::new(routes!(many), Access::Public), "/many").await?;
    let expected: String =
        (0..100).map(|number| format!("event: number\ndata: {number}\n\n")).collect();
    assert_eq!(text, expected);
    Ok(())
}
