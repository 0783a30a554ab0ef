//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// A query with faults is not run.
    pub const INVALID_QUERY: Reason = Reason::new(
        Code::InvalidArgument,
        "invalid_query",
        "The query has faults: `faults` names all of them with their places. `POST /v1/query/validate` says the same \
         without running anything.",
    );
    /// A question has one query.
    pub const CERTIFIED_ALREADY: Reason = Reason::new(
        Code::AlreadyExists,
        "certified_already",
        "The question is certified already. Delete it first to give it another query.",
    );
    /// Nobody saw what a query by key was answered.
    pub const NOT_STORED: Reason = Reason::new(
        Code::FailedPrecondition,
        "not_stored",
        "This query was cut off or refused, or asked with a key: there is no answer of it to compare with.",
    );
}
