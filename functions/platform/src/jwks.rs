//! `GET /.well-known/jwks.json`: the public keys that access tokens are checked with (RFC 7517).

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use shared::auth::PublicKey;
use shared::http::{Reply, Route};
use shared::routes;
use shared::{Access, Db};
use utoipa::ToSchema;

/// For anyone.
pub fn route() -> Route {
    Route::new(routes!(jwks), Access::Public).any_origin()
}

/// A JSON Web Key Set.
#[derive(Serialize, ToSchema)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// A public key on P-256.
#[derive(Serialize, ToSchema)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    r#use: &'static str,
    kid: String,
    x: String,
    y: String,
}

/// Every key that may have signed a valid token, and those that will; look again at an unknown `kid`.
#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = Jwks)))]
async fn jwks(State(db): State<Db>) -> Reply {
    let jwk = |key: PublicKey| Jwk {
        kty: "EC",
        crv: "P-256",
        alg: "ES256",
        r#use: "sig",
        kid: key.kid,
        x: key.x,
        y: key.y,
    };
    let keys = PublicKey::all(&db).await?.into_iter().map(jwk).collect();
    let body = shared::http::ok(Jwks { keys })?;
    Ok(([(CACHE_CONTROL, "public, max-age=300")], body).into_response())
}
