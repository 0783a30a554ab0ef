//! Every refusal of the service.

use shared::{Code, Reason};

/// Address or password is wrong; which of them is not said.
pub const WRONG_CREDENTIALS: Reason = Reason::new(
    Code::Unauthenticated,
    "wrong_credentials",
    "The e-mail address or the password is not right.",
);
/// The mailed code is wrong.
pub const WRONG_CODE: Reason = Reason::new(
    Code::FailedPrecondition,
    "wrong_code",
    "The code is not the one that was mailed; look again.",
);
/// Too many wrong codes.
pub const TOO_MANY_ATTEMPTS: Reason = Reason::new(
    Code::FailedPrecondition,
    "too_many_attempts",
    "The code was entered wrongly five times; register again to get a new one.",
);
/// The registration is used, too old, or was never made.
pub const EXPIRED: Reason = Reason::new(
    Code::FailedPrecondition,
    "registration_expired",
    "This registration was used already or has expired; register again.",
);
/// Someone with the code registered the address meanwhile.
pub const ALREADY_REGISTERED: Reason =
    Reason::new(Code::AlreadyExists, "already_registered", "This address has an account; sign in.");

/// All of them, for the documentation.
pub const ALL: &[Reason] =
    &[WRONG_CREDENTIALS, WRONG_CODE, TOO_MANY_ATTEMPTS, EXPIRED, ALREADY_REGISTERED];
