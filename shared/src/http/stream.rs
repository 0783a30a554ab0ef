//! Answers that arrive as they are worked out: Server-Sent Events over API Gateway's response streaming.
//!
//! Sources: "Server-sent events", HTML standard; "Stream the integration response for your proxy integrations",
//! API Gateway developer guide: 15 minutes at most, and 5 without a byte.

use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::{FutureExt, stream};
use http::header::{self, HeaderValue};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::frame::SETTLES_WITHIN;
use crate::problem::reasons;
use crate::telemetry::{self, Invocation};
use crate::{App, Problem, Reason};

/// A comment after so long without an event keeps everything between here and the client from giving up.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that may wait for the client to take them; then the work waits.
const MOST_WAITING: usize = 16;

/// What a stream is about to send.
#[derive(Clone)]
pub struct Events(mpsc::Sender<Bytes>);

impl Events {
    /// Sends an event with JSON. Waits while the client is behind.
    pub async fn send<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), Problem> {
        let data = crate::json::to_vec(data).map_err(Problem::internal)?;
        self.write(event, &data).await;
        Ok(())
    }

    async fn write(&self, event: &str, data: &[u8]) {
        // JSON has its line breaks escaped, so one line of data is all of it.
        let text = [b"event: ", event.as_bytes(), b"\ndata: ", data, b"\n\n"].concat();
        // When nobody takes it, the work is about to be dropped.
        let _ = self.0.send(text.into()).await;
    }
}

type Working = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send>>;

/// The work of a stream, until its frame begins it.
#[derive(Clone)]
pub(super) struct Work(Arc<Mutex<Option<Begin>>>);

type Begin = Box<dyn FnOnce(Events) -> Working + Send>;

/// An answer of Server-Sent Events that `work` sends one by one.
///
/// The work begins once the handler has returned, with no transaction of it left. What it leaves uncommitted is rolled
/// back when it ends. A problem that it ends with, its panic and its deadline ([`Route::streaming`](super::Route::streaming))
/// become a last event `error` with a problem document. It must hold no transaction while it sends, for sending waits for the
/// client. Nobody tells a function that its client left: the work goes on.
pub fn events<F>(work: impl FnOnce(Events) -> F + Send + 'static) -> Response
where
    F: Future<Output = Result<(), Problem>> + Send + 'static,
{
    let begin: Begin = Box::new(|events| Box::pin(work(events)));
    let mut response = Response::new(Body::empty());
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.extensions_mut().insert(Work(Arc::new(Mutex::new(Some(begin)))));
    response
}

/// A stream that goes on: the events that wait, the work that sends them, and the invocation that ends with it.
struct Streaming {
    events: mpsc::Receiver<Bytes>,
    /// A task of its own: only what it sends waits for the client.
    work: Option<JoinHandle<Option<Reason>>>,
    invocation: Option<Invocation>,
    refusal: Option<Reason>,
}

/// Begins the work that a response carries. Gives the invocation back when it carries none.
pub(super) fn begin(
    response: &mut Response,
    app: &App,
    mut invocation: Invocation,
    id: &str,
    within: Duration,
) -> Result<(), Invocation> {
    let work = response.extensions_mut().remove::<Work>();
    let begin = work.and_then(|work| work.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    let Some(begin) = begin else { return Err(invocation) };
    invocation.answers();
    let (out, events) = mpsc::channel(MOST_WAITING);
    let out = Events(out);
    let (app, id) = (app.clone(), id.to_owned());
    let work = invocation.alone_during(async move {
        let work = AssertUnwindSafe(async { begin(out.clone()).await });
        let ended = timeout_at(Instant::now() + within, work.catch_unwind()).await;
        let _ = timeout_at(Instant::now() + SETTLES_WITHIN, app.settle()).await;
        let problem = match ended {
            Ok(Ok(done)) => done.err()?,
            Ok(Err(_)) => telemetry::panicked(),
            Err(_) => Problem::new(reasons::TIMEOUT).because(anyhow::anyhow!("the stream gave up")),
        };
        telemetry::report(&problem, "stream");
        out.write("error", problem.document(&id).to_string().as_bytes()).await;
        Some(problem.reason())
    });
    let streaming = Streaming {
        events,
        work: Some(tokio::spawn(work)),
        invocation: Some(invocation),
        refusal: None,
    };
    let stream = stream::unfold(streaming, |mut streaming| async move {
        let bytes = streaming.next().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), streaming))
    });
    *response.body_mut() = Body::from_stream(stream);
    Ok(())
}

impl Streaming {
    /// The next bytes; `None` once the work has ended and everything it sent was taken.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let Self { events, work, .. } = self;
            let working = async {
                match work {
                    Some(work) => work.await.unwrap_or_default(),
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => return Some(event),
                    None => break,
                },
                refusal = working => {
                    // What it sent is still to be taken; nothing comes after it, whoever kept a sender.
                    (self.work, self.refusal) = (None, refusal);
                    self.events.close();
                }
                () = tokio::time::sleep(HEARTBEAT) => return Some(Bytes::from_static(b": \n\n")),
            }
        }
        if let Some(invocation) = self.invocation.take() {
            invocation.end(self.refusal);
        }
        None
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            work.abort();
        }
        if let Some(invocation) = self.invocation.take() {
            invocation.end_left();
        }
    }
}
