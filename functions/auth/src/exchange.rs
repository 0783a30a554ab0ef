//! `POST /v1/auth/exchange`: another issuer's token for a session of ours.

use axum::extract::State;
use shared::http::{Json, Reply, RequestId, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::secret;
use shared::routes;
use shared::{Access, App, Problem, Secret, clock};

use crate::external::{self, From};
use crate::session::SessionTokens;
use crate::{external_token, providers, reasons};

/// Exchanges from one address, behind which many people may sit.
const PER_ADDRESS: Limit = Limit { name: "exchange", most: 600, window_s: 900 };

/// For anyone with a token of a configured issuer.
pub fn route() -> Route {
    Route::new(routes!(exchange), Access::Public)
}

shared::request! {
    /// Whose session it is to be.
    #[example({ "token": "a session token of Clerk, or of another configured issuer" })]
    struct ExchangeRequest {
        /// The other issuer's token.
        token: Secret = secret(1, 8192, "must be a token of at most 8 KB"),
    }
}

/// Opens a session for the person the token is of. Taken are session tokens of configured issuers for configured
/// parties (`azp`): no machine's, none of a session that is pending, none by which one person acts for another.
#[utoipa::path(post, path = "/v1/auth/exchange", request_body = ExchangeRequest,
    responses((status = 200, body = SessionTokens)))]
async fn exchange(
    State(app): State<App>,
    address: SourceAddress,
    RequestId(request_id): RequestId,
    Json(request): Json<ExchangeRequest>,
) -> Reply {
    PER_ADDRESS.take(&app, &address.subject(), clock::now()).await?;
    let refused = || Problem::new(reasons::EXTERNAL_TOKEN);
    let token = request.token.expose();
    let issuer = external_token::issuer(token).ok_or_else(refused)?;
    let provider = providers::find(&app, |one| one.issuer == issuer && one.exchange.is_some());
    let provider = provider.await?.ok_or_else(refused)?;
    let rules = provider.exchange.as_ref().ok_or_else(refused)?;
    let claims = external_token::verify(&app, &provider, rules.audience.as_deref(), token).await?;
    let party = claims.azp.as_ref().is_some_and(|azp| rules.authorized_parties.contains(azp));
    let pending = claims.sts.as_deref().is_some_and(|status| status != "active");
    // A token that says whom it is for, and nobody here was told of, is for somebody else.
    let elsewhere = claims.aud.is_some() && rules.audience.is_none();
    let person = external_token::is_a_sessions(token) && !claims.sub.starts_with("mch_");
    if !party || pending || elsewhere || !person || claims.act.is_some() {
        return Err(refused());
    }
    let from = From { request_id: &request_id, address: address.text() };
    shared::http::ok(external::sign_in(&app, &provider.issuer, &claims, from).await?)
}
