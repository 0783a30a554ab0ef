//! `POST /v1/auth/login`: signs in with address and password.

use axum::extract::State;
use shared::auth::{Session, Signer};
use shared::crypto::sha256;
use shared::http::{Json, Reply, RequestId, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::{any_secret, email};
use shared::routes;
use shared::{Access, App, Problem, Secret, clock, typed};
use uuid::Uuid;

use crate::refresh_token::RefreshToken;
use crate::session::{self, SessionTokens};
use crate::{password, reasons};

/// Attempts from one address.
const PER_ADDRESS: Limit = Limit { name: "login-address", most: 100, window_s: 900 };
/// Attempts at one account from one address: few, so that guessing is slow.
const PER_ACCOUNT_AND_ADDRESS: Limit =
    Limit { name: "login-account-address", most: 20, window_s: 900 };
/// Attempts at one account from anywhere: many, so that nobody locks its owner out alone.
const PER_ACCOUNT: Limit = Limit { name: "login-account", most: 300, window_s: 900 };

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(login), Access::Public)
}

shared::request! {
    /// Who signs in.
    #[example({ "email": "demo@kitemate.local", "password": "kitemate-demo" })]
    struct LoginRequest {
        /// The address that was registered, in any case.
        email: String = email(),
        /// The password. Any text: what is too short is simply not the password.
        password: Secret = any_secret(),
    }
}

/// Opens a session in the workspace the person joined first. An unknown address and a wrong
/// password get the same answer after the same work.
#[utoipa::path(post, path = "/v1/auth/login", request_body = LoginRequest, responses((status = 200, body = SessionTokens)))]
async fn login(
    State(app): State<App>,
    address: SourceAddress,
    RequestId(request_id): RequestId,
    Json(request): Json<LoginRequest>,
) -> Reply {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    let account_and_address = format!("{}#{}", request.email, address.subject());
    PER_ACCOUNT_AND_ADDRESS.take(&app, &account_and_address, now).await?;
    let address_sha256 = sha256(account_and_address.as_bytes());
    let rows = app
        .db()
        .query(
            "select user_id, password_hash, workspace_id, familiar from tenant.credential($1, $2)",
            [typed(&request.email), typed(&address_sha256)],
        )
        .await?;
    let row = rows.first();
    // Strangers at many addresses use up what the account has, and not what its person has at their own.
    if !row.is_some_and(|row| row.get("familiar")) {
        PER_ACCOUNT.take(&app, &request.email, now).await?;
    }
    let hash: Option<&str> = row.map(|row| row.get("password_hash"));
    let (true, Some(row)) = (password::matches(&request.password, hash), row) else {
        return Err(Problem::new(reasons::WRONG_CREDENTIALS));
    };
    let session = Session {
        session_id: Uuid::now_v7(),
        user_id: row.get("user_id"),
        workspace_id: row.get("workspace_id"),
    };
    let refresh = RefreshToken::make()?;
    let told = session::tokens(&Signer::read(&app).await?, session, &refresh, now)?;
    let opened = app
        .db()
        .query(
            "select tenant.open_session($1, $2, $3, $4, $5, $6, $7, $8, $9) as opened",
            [
                typed(&session.session_id),
                typed(&session.user_id),
                typed(&hash),
                typed(&session.workspace_id),
                typed(&session::ends(now)),
                typed(&refresh.sha256()),
                typed(&request_id),
                typed(&address.text()),
                typed(&address_sha256),
            ],
        )
        .await?;
    // The password was changed, or its person erased, while it was being checked.
    if !opened.first().is_some_and(|row| row.get("opened")) {
        return Err(Problem::new(reasons::WRONG_CREDENTIALS));
    }
    shared::http::ok(told)
}
