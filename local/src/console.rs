//! The console at `/_console`: functions, traces, queues, schedules, mails, permissions.
//!
//! Pages are made on the server and replaced by a little script when something changes. It listens
//! where the gateway does, on loopback, and takes no request that a page of another site sent or that
//! came by another name than this machine's.

mod functions;
mod others;
mod page;
mod queues;
mod traces;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{Stream, stream};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::Value;

use crate::builder::Builder;
use crate::cloud::Cloud;
use crate::doors::{self, Door};
use crate::iam::Permissions;
use crate::lambda::Lambda;
use crate::resources::Aws;
use crate::schedules::Scheduler;
use crate::template::{Function, Queue};

/// A page is told of changes at most this often.
const TELL_EVERY: Duration = Duration::from_millis(400);

/// What the console shows, cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Shown>);

impl std::ops::Deref for Console {
    type Target = Shown;

    fn deref(&self) -> &Shown {
        &self.0
    }
}

/// What the console shows.
pub struct Shown {
    functions: Vec<Function>,
    queues: Vec<Queue>,
    /// Who may call each function that has a route.
    callers: BTreeMap<String, String>,
    lambda: Lambda,
    aws: Aws,
    permissions: Permissions,
    scheduler: Scheduler,
    builder: Arc<Builder>,
    root: PathBuf,
    emulator_url: String,
    url: String,
}

impl Console {
    /// The console of a cloud.
    pub fn of(cloud: &Cloud, builder: Arc<Builder>) -> Self {
        let root = cloud.ground.root.clone();
        Self(Arc::new(Shown {
            functions: cloud.model.functions.clone(),
            queues: cloud.model.queues.clone(),
            callers: callers(&root),
            lambda: cloud.lambda.clone(),
            aws: cloud.aws.clone(),
            permissions: cloud.permissions.clone(),
            scheduler: cloud.scheduler(),
            builder,
            root,
            emulator_url: cloud.ground.emulator_url.clone(),
            url: cloud.url.clone(),
        }))
    }

    /// Its pages.
    pub fn router(self) -> Router {
        Router::new()
            .route("/_console", get(functions::list))
            .route("/_console/functions/{name}", get(functions::one))
            .route("/_console/functions/{name}/send", post(functions::send))
            .route("/_console/traces", get(traces::list))
            .route("/_console/traces/{id}", get(traces::one))
            .route("/_console/queues", get(queues::list))
            .route("/_console/queues/{queue}/redrive", post(queues::redrive_all))
            .route("/_console/queues/{queue}/redrive/{id}", post(queues::redrive_one))
            .route("/_console/schedules", get(others::schedules))
            .route("/_console/schedules/{name}/run", post(others::run))
            .route("/_console/mails", get(others::mails))
            .route("/_console/permissions", get(others::permissions))
            .route("/_console/explorer", get(others::explorer))
            .route("/_console/live", get(live))
            .route(
                "/_console/style.css",
                get(|| file("text/css", include_str!("console/style.css"))),
            )
            .route(
                "/_console/script.js",
                get(|| file("text/javascript", include_str!("console/script.js"))),
            )
            .layer(axum::middleware::from_fn(guard))
            .with_state(self)
    }
}

impl Shown {
    fn queue_url(&self, name: &str) -> String {
        queues::url(&self.emulator_url, name)
    }

    fn dead_letters_of(&self, queue: &Queue) -> Option<&Queue> {
        let arn = &queue.redrive.as_ref()?.arn;
        self.queues.iter().find(|other| arn.ends_with(&format!(":{}", other.name)))
    }

    /// Who may call a function, as openapi.json says.
    fn callers(&self, function: &str) -> &str {
        self.callers.get(function).map_or("AWS alone", String::as_str)
    }
}

fn callers(root: &std::path::Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root.join("openapi.json")).unwrap_or_default();
    let contract: Value = serde_json::from_str(&text).unwrap_or_default();
    let paths = contract["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(_, item)| item.as_object().into_iter().flatten());
    let caller = |operation: &Value| {
        let security = operation["security"].as_array().into_iter().flatten();
        let schemes: Vec<&str> = security
            .filter_map(|one| one.as_object()?.keys().next().map(String::as_str))
            .map(|scheme| match scheme {
                "awsSignature" => "operators",
                "accessToken" => "members, by token",
                scheme => scheme,
            })
            .collect();
        if schemes.is_empty() { "anyone".to_owned() } else { schemes.join(" or ") }
    };
    operations
        .filter_map(|(_, operation)| {
            Some((operation["operationId"].as_str()?.to_owned(), caller(operation)))
        })
        .collect()
}

/// Refuses what no page of ours on this machine has sent.
async fn guard(request: Request, next: Next) -> Response {
    match refusal(request.method(), request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
    }
}

/// Why a request is refused: the console is for its own pages, and whatever changes something names one.
fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let nameless = method != Method::GET && !headers.contains_key(header::ORIGIN);
    let nameless = nameless.then_some("A request that changes something names its origin.");
    doors::refusal(&Door::Own, uri, headers).or(nameless)
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

/// Tells a page that something has changed, as server-sent events.
async fn live(
    State(console): State<Console>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = console.lambda.record().changes();
    let told = stream::unfold(changes, |mut changes| async move {
        changes.changed().await.ok()?;
        tokio::time::sleep(TELL_EVERY).await;
        let version = *changes.borrow_and_update();
        Some((Ok(Event::default().data(version.to_string())), changes))
    });
    Sse::new(told).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: Method, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        refusal(&method, &"/_console".parse().unwrap(), &headers).is_some()
    }

    #[test]
    fn only_this_machines_own_pages_are_answered() {
        assert!(!refused(Method::GET, "localhost:4000", None));
        assert!(!refused(Method::GET, "[::1]:4000", None));
        assert!(!refused(Method::POST, "127.0.0.1:4000", Some("http://127.0.0.1:4000")));
        assert!(refused(Method::GET, "evil.example:4000", None));
        assert!(refused(Method::GET, "localhost.evil.example", None));
        assert!(refused(Method::GET, "localhost:4000", Some("http://evil.example")));
        assert!(refused(Method::POST, "localhost:4000", Some("http://localhost:4001")));
        assert!(refused(Method::POST, "localhost:4000", Some("null")));
        assert!(refused(Method::POST, "localhost:4000", None));
    }
}
