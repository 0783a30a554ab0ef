//! Which roles can be given.

use shared::{Access, Permission};

/// The roles that a member can be given; there is one way to become an owner, and that is another.
pub(crate) const ROLES: [&str; 3] = ["admin", "analyst", "viewer"];

/// Who manages members.
pub(crate) const MANAGERS: Access = Access::member(Permission::ManageMembers);
