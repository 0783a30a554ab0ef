//! `POST /v1/auth/register`: asks for an account; a mailed code completes it.

use std::ops::RangeInclusive;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use shared::events::{self, Envelope, RegistrationRequested};
use shared::http::{Json, Reply, Route, SourceAddress};
use shared::limits::Limit;
use shared::request::{Reader, email, printable};
use shared::routes;
use shared::{Access, App, Secret, Timestamp, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::password;

/// Registrations from one address.
const PER_ADDRESS: Limit = Limit { name: "register", most: 20, window_s: 3600 };
/// Registrations of one e-mail address, each of which sends it a mail.
const PER_EMAIL: Limit = Limit { name: "register-email", most: 5, window_s: 3600 };
/// A registration waits this long for its code.
const EXPIRES_AFTER_S: i64 = 3600;

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(register), Access::Public)
}

shared::request! {
    /// What to register.
    #[example({ "email": "asha@example.in", "password": "monsoon-ledger-27", "name": "Asha" })]
    struct RegisterRequest {
        /// Where the code is mailed; signing in takes it in any case.
        email: String = email(),
        /// 10 to 200 characters.
        password: Secret = password::reader(),
        /// How to address the person; at most 100 characters.
        name: Option<String> = person_name(),
    }
}

/// How long a person's name may be.
pub(crate) const PERSON_NAME: RangeInclusive<usize> = 1..=100;

/// What a person may be called.
pub(crate) fn person_name() -> impl Reader<Value = String> {
    printable(*PERSON_NAME.end())
}

/// The registration that waits for its code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Registered {
    /// Send it with the mailed code to `/v1/auth/verify-email`.
    registration_id: Uuid,
    /// Until when the code is good.
    expires_at: Timestamp,
}

/// Asks for an account. The answer is the same whether or not the address is known: a known one
/// gets a mail that says so, an unknown one a code. One address is mailed five times an hour; what is asked beyond that is
/// not mailed, and answered as always.
#[utoipa::path(post, path = "/v1/auth/register", request_body = RegisterRequest,
    responses((status = 202, body = Registered)))]
async fn register(
    State(app): State<App>,
    address: SourceAddress,
    Json(request): Json<RegisterRequest>,
) -> Reply<Response> {
    let now = clock::now();
    PER_ADDRESS.take(&app, &address.subject(), now).await?;
    let mailed = PER_EMAIL.allows(&app, &request.email, now).await?;
    let registration_id = Uuid::now_v7();
    let expires_at = clock::later(now, EXPIRES_AFTER_S);
    let password_hash = password::hash(&request.password)?;
    if !mailed {
        // Whoever asks too often for an address keeps nobody from registering: earlier codes stay good.
        return shared::http::json(
            StatusCode::ACCEPTED,
            &Registered { registration_id, expires_at },
        );
    }
    let event = Envelope::new(None, &RegistrationRequested { registration_id })?;
    app.db()
        .query(
            "select tenant.register($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                typed(&registration_id),
                typed(&request.email),
                typed(&request.name),
                typed(&password_hash),
                typed(&expires_at),
                typed(&event.event_id),
                typed(&event.event),
                typed(&event.body),
                typed(&event.trace),
            ],
        )
        .await?;
    events::dispatch(&app, &[event]).await;
    shared::http::json(StatusCode::ACCEPTED, &Registered { registration_id, expires_at })
}
