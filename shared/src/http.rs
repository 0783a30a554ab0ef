//! Serving one route as a Lambda function behind API Gateway.

mod extract;
mod frame;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::auth::KeyCounter;
use crate::{Access, App, Config, Outcome, Problem, telemetry};
pub use extract::{Body, Json, Query, SourceAddress, media_type, read_json};
pub use frame::RequestId;

/// A body may have this many bytes unless its route says otherwise.
pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// What a handler returns.
pub type Reply<T = Response> = Result<T, Problem>;

/// A route with its documentation and its rules, erased: a binary that serves it compiles nothing generic.
pub struct Route {
    documented: UtoipaMethodRouter<App>,
    access: Access,
    body_limit: usize,
    keys: Option<KeyCounter>,
}

impl Route {
    /// The route of `routes!(handler)` and who may call it.
    pub fn new(documented: UtoipaMethodRouter<App>, access: Access) -> Self {
        Self { documented, access, body_limit: DEFAULT_BODY_LIMIT, keys: None }
    }

    /// The same for members with this permission, and for programs with a key for it.
    pub fn for_keys_too(
        documented: UtoipaMethodRouter<App>,
        permission: crate::Permission,
    ) -> Self {
        let route = Self::new(documented, Access::MemberOrKey(permission));
        Self { keys: Some(KeyCounter::EXACT), ..route }
    }

    /// Takes bodies of up to this many bytes.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Who may call it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Its operations, for openapi.json.
    pub fn paths(&self) -> &utoipa::openapi::path::Paths {
        &self.documented.1
    }

    /// The types its operations name, for openapi.json.
    pub fn schemas(&self) -> &[(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)] {
        &self.documented.0
    }

    /// The axum router of this one route, in its frame.
    pub fn into_router(self, app: App) -> Router {
        let (_, paths, methods) = self.documented;
        let paths = paths.paths.into_keys();
        let router = paths
            .fold(Router::new(), |router, path| router.route(&path, methods.clone()))
            .layer(DefaultBodyLimit::max(self.body_limit))
            .layer(axum::middleware::from_fn(frame::operators_only))
            .layer(axum::Extension(self.access));
        let router = match self.keys {
            Some(counter) => router.layer(axum::Extension(counter)),
            None => router,
        };
        frame::around(router.with_state(app.clone()), &app)
    }
}

/// Serves a route: the whole of an HTTP function's binary.
pub fn serve(route: Route) -> Outcome {
    telemetry::run(async move {
        let app = App::new(Config::from_environment());
        if route.access.identifies() {
            let warmed = app.clone();
            let warming = async move { warmed.keys().warm(warmed.db()).await };
            // A process that is started ahead of its events is frozen as soon as it asks for one.
            if app.config().started_on_demand() {
                tokio::spawn(warming);
            } else {
                warming.await;
            }
        }
        let router = route.into_router(app);
        lambda_http::run(router).await.map_err(|err| anyhow::anyhow!(err))
    })
}

/// 200 with a JSON body.
pub fn ok<T: Serialize>(body: T) -> Reply {
    json(StatusCode::OK, &body)
}

/// JSON with another status.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Reply {
    let bytes = serde_json::to_vec(body).map_err(Problem::internal)?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((status, kind, bytes).into_response())
}
