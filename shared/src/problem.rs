//! Every refusal and every failure, as RFC 9457 `application/problem+json`.
//!
//! A [`Problem`] carries a declared [`Reason`] and, for the log alone, its cause. Nothing of the
//! cause reaches the caller.

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
}

impl Reason {
    /// Declares a reason.
    pub const fn new(code: Code, name: &'static str, detail: &'static str) -> Self {
        Self { code, name, detail }
    }
}

/// The reasons of the shared crate; every service has its own beside them.
pub mod reasons {
    use super::{Code, Reason};

    /// The request has faults, listed in `errors`.
    pub const INVALID: Reason =
        Reason::new(Code::InvalidArgument, "invalid_request", "The request has faults; see errors for each of them.");
    /// The body is not JSON.
    pub const MALFORMED_JSON: Reason =
        Reason::new(Code::InvalidArgument, "malformed_json", "The body is not valid JSON; send one JSON object.");
    /// The body is of another kind than the route takes.
    pub const CONTENT_TYPE: Reason = Reason::new(
        Code::InvalidArgument,
        "wrong_content_type",
        "This route does not take a body of that Content-Type; its documentation says which it takes.",
    );
    /// The body is too large.
    pub const TOO_LARGE: Reason = Reason::new(
        Code::InvalidArgument,
        "body_too_large",
        "The body is larger than this route takes; send less at a time.",
    );
    /// No such route.
    pub const NO_ROUTE: Reason =
        Reason::new(Code::NotFound, "no_such_route", "Nothing answers at this method and path; see /openapi.json.");
    /// No token came with the request.
    pub const NO_TOKEN: Reason = Reason::new(
        Code::Unauthenticated,
        "token_missing",
        "This route needs an access token; send it as `Authorization: Bearer …`.",
    );
    /// The token is not one of ours, or not valid now.
    pub const BAD_TOKEN: Reason = Reason::new(
        Code::Unauthenticated,
        "token_invalid",
        "The access token is not valid here or has expired; sign in again.",
    );
    /// The session of the token has ended.
    pub const SESSION_ENDED: Reason =
        Reason::new(Code::Unauthenticated, "session_ended", "The session has ended; sign in again.");
    /// The role does not permit this.
    pub const ROLE: Reason = Reason::new(
        Code::PermissionDenied,
        "role_not_allowed",
        "Your role in this workspace does not allow this; ask its owner.",
    );
    /// Not (or no longer) a member.
    pub const NOT_A_MEMBER: Reason = Reason::new(
        Code::PermissionDenied,
        "not_a_member",
        "You are not a member of this workspace; switch to one of yours.",
    );
    /// For operators, by AWS signature.
    pub const OPERATOR: Reason = Reason::new(
        Code::PermissionDenied,
        "operators_only",
        "This route is for operators: sign the request with AWS credentials that may call it.",
    );
    /// There is no such thing for this caller.
    pub const NOT_FOUND: Reason =
        Reason::new(Code::NotFound, "not_found", "There is no such thing in this workspace.");
    /// A limit is used up.
    pub const LIMITED: Reason = Reason::new(
        Code::ResourceExhausted,
        "rate_limited",
        "Too many requests of this kind; wait as long as Retry-After says.",
    );
    /// The key was used for another request.
    pub const KEY_REUSED: Reason = Reason::new(
        Code::FailedPrecondition,
        "idempotency_key_reused",
        "This Idempotency-Key was used with another body; use a new key for a new request.",
    );
    /// Our fault.
    pub const INTERNAL: Reason = Reason::new(
        Code::Internal,
        "internal",
        "Something went wrong on our side; nothing was stored. Quote the requestId when you report it.",
    );
    /// Something we stand on is down.
    pub const UNAVAILABLE: Reason = Reason::new(
        Code::Unavailable,
        "unavailable",
        "A part of the service is not reachable right now; try again in a few seconds.",
    );
    /// It took too long.
    pub const TIMEOUT: Reason =
        Reason::new(Code::Unavailable, "timeout", "The request took too long and was given up; try again.");

    /// All of them, for the documentation.
    pub const ALL: &[Reason] = &[
        INVALID,
        MALFORMED_JSON,
        CONTENT_TYPE,
        TOO_LARGE,
        NO_ROUTE,
        NO_TOKEN,
        BAD_TOKEN,
        SESSION_ENDED,
        ROLE,
        NOT_A_MEMBER,
        OPERATOR,
        NOT_FOUND,
        LIMITED,
        KEY_REUSED,
        INTERNAL,
        UNAVAILABLE,
        TIMEOUT,
    ];
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: the name of the field, or of the query parameter.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A refusal or a failure, on its way to the caller and to the log.
#[derive(Debug)]
pub struct Problem {
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
        let detail = Cow::Borrowed(reason.detail);
        Self { reason, detail, errors: Vec::new(), more: Map::new(), retry_after_s: None, source: None }
    }

    /// Faults of the request, all at once.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(reasons::INVALID) }
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
        Self { retry_after_s: Some(1), ..Self::new(reasons::UNAVAILABLE) }.because(cause)
    }

    /// Says more exactly what happened; never with the text of a cause.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds a member to the problem document, for programs.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.more.insert(name.into(), json!(value));
        self
    }

    /// Says when it is worth trying again.
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Keeps the cause for the log.
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// The declared reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&anyhow::Error> {
        self.source.as_ref()
    }

    /// Seconds after which another try is worth it.
    pub fn retry_after_s(&self) -> Option<i64> {
        self.retry_after_s
    }

    /// The document the caller sees.
    pub fn document(&self, request_id: &str) -> Value {
        let status = self.reason.code.status();
        let mut document = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.detail,
            "code": self.reason.code.name(),
            "reason": self.reason.name,
            "requestId": request_id,
        });
        if let Some(members) = document.as_object_mut() {
            if !self.errors.is_empty() {
                members.insert("errors".into(), json!(self.errors));
            }
            members.extend(self.more.clone());
        }
        document
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason.name)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
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
        let mut response = self.reason.code.status().into_response();
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
        let names: std::collections::BTreeSet<_> = reasons::ALL.iter().map(|reason| reason.name).collect();
        assert_eq!(names.len(), reasons::ALL.len());
    }
}
