//! Calls to vendors over HTTPS: in time, measured, retried where that is safe, given up when they are down.
#![warn(missing_docs)]

mod breaker;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use shared::crypto::random;
use shared::telemetry::OutsideCall;
use shared::{App, Problem};
use transport::Client;

pub use breaker::Breaker;

/// What an answer may have of bytes: no vendor's is near it.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Longest wait for a connection; a call's own patience may be shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a request that changes nothing is sent again.
const RETRIES: u32 = 2;

/// A client, made at most once in a process.
#[derive(Clone)]
pub struct Http(Client);

/// Which vendor is called, for metrics, and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct Vendor {
    /// The name metrics have it by.
    pub name: &'static str,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

/// A request that can be sent again.
#[derive(Clone, Debug)]
pub struct Call {
    /// What metrics and traces call it.
    pub operation: &'static str,
    /// Its method; a `GET` is sent again when it fails.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Its headers, lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Bytes,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Bytes,
    /// How long to wait before asking again, where it says so.
    pub retry_after: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request could not be made: a mistake of ours or of a setting.
    #[error("the request cannot be made")]
    Request(#[source] http::Error),
    /// The vendor did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection was made, so nothing was sent. The cause names the vendor's host.
    #[error("no connection was made")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke. The cause names the vendor's host, and nothing of the request.
    #[error("the connection broke")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer was larger than any should be, or ended early.
    #[error("the answer broke off or is too large")]
    Body,
}

impl Http {
    /// The process' client; an error where no trusted certificates could be read.
    pub fn of(app: &App) -> Result<Self, Problem> {
        let made = app.once(|| {
            let made = Client::new(CONNECT_TIMEOUT).map(Self);
            made.inspect_err(|err| tracing::error!(cause = %err, "no client could be made")).ok()
        });
        made.ok_or_else(|| Problem::internal(std::io::Error::other("no client could be made")))
    }

    /// Sends a call; one that only reads is sent again when there is no answer or the vendor says that it is down.
    /// A call that changes something is sent once: whether it arrived is not known.
    pub async fn send(&self, vendor: Vendor, call: &Call) -> Result<Answer, HttpError> {
        let retries = if call.method == Method::GET { RETRIES } else { 0 };
        for attempt in 0..retries {
            match self.once(vendor, call).await {
                Ok(answer) if !is_passing(answer.status) => return Ok(answer),
                Err(HttpError::Request(err)) => return Err(HttpError::Request(err)),
                _ => tokio::time::sleep(pause(attempt)).await,
            }
        }
        self.once(vendor, call).await
    }

    /// Sends a call one time, for callers who count each attempt.
    pub async fn once(&self, vendor: Vendor, call: &Call) -> Result<Answer, HttpError> {
        let mut request = Request::builder().method(call.method.clone()).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(call.body.clone().into()).map_err(HttpError::Request)?;
        let mut measured = OutsideCall::begin(vendor.name, call.operation);
        let answered = async {
            let response = self.0.send(request).await;
            let response = response.map_err(|err| {
                if err.is_connect() {
                    HttpError::Unreachable(Box::new(err))
                } else {
                    HttpError::Connection(Box::new(err))
                }
            })?;
            let status = response.status();
            let retry_after = response.headers().get(http::header::RETRY_AFTER);
            let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
            let retry_after = retry_after.map(Duration::from_secs);
            let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
            let body = body.map_err(|_| HttpError::Body)?.to_bytes();
            Ok(Answer { status, body, retry_after })
        };
        let answer = tokio::time::timeout(vendor.timeout, answered).await;
        let answer = answer.map_err(|_| HttpError::Timeout)?;
        measured.answered(answer.as_ref().ok().map(|answer: &Answer| answer.status.as_u16()));
        answer
    }
}

/// Whether it is worth asking again at once.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 502..=504)
}

/// A pause before another attempt: twice as long each time, and never as long as somebody else's.
pub fn pause(attempt: u32) -> Duration {
    // Without randomness it is the shortest; nothing depends on it.
    let [byte] = random::<1>().unwrap_or_default();
    Duration::from_millis(100 << attempt).mul_f64(0.5 + f64::from(byte) / 256.0)
}
