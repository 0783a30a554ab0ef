//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// The account does not exist in this workspace.
    pub const NO_ACCOUNT: Reason = Reason::new(
        Code::NotFound,
        "no_such_account",
        "There is no such account in this workspace (`accountId`, or `to` of a transfer).",
    );
    /// An event is of one account and of one kind.
    pub const OTHER_EVENT: Reason = Reason::new(
        Code::FailedPrecondition,
        "other_event",
        "Account and kind of an event do not change: remove it and enter another one.",
    );

    /// What the exchange published lacks a number, or has one that no ledger could hold.
    pub const INCOMPLETE_ACTION: Reason = Reason::new(
        Code::FailedPrecondition,
        "incomplete_action",
        "The exchange's words for this action lack a number it needs, or have one beyond any holding; enter it by hand.",
    );
}
