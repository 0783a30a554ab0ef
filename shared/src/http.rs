//! Serving one route as a Lambda function behind API Gateway.

mod answer;
mod conditional;
mod extract;
mod frame;
mod operation;
mod origins;
mod stream;

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse;
pub use axum::response::Response;
use futures_util::future::join;
use http::{HeaderValue, StatusCode, header};
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Adapter, StreamAdapter};
use lambda_runtime::Runtime;
use serde::Serialize;

use crate::auth::Computing;
use crate::{Access, App, Outcome, Problem, telemetry};
pub use conditional::{Conditional, ETag};
pub(crate) use extract::json_body;
pub use extract::{Body, Id, Json, Query, SourceAddress, media_type, read_json};
pub use frame::RequestId;
use frame::{DEADLINE, Frame};
pub use operation::{Documentation, Operation};
pub use stream::{Events, events};
#[doc(hidden)]
pub use utoipa_axum;

use answer::Answer;
use origins::Origins;

/// A body may have this many bytes unless its route says otherwise.
pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// What a handler returns.
pub type Reply<T = Response> = Result<T, Problem>;

/// An operation with its rules, erased: a binary that serves it compiles nothing generic.
pub struct Route {
    operation: Operation,
    access: Access,
    body_limit: usize,
    computes: bool,
    deadline: Duration,
    embeddable: Option<&'static str>,
    any_origin: bool,
    streams_for: Option<Duration>,
}

impl Route {
    /// The route of `routes!(handler)` and who may call it.
    pub fn new(operation: Operation, access: Access) -> Self {
        Self {
            operation,
            access,
            body_limit: DEFAULT_BODY_LIMIT,
            computes: false,
            deadline: DEADLINE,
            embeddable: None,
            any_origin: false,
            streams_for: None,
        }
    }

    /// Takes bodies of up to this many bytes.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Answers within this time, or says that it could not. The function's timeout in template.yaml is to be longer.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Is public: pages of any origin may read its answers, and not only those of this deployment.
    pub fn any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// May stand in a frame of another page, under this content-security policy. It is public then.
    pub fn embeddable(mut self, policy: &'static str) -> Self {
        self.embeddable = Some(policy);
        self.any_origin()
    }

    /// Answers by [`events`], which may go on for so long. Its binary is served by [`serve_streaming`].
    pub fn streaming(mut self, within: Duration) -> Self {
        self.streams_for = Some(within);
        self
    }

    /// How long its answers may go on, if they are streams.
    pub fn streams_for(&self) -> Option<Duration> {
        self.streams_for
    }

    /// Works a whole book out: each person has a fair share of such requests.
    pub fn computing(mut self) -> Self {
        self.computes = true;
        self
    }

    /// Whether it works a whole book out.
    pub fn computes(&self) -> bool {
        self.computes
    }

    /// Whether pages of any origin may read its answers.
    pub fn is_for_any_origin(&self) -> bool {
        self.any_origin
    }

    /// Who may call it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// What openapi.json says of it; `None` in a release build.
    pub fn documentation(&self) -> Option<Documentation> {
        self.operation.documentation()
    }

    /// The axum router of this one route, in its frame.
    pub fn into_router(self, app: App) -> Router {
        let Operation { path, methods, .. } = self.operation;
        let mut router = Router::new().route(&path, methods);
        if self.computes {
            router = router.layer(axum::Extension(Computing));
        }
        let router = router
            .layer(DefaultBodyLimit::max(self.body_limit))
            .layer(axum::middleware::from_fn(frame::operators_only))
            .layer(axum::Extension(self.access));
        let origins = match self.any_origin {
            true => Origins::Any,
            false => Origins::of(app.config()),
        };
        let frame = Frame {
            computes: self.computes,
            deadline: self.deadline,
            embeddable: self.embeddable,
            origins,
            streams_for: self.streams_for.unwrap_or(self.deadline),
        };
        frame::around(router.with_state(app.clone()), &app, frame)
    }
}

/// Serves a route: the whole of an HTTP function's binary.
pub fn serve(route: Route) -> Outcome {
    serve_by(route, |router| {
        let answers = ServiceBuilder::new().map_response(Answer).service(router);
        Runtime::new(Adapter::from(answers)).run()
    })
}

/// Serves a route that answers in streams: the whole of such a function's binary. Every answer of it travels so, refusals
/// too, for its integration in API Gateway expects no other.
pub fn serve_streaming(route: Route) -> Outcome {
    serve_by(route, |router| Runtime::new(StreamAdapter::from(router)).run())
}

/// `runtime` makes what answers events by a router. It makes it at once, and runs it when it is awaited.
fn serve_by<F>(route: Route, runtime: impl FnOnce(Router) -> F) -> Outcome
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    telemetry::run(|config| async move {
        let app = App::new(config);
        let identifies = route.access.identifies();
        let database = async { identifies && app.db().warm().await };
        let runtime = async { (runtime(route.into_router(app.clone())),) };
        // In this order: while the database is connected, what answers is put together.
        let (connected, (runtime,)) = join(database, runtime).await;
        if connected {
            // Asked for before the first event is, whose token they are for: both are on their way together.
            tokio::spawn(async move { app.keys().warm(app.db()).await });
            tokio::task::yield_now().await;
        }
        runtime.await.map_err(|err| anyhow::anyhow!(err))
    })
}

/// 200 with a JSON body.
pub fn ok<T: Serialize>(body: T) -> Reply {
    json(StatusCode::OK, &body)
}

/// JSON with another status.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Reply {
    let bytes = crate::json::to_vec(body).map_err(Problem::internal)?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((status, kind, bytes).into_response())
}
