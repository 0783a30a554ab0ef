//! Zerodha's Kite Connect, good enough to click through: its login page, its sessions, and its ways to fail.
//!
//! What a request token is answered with is chosen on the login page, so that every failure can be seen. Answers have
//! the shape of the documentation of Kite Connect 3; their values are invented.

mod portfolio;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use aws_lc_rs::digest;
use axum::Router;
use axum::body::Body;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::doors::{Door, serve};
use uuid::Uuid;

/// The app of the local cloud, as its secret has it.
pub const API_KEY: &str = "local-kite-app";
const API_SECRET: &str = "local-kite-app-secret";

/// The value of the secret of Kite apps.
pub fn apps() -> String {
    json!({ "apps": [{ "apiKey": API_KEY, "apiSecret": API_SECRET }] }).to_string()
}

/// What can come of a sign-in, with what the page calls it.
const OUTCOMES: [(&str, &str); 8] = [
    ("success", "Sign in"),
    ("cancelled", "Cancel"),
    ("used", "Sign in, and the token is refused as used"),
    ("not_permitted", "Sign in, and the app may not"),
    ("limited", "Sign in, and there were too many requests"),
    ("down", "Sign in, and Kite is down"),
    ("html", "Sign in, and a page of HTML answers"),
    ("truncated", "Sign in, and the answer breaks off"),
];

/// What Kite knows.
#[derive(Clone)]
struct Kite {
    landing: Arc<str>,
    state: Arc<Mutex<KiteState>>,
}

#[derive(Default)]
struct KiteState {
    /// Who signed in and what is to come of it, by request token; each is good once.
    requests: HashMap<String, (String, String)>,
    /// Who a session is of, by access token.
    sessions: HashMap<String, String>,
    /// What accounts hold, where somebody has said so.
    portfolios: HashMap<String, Value>,
}

impl Kite {
    fn state(&self) -> MutexGuard<'_, KiteState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves Kite and answers where; browsers are led back to `landing`.
pub async fn stand(landing: String) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let kite = Kite { landing: landing.into(), state: Arc::default() };
    let router = Router::new()
        .route("/connect/login", get(login_page).post(signed_in))
        .route("/session/token", post(exchange).delete(log_out))
        .route("/user/profile", get(profile))
        .route("/portfolio/holdings", get(portfolio::holdings))
        .route("/portfolio/positions", get(portfolio::positions))
        .route("/trades", get(portfolio::trades))
        .route("/mf/holdings", get(portfolio::funds))
        .route("/accounts/{user}", axum::routing::put(portfolio::tell))
        // Not Kite's: everybody is signed out there, as by another of its apps.
        .route("/everybody", axum::routing::delete(everybody))
        .with_state(kite);
    tokio::spawn(serve(listener, Door::Own, router));
    Ok(url)
}

async fn login_page(Query(asked): Query<HashMap<String, String>>) -> Response {
    let of = |name: &str| escaped(asked.get(name).map_or("", String::as_str));
    if asked.get("api_key").map(String::as_str) != Some(API_KEY) {
        let text = "<h1>Kite</h1><p>The user is not enabled for the app.</p>";
        return (StatusCode::BAD_REQUEST, Html(text)).into_response();
    }
    let buttons: String = OUTCOMES
        .iter()
        .map(|(outcome, text)| {
            format!("<p><button name=outcome value={outcome}>{text}</button></p>")
        })
        .collect();
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>
         <title>Kite, in place of Zerodha's</title>
         <style>:root {{ color-scheme: light dark }} body {{ font: 1rem/1.5 system-ui; max-width: 32rem; margin: 3rem auto; padding: 0 1rem }}
         button {{ font: inherit; padding: .4rem 1rem }} input {{ font: inherit }}</style>
         <h1>Kite, in place of Zerodha's</h1>
         <p>This page stands in for kite.zerodha.com on this machine. Nobody's password is asked for.</p>
         <form method=post><input type=hidden name=redirect_params value='{}'>
         <p><label>Client id <input name=user_id value=AB1234 maxlength=10 autocomplete=off></label></p>{buttons}</form></html>",
        of("redirect_params")
    ))
    .into_response()
}

async fn signed_in(
    State(kite): State<Kite>,
    Query(query): Query<HashMap<String, String>>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let of = |name: &str| form.get(name).or_else(|| query.get(name)).cloned().unwrap_or_default();
    let outcome = of("outcome");
    if outcome == "cancelled" {
        // Kite forgets its redirect_params here.
        return led_back(&format!("{}?status=cancelled", kite.landing));
    }
    let token = Uuid::now_v7().simple().to_string();
    let mut state = kite.state();
    state.requests.insert(token.clone(), (of("user_id"), outcome));
    led_back(&format!(
        "{}?request_token={token}&action=login&type=login&status=success&{}",
        kite.landing,
        of("redirect_params")
    ))
}

fn led_back(place: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

async fn exchange(State(kite): State<Kite>, Form(form): Form<HashMap<String, String>>) -> Response {
    let of = |name: &str| form.get(name).map_or("", String::as_str);
    let text = [API_KEY, of("request_token"), API_SECRET].concat();
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let checksum: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if of("api_key") != API_KEY || of("checksum") != checksum {
        return refused(StatusCode::FORBIDDEN, "TokenException", "Invalid `checksum`.");
    }
    let mut state = kite.state();
    let Some((user, outcome)) = state.requests.remove(of("request_token")) else {
        return refused(
            StatusCode::FORBIDDEN,
            "TokenException",
            "Token is invalid or has expired.",
        );
    };
    match outcome.as_str() {
        "used" => {
            refused(StatusCode::FORBIDDEN, "TokenException", "Token is invalid or has expired.")
        }
        "not_permitted" => refused(
            StatusCode::FORBIDDEN,
            "PermissionException",
            "Insufficient permission for that call.",
        ),
        "limited" => {
            refused(StatusCode::TOO_MANY_REQUESTS, "NetworkException", "Too many requests")
        }
        "down" => refused(StatusCode::SERVICE_UNAVAILABLE, "NetworkException", "Kite is down"),
        "html" => {
            (StatusCode::OK, Html("<html><title>Attention required</title></html>")).into_response()
        }
        "truncated" => {
            Body::from("{\"status\":\"success\",\"data\":{\"user_id\":\"AB").into_response()
        }
        _ => {
            let token = format!("planted-{}", Uuid::now_v7().simple());
            state.sessions.insert(token.clone(), user.clone());
            good(&session(&user, &token))
        }
    }
}

async fn log_out(
    State(kite): State<Kite>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let token = asked.get("access_token").map_or("", String::as_str);
    let mut state = kite.state();
    match state.sessions.remove(token) {
        Some(_) => good(&json!(true)),
        None => refused(StatusCode::FORBIDDEN, "TokenException", "Invalid `access_token`."),
    }
}

async fn everybody(State(kite): State<Kite>) -> Response {
    kite.state().sessions.clear();
    good(&json!(true))
}

async fn profile(State(kite): State<Kite>, headers: HeaderMap) -> Response {
    match portfolio::session_of(&kite, &headers) {
        Some(user) => good(&session(&user, "")),
        None => refused(
            StatusCode::FORBIDDEN,
            "TokenException",
            "Incorrect `api_key` or `access_token`.",
        ),
    }
}

fn session(user: &str, token: &str) -> Value {
    let mut session = json!({
        "user_id": user, "user_type": "individual", "user_name": "Asha Rao", "user_shortname": "Asha",
        "email": "asha@example.in", "broker": "ZERODHA", "avatar_url": null,
        "exchanges": ["NSE", "BSE", "MF"], "products": ["CNC", "MIS"], "order_types": ["MARKET", "LIMIT"],
        "meta": { "demat_consent": "consent" },
    });
    if !token.is_empty() {
        session["api_key"] = API_KEY.into();
        session["access_token"] = token.into();
        session["login_time"] = "2026-11-20 09:15:00".into();
    }
    session
}

fn good(data: &Value) -> Response {
    let body = json!({ "status": "success", "data": data }).to_string();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({ "status": "error", "message": message, "error_type": kind, "data": null });
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;").replace('"', "&quot;")
}
