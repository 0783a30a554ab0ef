//! The identity providers of this installation, as their secret has them.
//!
//! `{"providers": [{"name": "google", "issuer": "https://accounts.google.com", "algorithm": "RS256", "jwksUri": "…",
//! "signIn": {"clientId": "…", "clientSecret": "…", "authorizationEndpoint": "…", "tokenEndpoint": "…",
//! "redirectUris": ["https://app.example.in/signed-in"]}, "exchange": {"authorizedParties": ["https://app.example.in"]}}]}`
//! Addresses stand here and are never taken from a token.

use serde::Deserialize;
use shared::{App, Problem, Secret};

/// A provider.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provider {
    /// What paths call it.
    pub(crate) name: String,
    /// What its tokens say in `iss`.
    pub(crate) issuer: String,
    /// The one algorithm its tokens are signed with.
    pub(crate) algorithm: Pinned,
    /// Where its public keys are.
    pub(crate) jwks_uri: String,
    /// How people sign in with it, if they may.
    pub(crate) sign_in: Option<SignIn>,
    /// How its own tokens are exchanged for ours, if they may be.
    pub(crate) exchange: Option<Exchange>,
}

/// An algorithm with a public key.
#[derive(Clone, Copy, Deserialize)]
pub(crate) enum Pinned {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// A client of the code flow.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    /// Where a browser may be led back to.
    pub(crate) redirect_uris: Vec<String>,
}

/// Which tokens of the provider are taken.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exchange {
    /// What `azp` must be one of.
    pub(crate) authorized_parties: Vec<String>,
    /// What `aud` must be, where the provider sets one.
    pub(crate) audience: Option<String>,
}

#[derive(Default, Deserialize)]
struct Providers {
    #[serde(default)]
    providers: Vec<Provider>,
}

/// The first provider for which this holds.
pub(crate) async fn find(
    app: &App,
    wanted: impl Fn(&Provider) -> bool,
) -> Result<Option<Provider>, Problem> {
    let secret = app.secrets().get(app.config().need("PROVIDERS_SECRET")?).await?;
    // The parser's message could quote a secret.
    let all: Providers = serde_json::from_str(secret.expose()).map_err(|_| {
        Problem::internal(anyhow::anyhow!("the secret of identity providers is not as documented"))
    })?;
    Ok(all.providers.into_iter().find(wanted))
}
