//! Tokens of other issuers: their signature first, then what they say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use shared::{App, Problem};
use vendor::{Call, Http, Vendor};

use crate::providers::{Pinned, Provider};
use crate::reasons;

/// Published keys are used this long, and asked for again at most so often.
const FRESH_FOR: Duration = Duration::from_secs(300);
const FLOOR: Duration = Duration::from_secs(60);
/// How far two clocks may differ.
const LEEWAY_S: u64 = 5;
const VENDOR: Vendor = Vendor { name: "identity", timeout: Duration::from_secs(5) };

/// What a token of another issuer says, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    #[serde(default)]
    email: Option<String>,
    /// Whether the issuer has seen that the address is theirs.
    #[serde(default)]
    email_verified: bool,
    /// Whom the token is for, where the issuer says.
    #[serde(default)]
    pub(crate) aud: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) nonce: Option<String>,
    #[serde(default)]
    pub(crate) azp: Option<String>,
    /// Clerk: `active` or `pending`.
    #[serde(default)]
    pub(crate) sts: Option<String>,
    /// Who acts for the person, when somebody does.
    #[serde(default)]
    pub(crate) act: Option<serde_json::Value>,
    /// Clerk, version 2.
    #[serde(default)]
    o: Option<OrganisationV2>,
    /// Clerk, version 1.
    #[serde(default)]
    org_id: Option<String>,
    #[serde(default)]
    org_role: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OrganisationV2 {
    id: String,
    #[serde(default)]
    rol: Option<String>,
}

impl Claims {
    /// Their address, if the issuer vouches for it.
    pub(crate) fn address(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }

    /// The organisation a token is for, and our role for its role: their admins are admins, everybody else looks.
    pub(crate) fn organisation(&self) -> Option<(&str, &'static str)> {
        let (id, role) = match (&self.o, &self.org_id) {
            (Some(organisation), _) => (organisation.id.as_str(), organisation.rol.as_deref()),
            (None, Some(id)) => (id.as_str(), self.org_role.as_deref()),
            (None, None) => return None,
        };
        let role = role.map(|role| role.strip_prefix("org:").unwrap_or(role));
        Some((id, if role == Some("admin") { "admin" } else { "viewer" }))
    }
}

/// Published keys by where they are.
#[derive(Clone, Default)]
struct Published(Arc<Mutex<HashMap<String, Read>>>);

/// Keys as they were last read, and when that was last tried.
#[derive(Clone)]
struct Read {
    tried: Instant,
    keys: Option<(Instant, Arc<JwkSet>)>,
}

impl Read {
    /// Whether to ask again: for keys that are old, or a key that is not among them; never within the floor.
    fn is_due(&self, kid: &str) -> bool {
        let fresh = self
            .keys
            .as_ref()
            .is_some_and(|(read, keys)| read.elapsed() < FRESH_FOR && keys.find(kid).is_some());
        !fresh && self.tried.elapsed() >= FLOOR
    }
}

/// The issuer a token names; nothing of it is believed yet.
pub(crate) fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issued {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).ok()?;
    serde_json::from_slice::<Issued>(&bytes).ok().map(|issued| issued.iss)
}

/// What a token says, if this provider signed it for this audience and it is valid now.
pub(crate) async fn verify(
    app: &App,
    provider: &Provider,
    audience: Option<&str>,
    token: &str,
) -> Result<Claims, Problem> {
    let refused = || Problem::new(reasons::EXTERNAL_TOKEN);
    let header = decode_header(token).map_err(|err| refused().because(err))?;
    // An access token, a machine's token, a template's: they are signed with the same keys and mean something else.
    if header.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("jwt")) {
        return Err(refused());
    }
    let kid = header.kid.ok_or_else(refused)?;
    let key = key(app, provider, &kid).await?.ok_or_else(refused)?;
    let mut rules = Validation::new(match provider.algorithm {
        Pinned::Rs256 => Algorithm::RS256,
        Pinned::Es256 => Algorithm::ES256,
    });
    rules.leeway = LEEWAY_S;
    rules.validate_nbf = true;
    rules.set_issuer(&[&provider.issuer]);
    rules.set_required_spec_claims(&["exp", "iss", "sub"]);
    match audience {
        Some(audience) => {
            rules.set_audience(&[audience]);
            rules.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        }
        None => rules.validate_aud = false,
    }
    let claims: Claims = decode(token, &key, &rules).map_err(|err| refused().because(err))?.claims;
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(refused());
    }
    Ok(claims)
}

/// Whether a token is a session's by its category: Clerk signs those of templates and of machines with the same keys.
/// Other issuers have no categories.
pub(crate) fn is_a_sessions(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Categorised {
        #[serde(default)]
        cat: Option<String>,
    }
    let header = token.split('.').next().unwrap_or_default();
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, header);
    let read = bytes.ok().and_then(|bytes| serde_json::from_slice::<Categorised>(&bytes).ok());
    read.is_some_and(|header| header.cat.is_none_or(|cat| cat == "cl_B7d4PD111AAA"))
}

async fn key(app: &App, provider: &Provider, kid: &str) -> Result<Option<DecodingKey>, Problem> {
    let published = app.once(Published::default);
    let known = {
        let all = published.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&provider.jwks_uri).cloned()
    };
    let read = match known {
        Some(known) if !known.is_due(kid) => known,
        known => {
            let fetched = fetch(app, provider).await;
            let tried = Instant::now();
            let before = known.and_then(|known| known.keys);
            // Keys that are known are used on while the issuer is down.
            let keys = match &fetched {
                Ok(keys) => Some((tried, Arc::new(keys.clone()))),
                Err(_) => before,
            };
            let read = Read { tried, keys };
            let mut all = published.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(provider.jwks_uri.clone(), read.clone());
            if let (Err(problem), None) = (fetched, &read.keys) {
                return Err(problem);
            }
            read
        }
    };
    let Some((_, keys)) = read.keys else {
        return Err(unavailable(anyhow::anyhow!("the keys could not be read a moment ago")));
    };
    // A key that cannot be read is one that signs nothing here.
    Ok(keys.find(kid).and_then(|key| DecodingKey::from_jwk(key).ok()))
}

async fn fetch(app: &App, provider: &Provider) -> Result<JwkSet, Problem> {
    let call = Call {
        operation: "GET keys",
        method: Method::GET,
        url: provider.jwks_uri.clone(),
        headers: vec![("accept", "application/json".into())],
        body: Vec::new().into(),
    };
    let answer = Http::of(app)?.send(VENDOR, &call).await.map_err(unavailable)?;
    if !answer.status.is_success() {
        return Err(unavailable(anyhow::anyhow!("the keys answer {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(unavailable)
}

fn unavailable(cause: impl Into<anyhow::Error>) -> Problem {
    Problem::new(reasons::PROVIDER_UNAVAILABLE).retry_after(30).because(cause)
}

#[derive(Deserialize)]
struct Exchanged {
    id_token: String,
}

/// Exchanges a code for the provider's identity token.
pub(crate) async fn redeem(
    app: &App,
    sign_in: &crate::providers::SignIn,
    [code, redirect_uri, verifier]: [&str; 3],
) -> Result<String, Problem> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("client_id", &sign_in.client_id)
        .append_pair("client_secret", sign_in.client_secret.expose())
        .append_pair("code_verifier", verifier)
        .finish();
    let call = Call {
        operation: "POST token",
        method: Method::POST,
        url: sign_in.token_endpoint.clone(),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".into()),
            ("accept", "application/json".into()),
        ],
        body: form.into(),
    };
    let answer = Http::of(app)?.send(VENDOR, &call).await.map_err(unavailable)?;
    match answer.status.as_u16() {
        // What the provider says of it could quote the code.
        400..=499 => Err(Problem::new(reasons::CODE_REFUSED)),
        200..=299 => serde_json::from_slice::<Exchanged>(&answer.body)
            .map(|exchanged| exchanged.id_token)
            .map_err(|_| unavailable(anyhow::anyhow!("an answer without an identity token"))),
        status => Err(unavailable(anyhow::anyhow!("the token endpoint answers {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn organisations_of_both_versions_are_read_and_strangers_only_look() {
        let of = |claims: serde_json::Value| {
            let mut all = json!({ "sub": "user_1" });
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            let claims: Claims = serde_json::from_value(all).unwrap();
            claims.organisation().map(|(id, role)| (id.to_owned(), role))
        };
        let is = |id: &str, role| Some((id.to_owned(), role));
        assert_eq!(
            of(json!({ "v": 2, "o": { "id": "org_1", "rol": "admin" } })),
            is("org_1", "admin")
        );
        assert_eq!(
            of(json!({ "v": 2, "o": { "id": "org_1", "rol": "member" } })),
            is("org_1", "viewer")
        );
        assert_eq!(of(json!({ "org_id": "org_1", "org_role": "org:admin" })), is("org_1", "admin"));
        assert_eq!(
            of(json!({ "org_id": "org_1", "org_role": "org:billing" })),
            is("org_1", "viewer")
        );
        assert_eq!(of(json!({ "org_id": "org_1" })), is("org_1", "viewer"));
        assert_eq!(of(json!({})), None);
    }
}
