//! Access tokens: signed with ES256, short-lived, for one workspace.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Session;
use crate::crypto::sha256;
use crate::problem::reasons;
use crate::{App, Problem, Timestamp, clock};

/// The surface our access tokens are for.
pub const AUDIENCE: &str = "kitemate-api";
/// How long a token is valid, in seconds.
pub const LIFETIME_S: i64 = 15 * 60;
/// How far two clocks may differ, in seconds.
const LEEWAY_S: u64 = 5;

/// What a token says. No role and no plan: those are read with the first query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// The surface it is for.
    pub aud: String,
    /// The person.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    /// The workspace.
    pub wid: Uuid,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// Not valid after.
    pub exp: i64,
}

impl Claims {
    /// The claims of a token issued now.
    pub fn issue(issuer: &str, session: Session, now: Timestamp) -> Self {
        let now = now.as_second();
        let (iss, aud) = (issuer.to_owned(), AUDIENCE.to_owned());
        Self {
            iss,
            aud,
            sub: session.user_id,
            sid: session.session_id,
            wid: session.workspace_id,
            iat: now,
            nbf: now,
            exp: now + LIFETIME_S,
        }
    }
}

impl Claims {
    /// Whether they are valid no more, as the check of a signature has it.
    fn are_late(&self, now: Timestamp) -> bool {
        self.exp.saturating_add_unsigned(LEEWAY_S) < now.as_second()
    }
}

/// The private signing key, as its secret holds it.
#[derive(Deserialize)]
struct SigningKey {
    kid: String,
    /// PKCS #8, base64.
    pkcs8: crate::Secret,
}

/// Signs tokens. Reading the key comes before anything is used up or stored: when it cannot be had, nothing has
/// happened.
pub struct Signer {
    key: EncodingKey,
    header: Header,
    issuer: String,
}

impl Signer {
    /// Reads the key in the secret that `SIGNING_KEY_SECRET` names.
    pub async fn read(app: &App) -> Result<Self, Problem> {
        let secret = app.secrets().get(app.config().need("SIGNING_KEY_SECRET")?).await?;
        // The parser's message could quote the key.
        let key: SigningKey = serde_json::from_str(secret.expose()).map_err(|_| {
            Problem::unavailable(anyhow::anyhow!(
                "the signing key secret has no key yet: run platform-migrate"
            ))
        })?;
        let der = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, key.pkcs8.expose())
            .map_err(|_| Problem::internal(anyhow::anyhow!("the signing key is not base64")))?;
        Ok(Self {
            key: EncodingKey::from_ec_der(&der),
            header: Header { kid: Some(key.kid), ..Header::new(Algorithm::ES256) },
            issuer: app.config().issuer()?.to_owned(),
        })
    }

    /// The token of a session, valid from now on.
    pub fn token(&self, session: Session, now: Timestamp) -> Result<String, Problem> {
        self.sign(&Claims::issue(&self.issuer, session, now))
    }

    /// Signs claims.
    pub fn sign(&self, claims: &Claims) -> Result<String, Problem> {
        encode(&self.header, claims, &self.key).map_err(Problem::internal)
    }
}

/// The claims of a token, if it is one of ours, for this surface, and valid now. One that was checked is remembered until
/// the keys are read again; whether its session still stands, the first query asks each time.
pub async fn verify(app: &App, token: &str) -> Result<Claims, Problem> {
    let refused = || Problem::new(reasons::BAD_TOKEN);
    let sha256 = sha256(token.as_bytes());
    if let Some(claims) = app.keys().checked(&sha256) {
        return if claims.are_late(clock::now()) {
            Err(Problem::new(reasons::TOKEN_EXPIRED))
        } else {
            Ok(claims)
        };
    }
    let header = decode_header(token).map_err(|err| refused().because(err))?;
    let kid = header.kid.ok_or_else(refused)?;
    let key = app.keys().find(app.db(), &kid).await?.ok_or_else(refused)?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.leeway = LEEWAY_S;
    rules.validate_nbf = true;
    rules.set_issuer(&[app.config().issuer()?]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    let read = decode::<Claims>(token, &key, &rules).map_err(|err| match err.kind() {
        // Its signature was right: nobody's attack, only late.
        ErrorKind::ExpiredSignature => Problem::new(reasons::TOKEN_EXPIRED),
        _ => refused().because(err),
    });
    let claims = read?.claims;
    app.keys().remember(&kid, sha256, &claims);
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_that_are_remembered_end_as_a_token_does() {
        let now = Timestamp::UNIX_EPOCH;
        let (user_id, session_id, workspace_id) = (Uuid::nil(), Uuid::nil(), Uuid::nil());
        let session = Session { user_id, session_id, workspace_id };
        let claims = Claims::issue("issuer", session, now);
        let at = |second| Timestamp::from_second(second).unwrap();
        let last = LIFETIME_S + LEEWAY_S.cast_signed();
        assert!(!claims.are_late(at(last)));
        assert!(claims.are_late(at(last + 1)));
    }
}
