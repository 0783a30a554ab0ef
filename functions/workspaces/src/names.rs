//! What a workspace may be called, which roles can be given, and ids in paths.

use shared::fields::printable;
use shared::problem::reasons;
use shared::{Access, Permission, Problem};
use uuid::Uuid;

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

/// Reads an id of a path; what is no id is the id of nothing.
pub(crate) fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::new(reasons::NOT_FOUND))
}

/// Who manages members.
pub(crate) const MANAGERS: Access = Access::member(Permission::ManageMembers);
