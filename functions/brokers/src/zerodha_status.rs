//! `GET /v1/auth/zerodha/status`: the caller's connections, and what to do about each.

use axum::extract::State;
use kite::{Kite, KiteError};
use serde::Serialize;
use shared::db::statement;
use shared::http::{Query, Reply, Route};
use shared::limits::Limit;
use shared::request::flag;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, clock, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::connection::{COLUMNS, Connection, Happening, State as Is, what_to_do};
use crate::reasons;
use crate::sealing::{Place, SealingKeys};

/// Checks by one person: each asks Zerodha in the turn of everybody.
const PER_PERSON: Limit = Limit { name: "zerodha-check", most: 20, window_s: 300 };

/// For any member: they see their own.
pub fn route() -> Route {
    Route::new(routes!(zerodha_status), Access::member(Permission::ReadPortfolio))
}

shared::request! {
    /// Whether to ask.
    struct StatusQuery {
        /// Asks Zerodha.
        check: bool = flag() => false,
    }
}

/// A connection, and what Zerodha said when it was asked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Checked {
    #[serde(flatten)]
    connection: Connection,
    /// `ok`, or the reason of a refusal; null when Zerodha was not asked.
    check: Option<&'static str>,
}

/// The caller's connections in this workspace.
#[derive(Serialize, ToSchema)]
struct Connections {
    items: Vec<Checked>,
}

/// The caller's own connections in this workspace; other members' are nobody's business. With `check` Zerodha is
/// asked whether each is still good, and what it refuses changes its state.
#[utoipa::path(get, path = "/v1/auth/zerodha/status",
    params(StatusQuery),
    responses((status = 200, body = Connections)))]
async fn zerodha_status(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<StatusQuery>,
) -> Reply {
    let sql = format!(
        "select {COLUMNS}, c.token_sealed, c.sealing_key from brokers.connections c order by c.connected_at, c.connection_id"
    );
    let [rows] = app.db().read(&caller, [statement(&sql, [])]).await?;
    if query.check {
        PER_PERSON.take(&app, &caller.session()?.user_id.to_string(), clock::now()).await?;
    }
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let connection = Connection::from(row);
        items.push(if query.check && connection.state == Is::Connected {
            checked(&app, &caller, row, connection).await?
        } else {
            Checked { connection, check: None }
        });
    }
    shared::http::ok(Connections { items })
}

async fn checked(
    app: &App,
    caller: &Caller,
    row: &Row,
    mut connection: Connection,
) -> Result<Checked, Problem> {
    let session = caller.session()?;
    let place = Place {
        workspace: session.workspace_id,
        user: session.user_id,
        connection: connection.connection_id,
    };
    let sealed: Vec<u8> = row.get("token_sealed");
    let token = SealingKeys::read(app).await?.open(place, row.get("sealing_key"), &sealed)?;
    let happened = match Kite::of(app)?.profile(&connection.api_key, &token).await {
        Ok(_) => return Ok(Checked { connection, check: Some("ok") }),
        Err(KiteError::Token(_)) => Happening::TokenRefused,
        Err(KiteError::Permission(_)) => Happening::NotPermitted,
        // Kite's own trouble changes nothing here.
        Err(err) => {
            let check = Some(reasons::of_kite(err).reason().name);
            return Ok(Checked { connection, check });
        }
    };
    let state = connection.state.after(happened);
    let (word, reason) = (state.word(), happened.reason());
    let change = statement(
        "update brokers.connections
         set state = $2, reason = $3, token_sealed = null, sealing_key = null, changed_at = now()
         where connection_id = $1 and token_sealed = $4",
        [typed(&connection.connection_id), typed(&word), typed(&reason), typed(&sealed)],
    );
    let (tx, _) = app.db().enter(caller, [change]).await?;
    tx.commit([]).await?;
    connection.state = state;
    connection.reason = reason.to_owned();
    connection.what_to_do = what_to_do(state, &connection.reason);
    Ok(Checked { connection, check: Some(reason) })
}
