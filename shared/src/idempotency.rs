//! `Idempotency-Key`: a creating POST sent twice has one effect and one answer.
//!
//! The claim, the effect and the stored answer are one Postgres transaction, so no crash can
//! leave one without the others. A second request with the same key waits for the first to
//! commit, and then answers what it answered.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use crate::crypto::sha256;
use crate::db::{Statement, statement};
use crate::fields::FromFields;
use crate::http::{Body, json_body, read_json};
use crate::problem::reasons;
use crate::{App, Problem, typed};

/// The name of the header.
const HEADER: &str = "idempotency-key";
/// How long a key may be.
const LONGEST: usize = 200;

/// The key of a request, if it has one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(Option<String>);

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let key = value.to_str().ok().filter(|key| {
            (1..=LONGEST).contains(&key.len())
                && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        });
        match key {
            Some(key) => Ok(Self(Some(key.to_owned()))),
            None => Err(Problem::field(
                "Idempotency-Key",
                format!("must have 1 to {LONGEST} printable characters"),
            )),
        }
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LONGEST))
            .pattern(Some("^[\\x20-\\x7E]+$"));
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Sent again with the same key and body, the request is not done again, and answers what the first answered.",
            ))
            .schema(Some(schema));
        vec![parameter.build()]
    }
}

/// A JSON request that is done once for its key.
pub struct Idempotent<T> {
    /// The request.
    pub request: T,
    /// What does it once.
    pub claim: Claim,
}

impl<T: FromFields> FromRequest<App> for Idempotent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let key = IdempotencyKey::from_request_parts(&mut parts, app).await?;
        let path = parts.uri.path().to_owned();
        let Body(body) = json_body(Request::from_parts(parts, body), app).await?;
        // What stands in the path is part of the request.
        let claim = Claim::new(key, app, &[path.as_bytes(), b"\0", &body].concat());
        Ok(Self { request: read_json(&body)?, claim })
    }
}

/// A request that is done once for its key.
pub struct Claim {
    key: Option<String>,
    /// The function that does it.
    route: String,
    body_sha256: Vec<u8>,
}

impl Claim {
    /// The claim of this key on this function for this request.
    pub fn new(key: IdempotencyKey, app: &App, request: &[u8]) -> Self {
        let route = app.config().function().to_owned();
        Self { key: key.0, route, body_sha256: sha256(request) }
    }

    /// Claims the key and answers what is stored for it; belongs to the first statements of the
    /// transaction. Without a key it does nothing.
    pub fn statement(&self) -> Statement<'_> {
        statement(
            "select body_sha256, reply, claimed
             from shared.claim_key(current_setting('app.user_id')::uuid, $1, $2, $3)",
            [typed(&self.route), typed(&self.key), typed(&self.body_sha256)],
        )
    }

    /// Looks for what was answered under the key, without claiming it. Read before a limit counts: neither who may not
    /// call the route nor a repetition uses anything up.
    pub fn peek(&self) -> Statement<'_> {
        statement(
            "select body_sha256, reply, false as claimed from shared.idempotency_keys
             where user_id = current_setting('app.user_id')::uuid and route = $1 and key = $2 and reply is not null",
            [typed(&self.route), typed(&self.key)],
        )
    }

    /// The stored answer when the request was done before; a refusal when the key was another's.
    pub fn earlier(&self, rows: &[Row]) -> Result<Option<Value>, Problem> {
        let Some(row) = rows.first().filter(|row| !row.get::<_, bool>("claimed")) else {
            return Ok(None);
        };
        if row.get::<_, Vec<u8>>("body_sha256") != self.body_sha256 {
            return Err(Problem::new(reasons::KEY_REUSED));
        }
        Ok(row.get("reply"))
    }

    /// Stores the answer; belongs to the last statements of the transaction.
    pub fn store<'a>(&'a self, reply: &'a Value) -> Statement<'a> {
        statement(
            "update shared.idempotency_keys set reply = $3
             where user_id = current_setting('app.user_id')::uuid and route = $1 and key = $2",
            [typed(&self.route), typed(&self.key), typed(reply)],
        )
    }
}
