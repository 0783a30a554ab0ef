//! `POST /v1/api-keys/{keyId}/rotate`: puts a new key in the place of another.

use axum::extract::{Path, State};
use http::StatusCode;
use shared::db::statement;
use shared::http::{Reply, Route};
use shared::idempotency::{IdempotencyKey, Idempotent};
use shared::problem::reasons::NOT_FOUND;
use shared::request::whole;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};

use crate::key_create::{MadeKey, NewKey};
use crate::reasons;

/// How long both keys are good unless the caller says otherwise, and at most.
const OVERLAP_S: i64 = 24 * 3600;
const LONGEST_OVERLAP_S: i64 = 30 * 24 * 3600;

/// For owners, admins and analysts, each for their own keys.
pub fn route() -> Route {
    Route::new(routes!(key_rotate), Access::member(Permission::ManageKeys))
}

shared::request! {
    /// How to go over.
    #[example({ "overlapSeconds": 3600 })]
    struct KeyRotateRequest {
        /// How long the key before stays good: 0 to 30 days; a day when not given.
        overlap_seconds: i64 = whole(0, LONGEST_OVERLAP_S) => OVERLAP_S,
    }
}

/// Makes a key with the same name, scopes and expiry; the one before stays good for the overlap, so that nothing
/// stands still while programs change over. Only its maker rotates a key, once.
#[utoipa::path(post, path = "/v1/api-keys/{keyId}/rotate", request_body = KeyRotateRequest,
    params(("keyId" = String, Path, description = "From the list of keys."), IdempotencyKey),
    responses((status = 201, body = MadeKey)))]
async fn key_rotate(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Idempotent { request, claim }: Idempotent<KeyRotateRequest>,
) -> Reply {
    let now = clock::now();
    let before = statement(
        "select name, scopes, expires_at,
                revoked_at is null and (expires_at is null or expires_at > now()) and rotated_to is null as good
         from access.api_keys
         where key_id = $1 and user_id = current_setting('app.user_id')::uuid for update",
        [typed(&key)],
    );
    let (tx, [claimed, rows]) = app.db().enter(&caller, [claim.statement(), before]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    let refusal = match rows.first() {
        None => Some(NOT_FOUND),
        Some(row) if !row.get::<_, bool>("good") => Some(reasons::KEY_ENDED),
        Some(_) => None,
    };
    let (Some(row), None) = (rows.first(), refusal) else {
        return Err(Problem::new(refusal.unwrap_or(NOT_FOUND)));
    };
    let made = NewKey::make(row.get("name"), row.get("scopes"), row.get("expires_at"))?;
    let ends = clock::later(now, request.overlap_seconds);
    let id = made.id().to_owned();
    let retire = statement(
        "update access.api_keys set rotated_to = $2, expires_at = least(coalesce(expires_at, $3), $3) where key_id = $1",
        [typed(&key), typed(&id), typed(&ends)],
    );
    let kept = made.without_key();
    let [insert, audit] = made.statements(&"key.rotated");
    tx.commit([insert, audit, retire, claim.store(&kept)]).await?;
    shared::http::json(StatusCode::CREATED, &made.with_key())
}
