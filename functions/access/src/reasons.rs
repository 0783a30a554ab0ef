//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// A workspace has as many keys as it may.
    pub const TOO_MANY_KEYS: Reason = Reason::new(
        Code::FailedPrecondition,
        "too_many_keys",
        "You have fifty keys in this workspace; revoke one that is not used any more.",
    );
    /// Only a key that is good can be rotated.
    pub const KEY_ENDED: Reason = Reason::new(
        Code::FailedPrecondition,
        "key_ended",
        "This key was rotated, revoked or has expired already; make a new one.",
    );
}
