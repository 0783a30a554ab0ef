//! `GET /v1/auth/zerodha/landing`: where Zerodha leads the browser back to.
//!
//! It hands what came with the browser to the front end, in a fragment, which no server logs. Without a front end
//! (`FRONTEND_URL`) a page completes the connection with the token that the explorer of this tab has.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use shared::http::{Query, Reply, Route};
use shared::request::any_text_to;
use shared::routes;
use shared::{Access, App};

/// The page reads what came with it in the browser; nothing of it is put into it here.
const PAGE: &str = include_str!("zerodha_landing.html");
/// The page's own style and script, and calls to where it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Longer than anything Zerodha sends.
const LONGEST: usize = 500;

/// For anyone: a browser that was led here.
pub fn route() -> Route {
    Route::new(routes!(zerodha_landing), Access::Public)
}

shared::request! {
    /// What Zerodha sends along.
    struct LandingQuery {
        request_token as "request_token": Option<String> = any_text_to(LONGEST),
        state: Option<String> = any_text_to(LONGEST),
        /// `cancelled` when the person did.
        status: Option<String> = any_text_to(LONGEST),
        /// Comes along, and is of no use.
        _action as "action": Option<String> = any_text_to(LONGEST),
        /// Comes along, and is of no use.
        _type as "type": Option<String> = any_text_to(LONGEST),
    }
}

/// Leads on to the front end with `requestToken`, `state` and `status` in the fragment, or answers a page that
/// completes the connection. When a person cancels, Zerodha sends `status=cancelled` and neither of the others.
#[utoipa::path(get, path = "/v1/auth/zerodha/landing",
    params(LandingQuery),
    responses((status = 200, body = String, content_type = "text/html"), (status = 303, description = "To the front end.")))]
async fn zerodha_landing(State(app): State<App>, Query(query): Query<LandingQuery>) -> Reply {
    let front_end = app.config().find("FRONTEND_URL").filter(|url| !url.is_empty());
    let Some(front_end) = front_end else {
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (CACHE_CONTROL, "no-store"),
        ];
        return Ok((headers, PAGE).into_response());
    };
    let mut fragment = form_urlencoded::Serializer::new(String::new());
    for (name, value) in
        [("requestToken", query.request_token), ("state", query.state), ("status", query.status)]
    {
        if let Some(value) = value {
            fragment.append_pair(name, &value);
        }
    }
    let place = format!("{front_end}#{}", fragment.finish());
    Ok((StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response())
}
