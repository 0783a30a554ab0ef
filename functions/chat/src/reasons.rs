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
}
