//! `POST /v1/auth/zerodha/callback`: completes a connection.

use axum::extract::State;
use kite::{Kite, KiteSession};
use serde_json::json;
use shared::auth::Session;
use shared::db::{Tenant, statement};
use shared::events::{AccountRefreshDue, Envelope};
use shared::http::{Json, Reply, Route};
use shared::request::{flag, secret};
use shared::routes;
use shared::{Access, App, Caller, Permission, Problem, Secret, clock, typed};
use uuid::Uuid;

use crate::connection::{COLUMNS, Connection, Happening, State as Is, next_six};
use crate::kite_apps::KiteApps;
use crate::sealing::{Place, SealingKeys};
use crate::{login_state, reasons};

/// Stores a connection, or what has changed of one that is known.
const STORE: &str = include_str!("zerodha_callback.sql");

/// For owners, admins and analysts.
pub fn route() -> Route {
    Route::new(routes!(zerodha_callback), Access::member(Permission::WritePortfolio))
}

/// Of what is not as it was sent.
const RETURNED: &str = "must be as it came back with the browser";

shared::request! {
    /// What came back with the browser.
    #[example({ "requestToken": "sample", "state": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })]
    struct CallbackRequest {
        /// Zerodha's; good once and for a few minutes.
        request_token: Secret = secret(1, 200, RETURNED),
        /// The one that the sign-in was begun with.
        state: Secret = secret(1, 200, RETURNED),
        /// Takes the account away from where it is connected now.
        move_here: bool = flag() => false,
    }
}

/// Exchanges the request token for a session at Zerodha, keeps its access token sealed, and has the account read at once.
/// An account has one connection in all of the installation; whoever has just signed in to it may move it here.
#[utoipa::path(post, path = "/v1/auth/zerodha/callback", request_body = CallbackRequest,
    responses((status = 200, body = Connection)))]
async fn zerodha_callback(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<CallbackRequest>,
) -> Reply {
    let session = caller.session()?;
    // Nothing is used up for who is no member any more, or while a key is missing.
    app.db().read(&caller, []).await?;
    let (apps, keys) = (KiteApps::read(&app).await?, SealingKeys::read(&app).await?);
    // While Kite cannot be asked, the sign-in is not used up: it can be completed later.
    let kite = Kite::of(&app)?;
    kite.ready(&apps.of(session.user_id)?.api_key).await.map_err(reasons::of_kite)?;
    let api_key = login_state::take(&app, session, &request.state, clock::now()).await?;
    let kite_app = apps.named(&api_key)?;
    let opened = kite.exchange(kite_app, request.request_token.expose()).await;
    let opened = opened.map_err(reasons::of_kite)?;
    let proved = Proved { app: &app, caller: &caller, session, keys: &keys, api_key: &api_key };
    shared::http::ok(proved.store(&opened, request.move_here).await?)
}

/// Who has proved that an account is theirs.
struct Proved<'a> {
    app: &'a App,
    caller: &'a Caller,
    session: Session,
    keys: &'a SealingKeys,
    api_key: &'a str,
}

impl Proved<'_> {
    /// Claims the account, and stores the connection with its sealed token, in one transaction.
    async fn store(&self, opened: &KiteSession, move_here: bool) -> Result<Connection, Problem> {
        let (hmac, candidate) = (self.keys.account(&opened.user_id)?, Uuid::now_v7());
        let claim = statement(
            "select outcome, connection_id from tenant.claim_kite_account($1, $2, $3)",
            [typed(&hmac), typed(&candidate), typed(&move_here)],
        );
        let (tx, [claimed]) = self.app.db().enter(self.caller, [claim]).await?;
        let connection: Option<Uuid> = claimed.first().and_then(|row| row.get("connection_id"));
        let Some(connection) = connection else {
            return Err(Problem::new(reasons::ELSEWHERE));
        };
        let Session { workspace_id: workspace, user_id: user, .. } = self.session;
        let sealed = self.keys.seal(Place { workspace, user, connection }, &opened.access_token)?;
        let (now, happened) = (clock::now(), Happening::SignedIn);
        let (api_key, sealing_key) = (self.api_key.to_owned(), self.keys.current());
        let (state, reason, ends) =
            (Is::Expired.after(happened).word(), happened.reason(), next_six(now));
        let (account, label) = (Uuid::now_v7(), format!("Zerodha {}", opened.user_id));
        let sql = format!("{STORE} returning {COLUMNS}");
        let store = statement(
            &sql,
            [
                typed(&connection),
                typed(&api_key),
                typed(&opened.user_id),
                typed(&opened.user_name),
                typed(&state),
                typed(&reason),
                typed(&sealed),
                typed(&sealing_key),
                typed(&now),
                typed(&ends),
                typed(&account),
                typed(&label),
            ],
        );
        let outcome: &str = claimed.first().map_or("new", |row| row.get("outcome"));
        let (subject, detail) = (connection.to_string(), json!({ "account": outcome }));
        let audit = statement(
            "select tenant.audit('connection.made', $1, $2)",
            [typed(&subject), typed(&detail)],
        );
        let [rows, _] = tx.batch([store, audit]).await?;
        let row = rows.first().ok_or_else(|| Problem::internal(anyhow::anyhow!("no row")))?;
        let made = Connection::from(row);
        self.commit(tx, &made).await?;
        Ok(made)
    }

    /// Commits, and has the account read at once: whoever has just connected looks at the portfolio next.
    async fn commit(&self, tx: Tenant, made: &Connection) -> Result<(), Problem> {
        let account_id = made.account_id;
        let due = AccountRefreshDue { account_id, put_off: 0, unless_read_since: None };
        let due = Envelope::new(Some(self.session.workspace_id), &due)?;
        tx.publish(due);
        tx.commit([]).await?;
        Ok(())
    }
}
