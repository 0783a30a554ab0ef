//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// The month's questions are used up.
    pub const QUERY_LIMIT_REACHED: Reason = Reason::new(
        Code::ResourceExhausted,
        "query_limit_reached",
        "The month's questions are used up; `resetsAt` says when there are new ones. Queries by `POST /v1/query/execute` and \
         certified questions are not counted.",
    );
    /// There is no model to agree to.
    pub const NO_MODEL: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_model",
        "This installation has no language model; whoever runs it puts one into the secret of models.",
    );
    /// Somebody agrees to a text that they were not shown.
    pub const OTHER_TEXT: Reason = Reason::new(
        Code::FailedPrecondition,
        "other_text",
        "The text has another version now. Show the one of `GET /v1/chat/model` and send its version.",
    );
}
