//! Signing in somebody whom another issuer knows: an identity is issuer and subject, never an e-mail address.

use shared::auth::{Session, Signer};
use shared::fields::printable;
use shared::{App, Problem, clock, typed};
use uuid::Uuid;

use crate::external_token::Claims;
use crate::refresh_token::RefreshToken;
use crate::register::PERSON_NAME;
use crate::session::{self, SessionTokens};

/// The request it happens in, for the audit log.
pub(crate) struct From<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) address: &'a str,
}

/// Opens a session for a subject; the first time it makes the person and their personal workspace, once, however many
/// ask at the same time. A token for an organisation opens it in that organisation's workspace, with its role.
pub(crate) async fn sign_in(
    app: &App,
    issuer: &str,
    claims: &Claims,
    from: From<'_>,
) -> Result<SessionTokens, Problem> {
    let now = clock::now();
    let signer = Signer::read(app).await?;
    let refresh = RefreshToken::make()?;
    let (organisation, role) = claims.organisation().unzip();
    let name = claims.name.as_deref().and_then(|name| printable(name, PERSON_NAME).ok());
    let email = claims.address().and_then(|email| shared::fields::email(email).ok());
    let session_id = Uuid::now_v7();
    let rows = app
        .db()
        .query(
            "select user_id, workspace_id
             from tenant.sign_in_external($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            [
                typed(&issuer),
                typed(&claims.sub),
                typed(&email),
                typed(&name),
                typed(&Uuid::now_v7()),
                typed(&Uuid::now_v7()),
                typed(&organisation),
                typed(&Uuid::now_v7()),
                typed(&role),
                typed(&session_id),
                typed(&session::ends(now)),
                typed(&refresh.sha256()),
                typed(&from.request_id),
                typed(&from.address),
            ],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Problem::internal(anyhow::anyhow!("no row")))?;
    let session =
        Session { session_id, user_id: row.get("user_id"), workspace_id: row.get("workspace_id") };
    session::tokens(&signer, session, &refresh, now)
}
