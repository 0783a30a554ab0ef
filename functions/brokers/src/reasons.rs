//! Every refusal of the service.

use kite::KiteError;
use shared::{Code, Problem, Reason};

shared::reasons! {
    /// No Kite app is configured.
    pub const NO_APP: Reason = Reason::new(
        Code::FailedPrecondition,
        "zerodha_not_configured",
        "This installation has no Kite app; whoever runs it puts one into the secret of Kite apps.",
    );
    /// The state is not one of the caller's, or is used or too old.
    pub const STATE: Reason = Reason::new(
        Code::FailedPrecondition,
        "login_state_invalid",
        "This sign-in was not begun by you in this session, was used already or took more than ten minutes; begin again.",
    )
    .watched("RefusedTokens");
    /// Zerodha does not take the request token.
    pub const REQUEST_TOKEN: Reason = Reason::new(
        Code::FailedPrecondition,
        "request_token_refused",
        "Zerodha does not take this sign-in any more: a request token is good once and for a few minutes. Begin again.",
    );
    /// The account is connected elsewhere.
    pub const ELSEWHERE: Reason = Reason::new(
        Code::AlreadyExists,
        "connected_elsewhere",
        "This Zerodha account has a connection in another workspace or of another member. You have proved that it is \
         yours: begin again and send `moveHere` to move it.",
    );
    /// A demat account or a folio is of one account.
    pub const LINKED_ELSEWHERE: Reason = Reason::new(
        Code::AlreadyExists,
        "linked_elsewhere",
        "Another account of this workspace has these (`ids`): take them out there first.",
    );
    /// What is in a folio would be counted twice.
    pub const IMPORTED_ELSEWHERE: Reason = Reason::new(
        Code::AlreadyExists,
        "imported_elsewhere",
        "Another account of this workspace has what is in these folios: take its imports (`importIds`) back first, and import \
         the files again once the folios are linked.",
    );
    /// The app may not.
    pub const NOT_PERMITTED: Reason = Reason::new(
        Code::FailedPrecondition,
        "kite_not_permitted",
        "Zerodha does not permit this installation's Kite app to do this; signing in again changes nothing.",
    );
    /// Kite does not take what we send.
    pub const MISCONFIGURED: Reason = Reason::new(
        Code::Internal,
        "kite_app_misconfigured",
        "Zerodha does not take the requests of this installation's Kite app; whoever runs it looks at its key and secret.",
    );
    /// Too many requests.
    pub const BUSY: Reason = Reason::new(
        Code::Unavailable,
        "kite_busy",
        "Zerodha takes no more requests of this installation at the moment; try again as Retry-After says.",
    );
    /// Kite is down.
    pub const UNAVAILABLE: Reason = Reason::new(
        Code::Unavailable,
        "kite_unavailable",
        "Zerodha does not answer as it should; nothing was stored. Try again as Retry-After says, from the beginning if the \
         sign-in is no longer good.",
    );

    /// The account has a connection.
    pub const CONNECTED: Reason = Reason::new(
        Code::FailedPrecondition,
        "account_connected",
        "A connection to the broker keeps this account up to date: who made it ends it first.",
    );
    /// There is nothing that could be read.
    pub const NOT_CONNECTED: Reason = Reason::new(
        Code::FailedPrecondition,
        "not_connected",
        "No account of yours is connected here, or not this one. Connect it at GET /v1/auth/zerodha/initiate, or import a \
         file.",
    );
}

/// What Kite's error means for the caller.
pub(crate) fn of_kite(err: KiteError) -> Problem {
    let reason = match err {
        KiteError::Ours(problem) => return problem,
        KiteError::Token(_) => REQUEST_TOKEN,
        KiteError::Permission(_) => NOT_PERMITTED,
        KiteError::Input(_) => MISCONFIGURED,
        KiteError::Busy { .. } => BUSY,
        KiteError::Unavailable(_)
        | KiteError::Down { .. }
        | KiteError::NoAnswer(_)
        | KiteError::Unreadable => UNAVAILABLE,
    };
    let problem = Problem::new(reason);
    let problem = match err.retry_after_s() {
        Some(seconds) => problem.retry_after(seconds),
        None => problem,
    };
    problem.because(err)
}
