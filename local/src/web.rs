//! A small HTTP client for what runs on this machine.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Its body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    /// Its body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Keeps its connections, for use in one runtime.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Client<HttpConnector, Full<Bytes>>);

impl Connections {
    /// Connections are let go before the emulator, after five seconds, does.
    pub(crate) fn kept() -> Self {
        let builder = &mut Client::builder(TokioExecutor::new());
        let idle = Duration::from_secs(2);
        Self(builder.pool_timer(TokioTimer::new()).pool_idle_timeout(idle).build_http())
    }

    fn not_kept() -> Self {
        Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http())
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: http::Request<Bytes>) -> Result<Answer> {
        let response = self.0.request(request.map(Full::new)).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// Sends a request.
pub async fn send(request: http::Request<Bytes>) -> Result<Answer> {
    static ONE_EACH: OnceLock<Connections> = OnceLock::new();
    // Tests have a runtime each, and a kept connection belongs to the runtime that opened it.
    ONE_EACH.get_or_init(Connections::not_kept).send(request).await
}

/// Gets a URL.
pub async fn get(url: &str) -> Result<Answer> {
    send(http::Request::get(url).body(Bytes::new())?).await
}

/// Posts JSON.
pub async fn post(url: &str, body: &Value) -> Result<Answer> {
    let request = http::Request::post(url).header("content-type", "application/json");
    send(request.body(body.to_string().into())?).await
}
