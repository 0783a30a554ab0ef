//! `POST /v1/api-keys`: makes an API key.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use shared::auth::ApiKey;
use shared::db::{Statement, statement};
use shared::fields::{Fields, FromFields, printable};
use shared::http::{Body, Reply, Route, read_json};
use shared::idempotency::{Claim, IdempotencyKey};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Timestamp, clock, typed};
use utoipa::ToSchema;

use crate::reasons;

/// Keys one person has in a workspace at once.
const MOST: i64 = 50;

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(key_create), Access::member(Permission::ManageKeys))
}

/// What to make.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "name": "Nightly report", "scopes": ["portfolio:read"] }))]
#[expect(dead_code, reason = "documents what Asked reads")]
struct KeyCreateRequest {
    /// What it is for: 1 to 100 characters.
    name: String,
    /// What it may do: `portfolio:read`.
    scopes: Vec<String>,
    /// Until when it is good; until it is revoked, when not given.
    expires_at: Option<Timestamp>,
}

struct Asked {
    name: String,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
}

impl FromFields for Asked {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", |name| printable(name, 100));
        let scopes = fields.texts("scopes", |scope| {
            let all = Permission::scopes();
            let known = all.contains(&scope);
            if known { Ok(scope.to_owned()) } else { Err(format!("must be of {}", all.join(", "))) }
        });
        let scopes = match scopes {
            Some(scopes) if scopes.is_empty() => {
                fields.fault("scopes", "must have one at least");
                None
            }
            scopes => scopes,
        };
        let expires_at = fields.optional("expiresAt", |at| match at.parse::<Timestamp>() {
            Ok(at) if at > clock::now() => Ok(at),
            _ => Err("must be a time to come, like 2027-03-31T18:30:00Z".into()),
        });
        Some(Self { name: name?, scopes: scopes?, expires_at: expires_at? })
    }
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
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same key and body, nothing is made twice; the second answer has no `key`.")),
    responses((status = 201, body = MadeKey)))]
async fn key_create(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Body(body): Body,
) -> Reply {
    let asked: Asked = read_json(&body)?;
    let claim = Claim::new(key, "access-key-create", &body);
    let count = statement(
        "select count(*) as keys from access.api_keys
         where user_id = current_setting('app.user_id')::uuid
           and revoked_at is null and (expires_at is null or expires_at > now())",
        [],
    );
    let (tx, [claimed, counted]) = app.db().enter(&caller, [claim.statement(), count]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        tx.rollback().await?;
        return shared::http::json(StatusCode::CREATED, &earlier);
    }
    if counted.first().is_some_and(|row| row.get::<_, i64>("keys") >= MOST) {
        tx.rollback().await?;
        return Err(Problem::new(reasons::TOO_MANY_KEYS));
    }
    let made = NewKey::make(asked.name, asked.scopes, asked.expires_at)?;
    let kept = made.without_key();
    let [insert, audit] = made.statements(&"key.created");
    tx.commit([insert, audit, claim.store(&kept)]).await?;
    shared::http::json(StatusCode::CREATED, &made.told())
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
    pub(crate) fn told(&self) -> MadeKey {
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
        json!(MadeKey { key: None, ..self.told() })
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
