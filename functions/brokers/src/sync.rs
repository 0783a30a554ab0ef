//! `POST /v1/portfolio/sync`: has the caller's connected accounts read from Zerodha now.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use shared::db::statement;
use shared::events::{AccountRefreshDue, Envelope};
use shared::http::{Reply, Route};
use shared::idempotency::{IdempotencyKey, Idempotent};
use shared::limits::Limit;
use shared::request::id;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::connection::{COLUMNS, Connection, State as Is};
use crate::reasons;

/// What one person asks for: each account costs Zerodha four answers, in the turn of everybody.
const PER_PERSON: Limit = Limit { name: "sync", most: 12, window_s: 3600 };

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(sync), Access::member(Permission::WritePortfolio))
}

shared::request! {
    /// Which account.
    #[example({})]
    struct SyncRequest {
        /// Only this one; every connected account of the caller otherwise.
        account_id: Option<Uuid> = id(),
    }
}

/// What was asked for, account by account.
#[derive(Serialize, ToSchema)]
struct SyncAsked {
    items: Vec<AccountAsked>,
}

/// One of the caller's accounts at Zerodha.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountAsked {
    account_id: Uuid,
    /// Whether it will be read now: `GET /v1/accounts` shows when it was, and what came of it.
    asked: bool,
    state: Is,
    /// What to do where it will not be read; null when there is nothing to do.
    what_to_do: Option<&'static str>,
}

/// Asks for the caller's own connected accounts to be read now: what is held, the positions, the day's trades and funds.
/// It is done within seconds, or when it is the installation's turn at Zerodha. Every connected account is read each
/// trading day at 18:00 without being asked for.
#[utoipa::path(post, path = "/v1/portfolio/sync", request_body = SyncRequest,
    params(IdempotencyKey),
    responses((status = 202, body = SyncAsked)))]
async fn sync(
    State(app): State<App>,
    caller: Caller,
    Idempotent { request, claim }: Idempotent<SyncRequest>,
) -> Reply {
    let session = caller.session()?;
    let [done] = app.db().read(&caller, [claim.peek()]).await?;
    if let Some(earlier) = claim.earlier(&done)? {
        return shared::http::json(StatusCode::ACCEPTED, &earlier);
    }
    PER_PERSON.take(&app, &session.user_id.to_string(), clock::now()).await?;
    let sql = format!(
        "select {COLUMNS} from brokers.connections c where $1 is null or c.account_id = $1 order by c.connected_at, c.connection_id"
    );
    let mine = statement(&sql, [typed(&request.account_id)]);
    let (tx, [claimed, mine]) = app.db().enter(&caller, [claim.statement(), mine]).await?;
    if let Some(earlier) = claim.earlier(&claimed)? {
        return shared::http::json(StatusCode::ACCEPTED, &earlier);
    }
    if mine.is_empty() {
        return Err(Problem::new(reasons::NOT_CONNECTED));
    }
    let items: Vec<_> = mine.iter().map(Connection::from).map(AccountAsked::from).collect();
    let due = items.iter().filter(|item| item.asked).map(|item| item.account_id);
    let detail = json!({ "accounts": due.clone().count() });
    for account_id in due {
        let due = AccountRefreshDue { account_id, put_off: 0, unless_read_since: None };
        tx.publish(Envelope::new(Some(session.workspace_id), &due)?);
    }
    let reply = json!(SyncAsked { items });
    let audit = statement(
        "select tenant.audit('account.read_asked', current_setting('app.user_id'), $1)",
        [typed(&detail)],
    );
    tx.commit([audit, claim.store(&reply)]).await?;
    shared::http::json(StatusCode::ACCEPTED, &reply)
}

impl From<Connection> for AccountAsked {
    fn from(connection: Connection) -> Self {
        Self {
            account_id: connection.account_id,
            asked: connection.state == Is::Connected,
            state: connection.state,
            what_to_do: connection.what_to_do,
        }
    }
}
