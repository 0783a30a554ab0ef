//! Lambda's Invoke API, where `cargo lambda invoke` calls.

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;

use crate::doors::{self, Door};
use crate::lambda::{Lambda, MOST_PAYLOAD_BYTES};
use crate::record::{Cause, Kind};

/// Listens on both loopback addresses: `localhost` may be either.
pub async fn bind(port: u16) -> std::io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind(("127.0.0.1", port)).await?];
    // A machine without IPv6 does without.
    if let Ok(listener) = TcpListener::bind(("::1", port)).await {
        listeners.push(listener);
    }
    Ok(listeners)
}

/// Serves the API.
pub fn serve(listeners: Vec<TcpListener>, lambda: &Lambda) -> Result<()> {
    for listener in listeners {
        let router = Router::new()
            .route("/2015-03-31/functions/{function}/invocations", post(invoke))
            .layer(DefaultBodyLimit::max(MOST_PAYLOAD_BYTES))
            .with_state(lambda.clone());
        tokio::spawn(doors::serve(listener, Door::Own, router));
    }
    Ok(())
}

fn cause() -> Cause {
    Cause::new(Kind::InvokeApi, "")
}

async fn invoke(
    State(lambda): State<Lambda>,
    Path(function): Path<String>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response {
    if !lambda.has(&function) {
        let known: Vec<&str> = lambda.names().collect();
        let message = format!("there is no function {function}; there are {}", known.join(", "));
        return (
            StatusCode::NOT_FOUND,
            [("x-amzn-errortype", "ResourceNotFoundException")],
            message,
        )
            .into_response();
    }
    if headers.get("x-amz-invocation-type").is_some_and(|kind| kind == "Event") {
        tokio::spawn(async move { lambda.call(&function, payload, cause()).await });
        return StatusCode::ACCEPTED.into_response();
    }
    let outcome = lambda.call(&function, payload, cause()).await;
    let mut response = outcome.payload.into_response();
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/json"));
    if outcome.failed {
        response
            .headers_mut()
            .insert("x-amz-function-error", http::HeaderValue::from_static("Unhandled"));
    }
    response
}
