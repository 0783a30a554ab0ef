//! `POST /v1/auth/oauth/{provider}/start`: begins a sign-in with another provider.

use axum::extract::{Path, State};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::json;
use shared::crypto::{random_text, sha256};
use shared::http::{Json, Reply, Route, SourceAddress};
use shared::limits::Limit;
use shared::once::Once;
use shared::problem::reasons::NOT_FOUND;
use shared::request::{Reader, any_text, text};
use shared::routes;
use shared::{Access, App, Problem, Timestamp, clock};
use utoipa::ToSchema;

use crate::{providers, reasons};

/// A sign-in is good once, for ten minutes, for the browser that began it.
pub(crate) const STATE: Once = Once { name: "oauth", good_for_s: 600 };
/// Sign-ins begun from one address.
const PER_ADDRESS: Limit = Limit { name: "oauth-start", most: 100, window_s: 900 };

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(oauth_start), Access::Public)
}

shared::request! {
    /// Which browser begins it, and where it is led back to.
    #[example({ "browserChallenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "redirectUri": "https://app.example.in/signed-in" })]
    struct OauthStartRequest {
        /// SHA-256, base64url, of a random text of 43 letters or more that the browser keeps until it comes back.
        browser_challenge: String = challenge(),
        /// One of those that are configured for the provider.
        redirect_uri: String = any_text(),
    }
}

/// A SHA-256 in base64url, without padding.
fn challenge() -> impl Reader<Value = String> {
    text(
        |text| match BASE64_URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == 32 => Ok(text.to_owned()),
            _ => Err("must be a SHA-256 in base64url".to_owned()),
        },
        || json!({ "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$" }),
    )
}

/// A sign-in that was begun.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OauthBegun {
    /// Lead the browser here. The provider leads it back to `redirectUri` with `code` and `state`.
    authorization_url: String,
    state: String,
    /// Until when the sign-in is to be completed.
    expires_at: Timestamp,
}

/// Answers where to sign in: the code flow with PKCE (RFC 7636) and a nonce. The state is bound to the browser, which
/// shows the text behind its challenge when it comes back; there are no cookies.
#[utoipa::path(post, path = "/v1/auth/oauth/{provider}/start", request_body = OauthStartRequest,
    params(("provider" = String, Path, description = "The name of a configured provider.", example = "google")),
    responses((status = 200, body = OauthBegun)))]
async fn oauth_start(
    State(app): State<App>,
    address: SourceAddress,
    Path(name): Path<String>,
    Json(request): Json<OauthStartRequest>,
) -> Reply {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    let provider = providers::find(&app, |one| one.name == name).await?;
    let sign_in = provider.and_then(|provider| provider.sign_in);
    let sign_in = sign_in.ok_or_else(|| Problem::new(NOT_FOUND))?;
    if !sign_in.redirect_uris.contains(&request.redirect_uri) {
        return Err(Problem::new(reasons::REDIRECT_URI));
    }
    let (nonce, verifier) = (random_text()?, random_text()?);
    let bound = [("provider", name.as_str()), ("browser", &request.browser_challenge)];
    let kept = [
        ("nonce", nonce.expose()),
        ("verifier", verifier.expose()),
        ("redirect_uri", &request.redirect_uri),
    ];
    let state = STATE.begin(&app, &bound, &kept, now).await?;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(sha256(verifier.expose().as_bytes()));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &sign_in.client_id)
        .append_pair("redirect_uri", &request.redirect_uri)
        .append_pair("scope", "openid email profile")
        .append_pair("state", state.expose())
        .append_pair("nonce", nonce.expose())
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    shared::http::ok(OauthBegun {
        authorization_url: format!("{}?{query}", sign_in.authorization_endpoint),
        state: state.expose().to_owned(),
        expires_at: STATE.ends(now),
    })
}
