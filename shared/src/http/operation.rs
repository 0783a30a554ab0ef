//! What a route is made of: a handler with its method and path, and its documentation for who asks.

use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Paths;
use utoipa::openapi::schema::Schema;
use utoipa_axum::PathItemExt;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::App;

/// The operation of a handler that `#[utoipa::path]` stands over: `routes!(handler)`.
#[macro_export]
macro_rules! routes {
    ($handler:ident) => {
        $crate::http::utoipa_axum::paste! {
            $crate::http::Operation::new::<[<__path_ $handler>], _, _>(
                $handler,
                if cfg!(debug_assertions) {
                    Some(|| $crate::http::utoipa_axum::routes!($handler))
                } else {
                    None
                },
            )
        }
    };
}

/// A handler at its method and path. Its documentation is for the contract alone: what is built in release has none, and
/// nothing writes it at the start of a function.
pub struct Operation {
    pub(super) path: String,
    pub(super) methods: MethodRouter<App>,
    document: Option<fn() -> UtoipaMethodRouter<App>>,
}

/// What openapi.json says of an operation.
pub struct Documentation {
    /// Its path, with the operation.
    pub paths: Paths,
    /// The types it names.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Operation {
    /// What [`routes!`](crate::routes) makes.
    pub fn new<P: utoipa::Path, H: Handler<T, App>, T: 'static>(
        handler: H,
        document: Option<fn() -> UtoipaMethodRouter<App>>,
    ) -> Self {
        let at = P::methods().into_iter();
        let methods = at.fold(MethodRouter::new(), |methods, method| {
            methods.on(method.to_method_filter(), handler.clone())
        });
        Self { path: P::path(), methods, document }
    }

    /// What openapi.json says of it; `None` in a release build.
    pub(super) fn documentation(&self) -> Option<Documentation> {
        let (schemas, paths, _) = (self.document?)();
        Some(Documentation { paths, schemas })
    }
}
