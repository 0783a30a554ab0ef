//! What a workspace may be called, and which roles can be given.

use shared::fields::printable;
use shared::{Access, Permission};

/// Reads a workspace's name.
pub(crate) fn workspace(text: &str) -> Result<String, String> {
    printable(text, 100)
}

/// Reads a role that a member can be given; there is one way to become an owner, and that is another.
pub(crate) fn role(text: &str) -> Result<String, String> {
    match text {
        "admin" | "analyst" | "viewer" => Ok(text.to_owned()),
        _ => Err("must be admin, analyst or viewer".into()),
    }
}

/// Who manages members.
pub(crate) const MANAGERS: Access = Access::member(Permission::ManageMembers);
