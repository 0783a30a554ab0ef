//! A Runtime API for one process at a time: it gives events and takes the time of their answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};

/// What a process did, as it is told.
#[derive(Debug)]
pub(crate) enum RuntimeEvent {
    /// It asked for an event.
    Asked(Instant),
    /// It answered one.
    Answered(Instant, Bytes),
}

/// The API, and what it has been told.
pub(crate) struct Runtime {
    /// `host:port`.
    pub(crate) address: String,
    told: mpsc::UnboundedReceiver<RuntimeEvent>,
    shared: Arc<Shared>,
    _running: oneshot::Sender<()>,
}

struct Shared {
    tell: mpsc::UnboundedSender<RuntimeEvent>,
    next: Mutex<Option<Bytes>>,
    given: Notify,
}

impl Runtime {
    /// Starts it; it ends when it is dropped, as soon as others on this thread have their turn.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (tell, told) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { tell, next: Mutex::default(), given: Notify::new() });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .fallback(|| async { StatusCode::ACCEPTED })
            .with_state(shared.clone());
        let (running, ended) = oneshot::channel::<()>();
        tokio::spawn(async move {
            tokio::select! {
                served = async { axum::serve(listener.tap_io(nodelay), router).await } => served,
                _ = ended => Ok(()),
            }
        });
        tokio::task::yield_now().await;
        Ok(Self { address, told, shared, _running: running })
    }

    /// Gives the next event.
    pub(crate) fn give(&self, event: Bytes) {
        *self.shared.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(event);
        self.shared.given.notify_one();
    }

    /// What is told next.
    pub(crate) async fn next_event(&mut self) -> Result<RuntimeEvent> {
        let told = tokio::time::timeout(std::time::Duration::from_secs(20), self.told.recv());
        told.await.context("the process says nothing")?.context("the API is gone")
    }

    /// Waits for an answer, and says when it and the question before it came.
    pub(crate) async fn answered(&mut self) -> Result<(Option<Instant>, Instant, Bytes)> {
        let mut asked = None;
        loop {
            match self.next_event().await? {
                RuntimeEvent::Asked(at) => asked = asked.or(Some(at)),
                RuntimeEvent::Answered(at, body) => return Ok((asked, at, body)),
            }
        }
    }
}

fn nodelay(stream: &mut TcpStream) {
    // Without it the kernel waits for more.
    let _ = stream.set_nodelay(true);
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let _ = shared.tell.send(RuntimeEvent::Asked(Instant::now()));
    loop {
        let given = shared.given.notified();
        if let Some(event) = shared.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let headers = [
                ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                ("lambda-runtime-deadline-ms", "4102444800000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:ap-south-1:0:function:bench",
                ),
                ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
                ("content-type", "application/json"),
            ];
            return (headers, event).into_response();
        }
        given.await;
    }
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let _ = shared.tell.send(RuntimeEvent::Answered(Instant::now(), body));
    StatusCode::ACCEPTED
}
