//! Every refusal and every failure, as RFC 9457 `application/problem+json`.
//!
//! A [`Problem`] carries a declared [`Reason`] and, for the log alone, its cause. Nothing of the
//! cause reaches the caller.

/// Declares reasons, and `ALL` of them for the documentation.
#[macro_export]
macro_rules! reasons {
    ($($(#[$meta:meta])* pub const $name:ident: Reason = $value:expr;)*) => {
        $($(#[$meta])* pub const $name: $crate::Reason = $value;)*

        /// All of them, for the documentation.
        pub const ALL: &[$crate::Reason] = &[$($name),*];
    };
}

pub mod reasons;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The class of a problem, one for each HTTP status in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 400: the request is malformed or breaks a rule; `errors` lists each.
    InvalidArgument,
    /// 401: no valid token, or a session that has ended.
    Unauthenticated,
    /// 403: known, but not allowed.
    PermissionDenied,
    /// 404: not there, or someone else's.
    NotFound,
    /// 409: clashes with what is there.
    AlreadyExists,
    /// 422: well-formed, but not possible in the present state.
    FailedPrecondition,
    /// 429: a limit is used up; `Retry-After` says until when.
    ResourceExhausted,
    /// 500: our fault.
    Internal,
    /// 503: something we stand on is down; worth trying again.
    Unavailable,
}

impl Code {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::FailedPrecondition => "failed_precondition",
            Self::ResourceExhausted => "resource_exhausted",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists => StatusCode::CONFLICT,
            Self::FailedPrecondition => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A declared refusal: its class, its stable word, and what to tell people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The class.
    pub code: Code,
    /// The stable word programs compare with.
    pub name: &'static str,
    /// What happened and what to do, for a person.
    pub detail: &'static str,
    /// The metric that counts it, where operators watch for it as a sign of attack.
    pub watched_as: Option<&'static str>,
}

impl Reason {
    /// Declares a reason.
    pub const fn new(code: Code, name: &'static str, detail: &'static str) -> Self {
        Self { code, name, detail, watched_as: None }
    }

    /// The same, counted by this metric.
    pub const fn watched(self, metric: &'static str) -> Self {
        Self { watched_as: Some(metric), ..self }
    }
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: the name of the field, or of the query parameter.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// How many faults of a request are listed.
const MOST_ERRORS: usize = 100;

/// A refusal or a failure, on its way to the caller and to the log.
///
/// Boxed, because every `Result` on the way carries its size.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    reason: Reason,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    more: Map<String, Value>,
    retry_after_s: Option<i64>,
    source: Option<anyhow::Error>,
}

impl Problem {
    /// A declared refusal.
    pub fn new(reason: Reason) -> Self {
        Self(Box::new(Parts {
            reason,
            detail: Cow::Borrowed(reason.detail),
            errors: Vec::new(),
            more: Map::new(),
            retry_after_s: None,
            source: None,
        }))
    }

    /// Faults of the request, all at once; of more than a hundred the first hundred, and how many there are.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let found = errors.len();
        let mut problem = Self::new(reasons::INVALID);
        problem.0.errors = errors;
        problem.0.errors.truncate(MOST_ERRORS);
        if found > MOST_ERRORS { problem.with("errorsFound", found) } else { problem }
    }

    /// One fault of the request.
    pub fn field(path: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { path: path.into(), message: message.into() }])
    }

    /// A failure of ours; the cause goes to the log.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(reasons::INTERNAL).because(cause)
    }

    /// A failure of what we stand on; the cause goes to the log.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(reasons::UNAVAILABLE).retry_after(1).because(cause)
    }

    /// Says more exactly what happened; never with the text of a cause.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Adds a member to the problem document, for programs.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.0.more.insert(name.into(), json!(value));
        self
    }

    /// Says when it is worth trying again.
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Keeps the cause for the log.
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    /// The declared reason.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&anyhow::Error> {
        self.0.source.as_ref()
    }

    /// Seconds after which another try is worth it.
    pub fn retry_after_s(&self) -> Option<i64> {
        self.0.retry_after_s
    }

    /// The document the caller sees.
    pub fn document(&self, request_id: &str) -> Value {
        let status = self.0.reason.code.status();
        let mut document = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.0.detail,
            "code": self.0.reason.code.name(),
            "reason": self.0.reason.name,
            "requestId": request_id,
        });
        if let Some(members) = document.as_object_mut() {
            if !self.0.errors.is_empty() {
                members.insert("errors".into(), json!(self.0.errors));
            }
            members.extend(self.0.more.clone());
        }
        document
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.reason.name)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
    }
}

impl From<crate::config::BadSetting> for Problem {
    fn from(err: crate::config::BadSetting) -> Self {
        Self::internal(err)
    }
}

/// The shape of every error, for openapi.json.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDocument {
    /// Always `about:blank`: the reason says what happened.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do, for a person.
    pub detail: String,
    /// The class of the problem: a stable word.
    pub code: String,
    /// What exactly: a stable word.
    pub reason: String,
    /// The id of the request, also in `x-request-id`.
    pub request_id: String,
    /// Every fault of the request, when it is the request that is wrong.
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

/// The problem travels in the response's extensions; the frame in [`crate::http`] writes the
/// body, because only it knows the request id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.reason().code.status().into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_kept_for_the_log_and_not_shown() {
        let problem = Problem::internal(anyhow::anyhow!("password=hunter2"));
        assert!(problem.cause().is_some());
        assert!(!problem.document("r").to_string().contains("hunter2"));
        assert!(!problem.to_string().contains("hunter2"));
    }

    #[test]
    fn reasons_are_distinct_words() {
        let names: std::collections::BTreeSet<_> =
            reasons::ALL.iter().map(|reason| reason.name).collect();
        assert_eq!(names.len(), reasons::ALL.len());
    }
}
