//! Who is calling and what they may do.
//!
//! [`Access`] is declared once, on the route; the [`Caller`] extractor, `tenant.enter` and
//! openapi.json all read it from there. A token says who and where, never which role: that is
//! read with the first query, so a removed member or an ended session counts at once.

mod keys;
mod token;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use uuid::Uuid;

use crate::problem::reasons;
use crate::{App, Problem, telemetry};
pub use keys::{KeyRing, PublicKey};
pub use token::{AUDIENCE, Claims, LIFETIME_S, sign, verify};

/// What a member may do; the table of roles is in [`Permission::roles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See the workspace at all.
    Enter,
    /// See holdings, totals and imports.
    ReadPortfolio,
    /// Import files and change accounts.
    WritePortfolio,
}

impl Permission {
    /// The roles that have it. Roles: owner, admin, analyst, viewer.
    pub const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Enter | Self::ReadPortfolio => &["owner", "admin", "analyst", "viewer"],
            Self::WritePortfolio => &["owner", "admin", "analyst"],
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// A member with this permission, by access token.
    Member(Permission),
    /// An operator of the deployment, by AWS signature.
    Operator,
}

impl Access {
    /// A member with this permission.
    pub const fn member(permission: Permission) -> Self {
        Self::Member(permission)
    }
}

/// A caller whose token is valid; membership and role are checked as the transaction enters.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session the token belongs to.
    pub session_id: Uuid,
    /// The person.
    pub user_id: Uuid,
    /// The workspace the token is for.
    pub workspace_id: Uuid,
    /// The roles the route allows.
    pub roles: &'static [&'static str],
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Some(Access::Member(permission)) = parts.extensions.get::<Access>().copied() else {
            return Err(Problem::internal(anyhow::anyhow!(
                "a route without member access asks for a caller"
            )));
        };
        let header =
            parts.headers.get(AUTHORIZATION).ok_or_else(|| Problem::new(reasons::NO_TOKEN))?;
        let token = bearer(header.to_str().unwrap_or_default())
            .ok_or_else(|| Problem::new(reasons::NO_TOKEN))?;
        let claims = verify(app, token).await?;
        telemetry::entered(claims.wid);
        Ok(Self {
            session_id: claims.sid,
            user_id: claims.sub,
            workspace_id: claims.wid,
            roles: permission.roles(),
        })
    }
}

/// The token of an `Authorization` header; the scheme's case does not matter (RFC 9110).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_taken() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc "), Some("abc"));
        for header in ["Basic abc", "Bearer", "Bearer ", "abc"] {
            assert_eq!(bearer(header), None, "{header}");
        }
    }

    #[test]
    fn who_may_write_may_read() {
        let write = Permission::WritePortfolio.roles();
        assert!(write.iter().all(|role| Permission::ReadPortfolio.roles().contains(role)));
        assert!(!write.contains(&"viewer"));
    }
}
