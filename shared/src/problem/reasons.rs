//! The reasons of the shared crate; every service has its own beside them.

use super::{Code, Reason};

reasons! {
    /// More work than an answer may be.
    pub const TOO_MUCH_WORK: Reason = Reason::new(
        Code::FailedPrecondition,
        "too_much_work",
        "Answering this takes too much work. Choose fewer groups, larger parts of time or a shorter time.",
    );
    /// The page that a cursor leads to is not there any more.
    pub const CURSOR_GONE: Reason = Reason::new(
        Code::FailedPrecondition,
        "cursor_gone",
        "The data have changed since the page before, and the row it ended with is gone. Begin again without `cursor`.",
    );
    /// The plan of whoever pays for the workspace does not have this.
    pub const PRO_ONLY: Reason = Reason::new(
        Code::PermissionDenied,
        "pro_only",
        "This is part of Pro. Whoever pays for the workspace can change its plan.",
    );
    /// The request has faults, listed in `errors`.
    pub const INVALID: Reason = Reason::new(
        Code::InvalidArgument,
        "invalid_request",
        "The request has faults; see errors for each of them.",
    );
    /// The body is not JSON.
    pub const MALFORMED_JSON: Reason = Reason::new(
        Code::InvalidArgument,
        "malformed_json",
        "The body is not valid JSON; send one JSON object.",
    );
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
    pub const NO_ROUTE: Reason = Reason::new(
        Code::NotFound,
        "no_such_route",
        "Nothing answers at this method and path; see /openapi.json.",
    );
    /// No token came with the request.
    pub const NO_TOKEN: Reason = Reason::new(
        Code::Unauthenticated,
        "token_missing",
        "This route needs an access token; send it as `Authorization: Bearer …`.",
    );
    /// Neither a token nor a key came with the request.
    pub const NO_TOKEN_OR_KEY: Reason = Reason::new(
        Code::Unauthenticated,
        "credential_missing",
        "This route needs an access token as `Authorization: Bearer …`, or an API key as `x-api-key`.",
    );
    /// A token and a key came together.
    pub const TWO_CREDENTIALS: Reason = Reason::new(
        Code::InvalidArgument,
        "two_credentials",
        "Send an access token or an API key, not both.",
    );
    /// The API key is none, or not good any more.
    pub const BAD_KEY: Reason = Reason::new(
        Code::Unauthenticated,
        "key_invalid",
        "The API key is not one of this API's, was revoked or has expired; make another.",
    )
    .watched("RefusedTokens");
    /// The API key was not given this scope.
    pub const SCOPE: Reason = Reason::new(
        Code::PermissionDenied,
        "scope_not_granted",
        "The API key was not given the scope that this route needs; make one that has it.",
    );
    /// The token is not one of ours, or not valid now.
    pub const BAD_TOKEN: Reason = Reason::new(
        Code::Unauthenticated,
        "token_invalid",
        "The access token is not one of this API's; sign in again.",
    )
    .watched("RefusedTokens");
    /// The token was one of ours, and its time is over.
    pub const TOKEN_EXPIRED: Reason = Reason::new(
        Code::Unauthenticated,
        "token_expired",
        "The access token has expired; sign in again.",
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
    /// Nobody is left who leads the organisation's workspace.
    pub const LEADERLESS: Reason = Reason::new(
        Code::PermissionDenied,
        "workspace_read_only",
        "No owner or admin of this organisation is confirmed any more; the workspace can only be read until one signs in.",
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
    )
    .watched("Lockouts");
    /// What would be stored makes lots that are too much work.
    pub const TOO_MANY_LOT_STEPS: Reason = Reason::new(
        Code::FailedPrecondition,
        "too_many_lot_steps",
        "With this, a security would have so many lots, and events that touch each of them, that nobody could work its lots \
         out in time; `securities` names it. Nothing of this request was stored; of a file read in portions, those before this \
         one were. Remove splits, transfers or other events that were not meant.",
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
    pub const TIMEOUT: Reason = Reason::new(
        Code::Unavailable,
        "timeout",
        "The request took too long and was given up; try again.",
    );
}
