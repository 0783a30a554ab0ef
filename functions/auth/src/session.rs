//! Opening a session, and what its caller is told.

use serde::Serialize;
use shared::auth::{LIFETIME_S, Session, Signer};
use shared::{Problem, Timestamp, clock};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::refresh_token::RefreshToken;

/// A session may live this many days; its access tokens live minutes.
const DAYS: i64 = 30;

/// What opens a session, or goes on with one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionTokens {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// Send it once to `/v1/auth/refresh`, before or after the access token expires; its answer has the next one.
    refresh_token: String,
    /// The person.
    user_id: Uuid,
    /// The workspace the access token is for.
    workspace_id: Uuid,
}

/// When a session opened now ends.
pub(crate) fn ends(now: Timestamp) -> Timestamp {
    clock::later(now, DAYS * 24 * 3600)
}

/// What a session's caller is told.
pub(crate) fn tokens(
    signer: &Signer,
    session: Session,
    refresh: &RefreshToken,
    now: Timestamp,
) -> Result<SessionTokens, Problem> {
    Ok(SessionTokens {
        access_token: signer.token(session, now)?,
        token_type: "Bearer",
        expires_in: LIFETIME_S,
        refresh_token: refresh.text().to_owned(),
        user_id: session.user_id,
        workspace_id: session.workspace_id,
    })
}
