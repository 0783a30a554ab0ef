//! `GET /v1/auth/zerodha/initiate`: begins a connection.

use axum::extract::State;
use kite::Kite;
use serde::Serialize;
use shared::fields::Nothing;
use shared::http::{Query, Reply, Route};
use shared::limits::Limit;
use shared::routes;
use shared::{Access, App, Caller, Permission, Timestamp, clock};
use utoipa::ToSchema;

use crate::kite_apps::KiteApps;
use crate::login_state;

/// Sign-ins one person begins.
const PER_PERSON: Limit = Limit { name: "zerodha-initiate", most: 30, window_s: 3600 };

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(zerodha_initiate), Access::member(Permission::WritePortfolio))
}

/// A sign-in that was begun.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Begun {
    /// Lead the browser here. Zerodha leads it back to `/v1/auth/zerodha/landing`.
    login_url: String,
    /// What comes back beside the request token; send both to `/v1/auth/zerodha/callback`.
    state: String,
    /// Until when the sign-in is to be completed.
    expires_at: Timestamp,
}

/// Answers where to sign in to Zerodha. The state is good once, for ten minutes, for this session and workspace.
#[utoipa::path(get, path = "/v1/auth/zerodha/initiate", responses((status = 200, body = Begun)))]
async fn zerodha_initiate(State(app): State<App>, caller: Caller, _: Query<Nothing>) -> Reply {
    let (session, now) = (caller.session()?, clock::now());
    // Who is no member any more begins nothing, and is not counted.
    app.db().read(&caller, []).await?;
    PER_PERSON.take(&app, &session.user_id.to_string(), now).await?;
    let apps = KiteApps::read(&app).await?;
    let api_key = &apps.of(session.user_id)?.api_key;
    let state = login_state::begin(&app, session, api_key, now).await?;
    let login_url = Kite::of(&app)?.login_url(api_key, state.expose());
    let expires_at = login_state::STATE.ends(now);
    shared::http::ok(Begun { login_url, state: state.expose().to_owned(), expires_at })
}
