//! `DELETE /v1/auth/zerodha/connections/{connectionId}`: ends a connection.

use axum::extract::State;
use kite::Kite;
use serde::Serialize;
use shared::db::statement;
use shared::fields::Nothing;
use shared::http::{Id, Query, Reply, Route};
use shared::problem::reasons::NOT_FOUND;
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, typed};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::sealing::{Place, SealingKeys};

/// For any member: they end their own.
pub fn route() -> Route {
    Route::new(routes!(zerodha_disconnect), Access::member(Permission::Enter))
}

/// A connection that is no more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Disconnected {
    /// Whether Zerodha ended the session, too. When it did not answer, the session ends there at six in the morning,
    /// and nobody here has its token any more.
    ended_at_zerodha: bool,
}

/// Ends the session at Zerodha and deletes the connection with its token. Accounts and what was imported stay.
#[utoipa::path(delete, path = "/v1/auth/zerodha/connections/{connectionId}",
    params(("connectionId" = Uuid, Path, description = "From the status.")),
    responses((status = 200, body = Disconnected)))]
async fn zerodha_disconnect(
    State(app): State<App>,
    caller: Caller,
    Id(connection): Id,
    _: Query<Nothing>,
) -> Reply {
    let kept = statement(
        "select api_key, state, token_sealed, sealing_key from brokers.connections where connection_id = $1",
        [typed(&connection)],
    );
    let [rows] = app.db().read(&caller, [kept]).await?;
    let row = rows.first().ok_or_else(|| Problem::new(NOT_FOUND))?;
    let ended_at_zerodha = end(&app, &caller, connection, row).await;
    let remove = statement("select tenant.disconnect_kite($1) as gone", [typed(&connection)]);
    let (tx, _) = app.db().enter(&caller, [remove]).await?;
    tx.commit([]).await?;
    shared::http::ok(Disconnected { ended_at_zerodha })
}

/// Ends the session at Zerodha, if there is one; whatever keeps it from that keeps nobody from disconnecting.
async fn end(app: &App, caller: &Caller, connection: Uuid, row: &Row) -> bool {
    let Some(sealed) = row.get::<_, Option<Vec<u8>>>("token_sealed") else {
        // Only mornings end sessions there; whatever else took the token away leaves one until the next.
        return row.get::<_, &str>("state") == "expired";
    };
    let ended = async {
        let session = caller.session()?;
        let place = Place { workspace: session.workspace_id, user: session.user_id, connection };
        let token = SealingKeys::read(app).await?.open(place, row.get("sealing_key"), &sealed)?;
        match Kite::of(app)?.log_out(row.get("api_key"), &token).await {
            // It had ended already.
            Ok(()) | Err(kite::KiteError::Token(_)) => Ok(()),
            Err(err) => Err(crate::reasons::of_kite(err)),
        }
    };
    let ended: Result<(), Problem> = ended.await;
    if let Err(problem) = &ended {
        tracing::warn!(reason = problem.reason().name, "the session at Zerodha was not ended");
    }
    ended.is_ok()
}
