//! Every refusal of the service.

use shared::{Code, Reason};

/// The file's layout is not known.
pub const UNKNOWN_LAYOUT: Reason = Reason::new(
    Code::FailedPrecondition,
    "unknown_layout",
    "No table in the file has the headers of a known layout. `found` has the headers that were seen, `known` \
     those that are read; the template fits every broker.",
);
/// The file cannot be read at all.
pub const UNREADABLE_FILE: Reason =
    Reason::new(Code::FailedPrecondition, "unreadable_file", "The file cannot be read.");
/// The file is more than a statement would be.
pub const FILE_TOO_LARGE: Reason = Reason::new(
    Code::FailedPrecondition,
    "file_too_large",
    "The file holds more than a statement would.",
);
/// The file has a known header and no row that can be kept.
pub const NO_ROWS: Reason = Reason::new(
    Code::FailedPrecondition,
    "no_rows",
    "The file has no row that can be stored; `errors` and `unresolved` say why. Nothing was changed.",
);
/// It is not clear which account the file is of.
pub const ACCOUNT_REQUIRED: Reason = Reason::new(
    Code::FailedPrecondition,
    "account_required",
    "The file does not say whose account it is. Send `accountId` (see `candidates`), or `clientId`, the \
     broker's id of the client, to begin a new account; for the template also `broker`.",
);
/// The account does not exist in this workspace.
pub const NO_ACCOUNT: Reason =
    Reason::new(Code::NotFound, "account_not_found", "There is no such account in this workspace.");
/// The file is of another account than the one named.
pub const OTHER_ACCOUNT: Reason = Reason::new(
    Code::FailedPrecondition,
    "other_account",
    "The file is of another broker or client than the account it was sent for. Leave `accountId` and \
     `clientId` out to store it where it belongs.",
);

/// The statement is dated after today.
pub const FUTURE_STATEMENT: Reason = Reason::new(
    Code::FailedPrecondition,
    "future_statement",
    "The file says it is as of a day that has not come; check the date's day, month and year. Nothing was stored.",
);

/// All of them, for the documentation.
pub const ALL: &[Reason] = &[
    UNKNOWN_LAYOUT,
    UNREADABLE_FILE,
    FILE_TOO_LARGE,
    NO_ROWS,
    ACCOUNT_REQUIRED,
    NO_ACCOUNT,
    OTHER_ACCOUNT,
    FUTURE_STATEMENT,
];
