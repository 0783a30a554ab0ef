//! `POST /v1/api-keys`: makes an API key.

use std::collections::BTreeSet;

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use shared::auth::ApiKey;
use shared::db::{Statement, statement};
use shared::http::{Reply, Route};
use shared::idempotency::{IdempotencyKey, Idempotent};
use shared::request::{Reader, future, list, printable, text};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Timestamp, typed};
use utoipa::ToSchema;

use crate::reasons;

/// Keys one person has in a workspace at once.
const MOST: i64 = 50;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(key_create), Access::member(Permission::ManageKeys))
}

shared::request! {
    /// What to make.
    #[example({ "name": "Nightly report", "scopes": ["portfolio:read"] })]
    struct KeyCreateRequest {
        /// What it is for: 1 to 100 characters.
        name: String = printable(100),
        /// What it may do: `portfolio:read`, `query:read`.
        scopes: Vec<String> = list(1, 10, scope()),
        /// Until when it is good; until it is revoked, when not given.
        expires_at: Option<Timestamp> = future(),
    }
}

fn scope() -> impl Reader<Value = String> {
    text(
        |scope| {
            let all = Permission::scopes();
            let known = all.contains(&scope).then(|| scope.to_owned());
            known.ok_or_else(|| format!("must be of {}", all.join(", ")))
        },
        || json!({ "enum": Permission::scopes() }),
    )
}

/// A key that was made. This is the only time that it is shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MadeKey {
    /// What lists and logs call it.
    pub(crate) key_id: String,
    /// Send it as `x-api-key`. Null when this is the answer of a request that was sent again: a key is shown once.
    pub(crate) key: Option<String>,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Makes a key that acts as the caller in this workspace, within its scopes and within the caller's role at the
/// time. It is shown in this answer and never again.
#[utoipa::path(post, path = "/v1/api-keys", request_body = KeyCreateRequest,
    params(IdempotencyKey),
    responses((status = 201, body = MadeKey)))]
async fn key_create(
    State(app): State<App>,
    caller: Caller,
    Idempotent { request, claim }: Idempotent<KeyCreateRequest>,
) -> Reply {
    let count = statement(
        "select count(*) as keys from access.api_keys
         where user_id = current_setting('app.user_id')::uuid
           and revoked_at is null and (expires_at is null or expires_at > now())",
        [],
    );
    let (tx, [claimed, counted]) = app.db().enter(&caller, [claim.statement(), count]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    if counted.first().is_some_and(|row| row.get::<_, i64>("keys") >= MOST) {
        return Err(Problem::new(reasons::TOO_MANY_KEYS));
    }
    let scopes: BTreeSet<String> = request.scopes.into_iter().collect();
    let made = NewKey::make(request.name, scopes.into_iter().collect(), request.expires_at)?;
    let kept = made.without_key();
    let [insert, audit] = made.statements(&"key.created");
    tx.commit([insert, audit, claim.store(&kept)]).await?;
    shared::http::json(StatusCode::CREATED, &made.with_key())
}

/// A key on its way to its row and to its owner.
pub(crate) struct NewKey {
    key: ApiKey,
    text: shared::Secret,
    name: String,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
    last_four: String,
    detail: Value,
}

impl NewKey {
    pub(crate) fn make(
        name: String,
        scopes: Vec<String>,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, Problem> {
        let (key, text) = ApiKey::make()?;
        let last_four = text.expose().chars().skip(text.expose().len().saturating_sub(4)).collect();
        let detail = json!({ "scopes": scopes });
        Ok(Self { key, text, name, scopes, expires_at, last_four, detail })
    }

    pub(crate) fn id(&self) -> &str {
        &self.key.id
    }

    /// What its owner is told, once.
    pub(crate) fn with_key(&self) -> MadeKey {
        MadeKey {
            key_id: self.key.id.clone(),
            key: Some(self.text.expose().to_owned()),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            expires_at: self.expires_at,
        }
    }

    /// What is kept as the answer for a request that is sent again.
    pub(crate) fn without_key(&self) -> Value {
        json!(MadeKey { key: None, ..self.with_key() })
    }

    /// What stores it and writes it down.
    pub(crate) fn statements<'a>(&'a self, action: &'a &str) -> [Statement<'a>; 2] {
        let insert = statement(
            "insert into access.api_keys (workspace_id, key_id, user_id, name, scopes, secret_sha256, last_four, expires_at)
             values (current_setting('app.workspace_id')::uuid, $1, current_setting('app.user_id')::uuid,
                 $2, $3, $4, $5, $6)",
            [
                typed(&self.key.id),
                typed(&self.name),
                typed(&self.scopes),
                typed(&self.key.sha256),
                typed(&self.last_four),
                typed(&self.expires_at),
            ],
        );
        let audit = statement(
            "select tenant.audit($1, $2, $3)",
            [typed(action), typed(&self.key.id), typed(&self.detail)],
        );
        [insert, audit]
    }
}
