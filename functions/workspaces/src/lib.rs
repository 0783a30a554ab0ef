//! Books that people share: workspaces, their members and their roles.
//!
//! Invariants:
//! - A workspace has an owner as long as it has anybody: the last one transfers before they leave.
//! - Everybody has a personal workspace, which is never left nor given away.
//! - An owner's place is changed by that owner alone; an admin manages everybody else.
//! - Whoever is no member of the workspace a path names is told that there is none.

pub mod create;
pub mod get;
pub mod leave;
pub mod list;
pub mod member_accept;
pub mod member_invite;
pub mod member_list;
pub mod member_remove;
pub mod member_update;
mod names;
pub mod reasons;
pub mod switch;
pub mod transfer;
pub mod update;

use shared::http::Route;

/// The service's endpoints.
pub fn routes() -> Vec<Route> {
    vec![
        create::route(),
        list::route(),
        get::route(),
        update::route(),
        switch::route(),
        member_invite::route(),
        member_accept::route(),
        member_list::route(),
        member_update::route(),
        member_remove::route(),
        leave::route(),
        transfer::route(),
    ]
}
