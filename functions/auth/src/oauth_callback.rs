//! `POST /v1/auth/oauth/{provider}/callback`: completes a sign-in with another provider.

use axum::extract::{Path, State};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use shared::crypto::sha256;
use shared::http::{Json, Reply, RequestId, Route, SourceAddress};
use shared::limits::Limit;
use shared::problem::reasons::NOT_FOUND;
use shared::request::secret;
use shared::routes;
use shared::{Access, App, Problem, Secret, clock};

use crate::external::{self, From};
use crate::oauth_start::STATE;
use crate::session::SessionTokens;
use crate::{external_token, providers, reasons};

/// Completions from one address.
const PER_ADDRESS: Limit = Limit { name: "oauth-callback", most: 100, window_s: 900 };

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(oauth_callback), Access::Public)
}

/// Of what is not as it was sent.
const RETURNED: &str = "must be as it came back with the browser";

shared::request! {
    /// What came back with the browser, and what it kept.
    #[example({ "code": "sample", "state": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "browserVerifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" })]
    struct OauthCallbackRequest {
        /// The provider's; good once.
        code: Secret = secret(1, 2048, RETURNED),
        /// The one that the sign-in was begun with.
        state: Secret = secret(1, 2048, RETURNED),
        /// The text behind the challenge that the sign-in was begun with.
        browser_verifier: Secret = secret(43, 200, "must have 43 to 200 letters"),
    }
}

/// Exchanges the code for the provider's word of who this is, and opens a session for them. Who signs in for the
/// first time gets a person and a personal workspace; an account with the same e-mail address stays another account.
#[utoipa::path(post, path = "/v1/auth/oauth/{provider}/callback", request_body = OauthCallbackRequest,
    params(("provider" = String, Path, description = "The name of a configured provider.", example = "google")),
    responses((status = 200, body = SessionTokens)))]
async fn oauth_callback(
    State(app): State<App>,
    address: SourceAddress,
    RequestId(request_id): RequestId,
    Path(name): Path<String>,
    Json(request): Json<OauthCallbackRequest>,
) -> Reply {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    let provider = providers::find(&app, |one| one.name == name && one.sign_in.is_some()).await?;
    let provider = provider.ok_or_else(|| Problem::new(NOT_FOUND))?;
    let sign_in = provider.sign_in.as_ref().ok_or_else(|| Problem::new(NOT_FOUND))?;
    let challenge =
        BASE64_URL_SAFE_NO_PAD.encode(sha256(request.browser_verifier.expose().as_bytes()));
    let bound = [("provider", name.as_str()), ("browser", &challenge)];
    let begun = STATE.take(&app, &request.state, &bound, now).await?;
    let begun = begun.ok_or_else(|| Problem::new(reasons::OAUTH_STATE))?;
    let kept = |what: &str| begun.get(what).map_or("", String::as_str);
    let redeeming = [request.code.expose(), kept("redirect_uri"), kept("verifier")];
    let token = external_token::redeem(&app, sign_in, redeeming).await?;
    let audience = Some(sign_in.client_id.as_str());
    let claims = external_token::verify(&app, &provider, audience, &token).await?;
    // The token is the answer to this very sign-in.
    if claims.nonce.as_deref() != Some(kept("nonce")) {
        return Err(Problem::new(reasons::EXTERNAL_TOKEN));
    }
    let from = From { request_id: &request_id, address: address.text() };
    shared::http::ok(external::sign_in(&app, &provider.issuer, &claims, from).await?)
}
