//! Every refusal of the service.

use shared::{Code, Reason};

shared::reasons! {
    /// The last owner cannot leave.
    pub const LAST_OWNER: Reason = Reason::new(
        Code::FailedPrecondition,
        "last_owner",
        "You are the last owner of this workspace; transfer it to another member first.",
    );
    /// A personal workspace stays its person's.
    pub const PERSONAL: Reason = Reason::new(
        Code::FailedPrecondition,
        "personal_workspace",
        "A personal workspace is neither left nor given away; make a workspace for clients instead.",
    );
    /// An owner's place is not changed by others.
    pub const OWNER: Reason = Reason::new(
        Code::FailedPrecondition,
        "member_is_owner",
        "An owner's place changes only when they transfer the workspace or leave it.",
    );
    /// The token is used, too old, withdrawn, or was never made.
    pub const INVITATION_EXPIRED: Reason = Reason::new(
        Code::FailedPrecondition,
        "invitation_expired",
        "This invitation was accepted already or has expired; ask for another.",
    );
    /// Whoever accepts is a member already.
    pub const ALREADY_MEMBER: Reason = Reason::new(
        Code::AlreadyExists,
        "already_a_member",
        "You are a member of this workspace already; the invitation can still be used by somebody else.",
    );
}
