//! Who is calling and what they may do.
//!
//! [`Access`] is declared once, on the route; the [`Caller`] extractor, `tenant.enter` and
//! openapi.json all read it from there. A token says who and where, never which role: that is
//! read with the first query, so a removed member, an ended session or a revoked key counts at once.

mod api_key;
mod keys;
mod token;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use uuid::Uuid;

use crate::http::{RequestId, SourceAddress};
use crate::limits::Limit;
use crate::problem::reasons;
use crate::{App, Problem, telemetry};
pub use api_key::ApiKey;
pub use keys::{KeyRing, PublicKey};
pub use token::{AUDIENCE, Claims, LIFETIME_S, Signer, verify};

/// The header an API key comes in.
pub const API_KEY_HEADER: &str = "x-api-key";
/// Requests by one key; counted by `tenant.count_key`.
pub(crate) const PER_KEY: Limit = Limit { name: "api-key", most: 600, window_s: 60 };
/// Requests by one person that work a whole book out, with however many keys; counted by `tenant.count_share`.
pub(crate) const PER_PERSON: Limit = Limit { name: "computing", most: 600, window_s: 60 };

listed! {
    /// What a member may do; the table of roles is in [`Permission::roles`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Permission {
        /// See the workspace at all.
        Enter,
        /// See holdings, totals and imports.
        ReadPortfolio,
        /// Run queries over the portfolio.
        Query,
        /// Ask questions in plain language.
        Ask,
        /// Import files and change accounts.
        WritePortfolio,
        /// Make, rotate and revoke one's own API keys.
        ManageKeys,
        /// Invite members, change their roles and remove them.
        ManageMembers,
        /// Rename the workspace.
        ManageWorkspace,
        /// See who did what.
        ReadAudit,
        /// Give the workspace to another member.
        Transfer,
    }
}

impl Permission {
    /// The roles that have it. Roles: owner, admin, analyst, viewer.
    pub const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Enter | Self::ReadPortfolio | Self::Query | Self::Ask => {
                &["owner", "admin", "analyst", "viewer"]
            }
            Self::WritePortfolio | Self::ManageKeys => &["owner", "admin", "analyst"],
            Self::ManageMembers | Self::ManageWorkspace => &["owner", "admin"],
            Self::ReadAudit | Self::Transfer => &["owner"],
        }
    }

    /// The scope an API key needs for it; `None` where no key can have it.
    pub const fn scope(self) -> Option<&'static str> {
        match self {
            Self::ReadPortfolio => Some("portfolio:read"),
            Self::Query => Some("query:read"),
            Self::Ask => Some("chat:ask"),
            Self::Enter
            | Self::WritePortfolio
            | Self::ManageKeys
            | Self::ManageMembers
            | Self::ManageWorkspace
            | Self::ReadAudit
            | Self::Transfer => None,
        }
    }

    /// Every scope a key can be given.
    pub fn scopes() -> Vec<&'static str> {
        Self::ALL.into_iter().filter_map(Self::scope).collect()
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// A person who is signed in, in no workspace; by access token.
    Person,
    /// A member with this permission, by access token.
    Member(Permission),
    /// A member with this permission, by access token or by an API key with its scope.
    MemberOrKey(Permission),
    /// An operator of the deployment, by AWS signature.
    Operator,
}

impl Access {
    /// A member with this permission.
    pub const fn member(permission: Permission) -> Self {
        Self::Member(permission)
    }

    /// Whether callers show a token or a key of ours.
    pub const fn identifies(self) -> bool {
        matches!(self, Self::Person | Self::Member(_) | Self::MemberOrKey(_))
    }
}

/// A caller whose token or key is well-formed and, as far as it goes, valid; session, membership, role and key are
/// checked as the transaction enters.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What they show.
    pub by: Credential,
    /// The roles the route allows; none for a route that is a person's own, in no workspace.
    pub roles: &'static [&'static str],
    /// The request, for the audit log.
    pub request_id: String,
    /// The address it came from, for the audit log.
    pub address: String,
    /// Whether the route works a whole book out, of which each person has a fair share.
    pub computes: bool,
}

/// Marks requests of a route that computes, for [`Caller`].
#[derive(Clone, Copy)]
pub(crate) struct Computing;

/// What a caller shows.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An access token.
    Session(Session),
    /// An API key, and the scope the route asks of it.
    Key(ApiKey, &'static str),
}

/// Whose access token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session the token belongs to.
    pub session_id: Uuid,
    /// The person.
    pub user_id: Uuid,
    /// The workspace the token is for, or the one that the path names.
    pub workspace_id: Uuid,
}

impl Caller {
    /// The session of a caller by token; a route that takes keys has none.
    pub fn session(&self) -> Result<Session, Problem> {
        match self.by {
            Credential::Session(session) => Ok(session),
            Credential::Key(..) => {
                Err(Problem::internal(anyhow::anyhow!("a route for keys asks for a session")))
            }
        }
    }

    /// The same caller in the workspace that a path names.
    pub fn at(mut self, workspace_id: Uuid) -> Self {
        if let Credential::Session(session) = &mut self.by {
            session.workspace_id = workspace_id;
            telemetry::entered(workspace_id);
        }
        self
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let access = parts.extensions.get::<Access>().copied();
        let roles = match access {
            Some(Access::Person) => [].as_slice(),
            Some(Access::Member(permission) | Access::MemberOrKey(permission)) => {
                permission.roles()
            }
            _ => {
                return Err(Problem::internal(anyhow::anyhow!(
                    "a route without callers asks for one"
                )));
            }
        };
        let by = match (access, parts.headers.get(API_KEY_HEADER)) {
            (Some(Access::MemberOrKey(permission)), Some(text)) => {
                // Two identities at once: which one counts would be a guess.
                if parts.headers.contains_key(AUTHORIZATION) {
                    return Err(Problem::new(reasons::TWO_CREDENTIALS));
                }
                key(text.to_str().unwrap_or_default(), permission)?
            }
            _ => session(app, &parts.headers, access).await?,
        };
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        let address = SourceAddress::of(&parts.extensions).text().to_owned();
        let computes = parts.extensions.get::<Computing>().is_some();
        Ok(Self { by, roles, request_id: request_id.unwrap_or_default(), address, computes })
    }
}

fn key(text: &str, permission: Permission) -> Result<Credential, Problem> {
    let scope = permission.scope().ok_or_else(|| {
        Problem::internal(anyhow::anyhow!("a route for keys whose permission has no scope"))
    })?;
    // Prefix and checksum are looked at before anything is asked.
    let key = ApiKey::read(text).ok_or_else(|| Problem::new(reasons::BAD_KEY))?;
    Ok(Credential::Key(key, scope))
}

async fn session(
    app: &App,
    headers: &HeaderMap,
    access: Option<Access>,
) -> Result<Credential, Problem> {
    let missing = || match access {
        Some(Access::MemberOrKey(_)) => Problem::new(reasons::NO_TOKEN_OR_KEY),
        _ => Problem::new(reasons::NO_TOKEN),
    };
    let header = headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let token = bearer(header.to_str().unwrap_or_default()).ok_or_else(missing)?;
    let claims = verify(app, token).await?;
    telemetry::entered(claims.wid);
    Ok(Credential::Session(Session {
        session_id: claims.sid,
        user_id: claims.sub,
        workspace_id: claims.wid,
    }))
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

    #[test]
    fn an_owner_may_everything_and_a_viewer_may_only_look() {
        for permission in Permission::ALL {
            assert!(permission.roles().contains(&"owner"), "{permission:?}");
            let looks = matches!(
                permission,
                Permission::Enter | Permission::ReadPortfolio | Permission::Query | Permission::Ask
            );
            assert_eq!(permission.roles().contains(&"viewer"), looks, "{permission:?}");
        }
    }
}
