//! `GET /v1/auth/zerodha/landing`: where Zerodha leads the browser back to.
//!
//! It hands what came with the browser to the front end, in a fragment, which no server logs. Without a front end
//! (`FRONTEND_URL`) a page completes the connection with the token that the explorer of this tab has.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use shared::fields::{Fields, FromFields};
use shared::http::{Query, Reply, Route};
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

/// What Zerodha sends along; what else it does is not looked at.
struct Came {
    request_token: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

impl FromFields for Came {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let mut text = |name: &str| {
            fields.optional(name, |text| {
                if text.len() <= LONGEST { Ok(text.to_owned()) } else { Err("is too long".into()) }
            })
        };
        let (request_token, state, status) = (text("request_token"), text("state"), text("status"));
        // Known to come along, and of no use.
        let _ = (text("action"), text("type"));
        Some(Self { request_token: request_token?, state: state?, status: status? })
    }
}

/// Leads on to the front end with `requestToken`, `state` and `status` in the fragment, or answers a page that
/// completes the connection. When a person cancels, Zerodha sends `status=cancelled` and neither of the others.
#[utoipa::path(get, path = "/v1/auth/zerodha/landing",
    params(("request_token" = Option<String>, Query), ("state" = Option<String>, Query),
           ("status" = Option<String>, Query), ("action" = Option<String>, Query), ("type" = Option<String>, Query)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 303, description = "To the front end.")))]
async fn zerodha_landing(State(app): State<App>, Query(came): Query<Came>) -> Reply {
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
        [("requestToken", came.request_token), ("state", came.state), ("status", came.status)]
    {
        if let Some(value) = value {
            fragment.append_pair(name, &value);
        }
    }
    let place = format!("{front_end}#{}", fragment.finish());
    Ok((StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response())
}
