//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
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
    /// A consolidated statement of several demat accounts.
    pub const SEVERAL_DEMAT_ACCOUNTS: Reason = Reason::new(
        Code::FailedPrecondition,
        "several_demat_accounts",
        "The file has several demat accounts, or none of that id (`dematIds`). Name one as `dematId`, or `accountId` of \
         the account it is linked to.",
    );
    /// A consolidated statement with folios of several people.
    pub const SEVERAL_OWNERS: Reason = Reason::new(
        Code::FailedPrecondition,
        "several_owners",
        "The file has folios of several people, and it is not said whose this account is. State its holder with `PATCH \
         /v1/accounts/{accountId}`, or send `holder`; what is of somebody else is left out.",
    );
    /// A consolidated statement with nothing of the account.
    pub const NO_FOLIO: Reason = Reason::new(
        Code::FailedPrecondition,
        "no_folio",
        "None of the file's folios is of that account: they are linked to others, or somebody else's.",
    );
    /// An import that was taken back before it was done.
    pub const TAKEN_BACK: Reason = Reason::new(
        Code::FailedPrecondition,
        "taken_back",
        "This import was taken back, or its account deleted, before all of the file was stored. Nothing more of it is.",
    );
    /// Another file under the key of an upload that is half read.
    pub const OTHER_FILE: Reason = Reason::new(
        Code::FailedPrecondition,
        "other_file",
        "Another file was put in its place, or its folios were linked elsewhere, before all of it was stored. What `progress` \
         counts is; take that back by its `importId`, and make another upload.",
    );
    /// The statement is dated after today.
    pub const FUTURE_STATEMENT: Reason = Reason::new(
        Code::FailedPrecondition,
        "future_statement",
        "The file says it is as of a day that has not come; check the date's day, month and year. Nothing was stored.",
    );
    /// A later statement builds on the one that is to be undone.
    pub const LATER_IMPORT: Reason = Reason::new(
        Code::FailedPrecondition,
        "later_import",
        "A later statement of this account builds on it: take that one back first.",
    );
    /// An import of before imports could be taken back.
    pub const NOT_KEPT: Reason = Reason::new(
        Code::FailedPrecondition,
        "before_not_kept",
        "What this statement changed was not kept at the time, so it cannot be put back; import an older statement instead.",
    );
    /// There is no file under an upload's key any more.
    pub const UPLOAD_MISSING: Reason = Reason::new(
        Code::FailedPrecondition,
        "upload_missing",
        "The file is not there, or not any more: files are kept for two days. Make another upload and put it again.",
    );
}
