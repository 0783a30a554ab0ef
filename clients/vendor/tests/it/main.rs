//! A vendor that fails in every way it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use axum::routing::any;
use shared::{App, Config};
use tokio::net::TcpListener;
use vendor::{Answer, Call, Http, HttpError, Vendor};

const VENDOR: Vendor = Vendor { name: "vendor", timeout: Duration::from_millis(300) };

/// Serves a vendor that answers 503 so often before it answers; answers where, and how often it was asked.
async fn vendor(failures: u32) -> Result<(String, Arc<AtomicU32>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let answer = move || {
        let before = count.fetch_add(1, Ordering::Relaxed);
        async move { if before < failures { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK } }
    };
    let router = Router::new()
        .route("/", any(answer))
        .route("/slow", any(|| tokio::time::sleep(Duration::from_secs(30))))
        .route("/large", any(|| async { Body::from(vec![b'x'; 9 * 1024 * 1024]) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, asked))
}

async fn send(method: Method, url: String) -> Result<Answer, HttpError> {
    let app = App::new(Config::from_pairs([("_HANDLER", "test-calls")]));
    let Ok(http) = Http::of(&app) else { return Err(HttpError::Timeout) };
    let call = Call {
        operation: "test",
        method,
        url,
        headers: vec![("x-test", "1".into())],
        body: "".into(),
    };
    http.send(VENDOR, &call).await
}

#[tokio::test]
async fn what_only_reads_is_sent_again_and_what_changes_something_once() -> Result<()> {
    let (url, asked) = vendor(2).await?;
    assert_eq!(send(Method::GET, url).await?.status, StatusCode::OK);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    let (url, asked) = vendor(99).await?;
    assert_eq!(send(Method::GET, url.clone()).await?.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(asked.load(Ordering::Relaxed), 3, "not for ever");
    for method in [Method::POST, Method::DELETE] {
        let before = asked.load(Ordering::Relaxed);
        assert_eq!(send(method, url.clone()).await?.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(asked.load(Ordering::Relaxed), before + 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_vendor_that_is_slow_gone_or_talks_too_much_is_an_error() -> Result<()> {
    let (url, _) = vendor(0).await?;
    assert!(matches!(send(Method::POST, format!("{url}/slow")).await, Err(HttpError::Timeout)));
    assert!(matches!(send(Method::POST, format!("{url}/large")).await, Err(HttpError::Body)));
    let gone = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?;
    assert!(matches!(
        send(Method::POST, format!("http://{gone}/")).await,
        Err(HttpError::Unreachable(_))
    ));
    assert!(matches!(send(Method::POST, "no url".into()).await, Err(HttpError::Request(_))));
    Ok(())
}
