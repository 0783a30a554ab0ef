//! Queue `sync-account`: reads one account from Kite and stores what it says, or why it did not say it.
//!
//! No transaction is open while Kite is asked. What it says is stored in one, with the claim of the event; when it says
//! nothing, or only a part, what is stored stays as it is.

mod reading;

use jiff::civil::{Date, Time};
use kite::{Account, Kite, KiteError};
use serde_json::Value;
use shared::db::{Statement, statement};
use shared::events::{AccountRefreshDue, AccountSynced, Envelope, Queue};
use shared::queue::{Consumer, Delivery};
use shared::{App, Problem, Timestamp, clock, typed};
use stores::instruments::{Symbols, by_symbols, spellings};
use stores::sessions::day_of_books;
use uuid::Uuid;

use crate::connection::{Happening, State};
use crate::sealing::{Place, SealingKeys};
use reading::Reading;

/// The layout that holdings and fills read from Kite say they are from.
const KITE: &str = "kite";
/// How many seconds an account whose turn has not come waits at least.
const WAIT_S: i32 = 10;
/// How many it waits while Kite is down, and how often; after that the next run of the evening takes it up.
const WHILE_DOWN_S: i32 = 30;
const MOST_PUT_OFF: u32 = 10;

/// Consumes [`AccountRefreshDue`].
pub fn consumer() -> Consumer {
    Consumer::of(sync_account)
}

/// How many holdings and fills an answer comes to, as they would be stored.
pub fn rows(account: &Account, today: Date) -> usize {
    let reading = reading::read(account, &Symbols::default(), today);
    reading.map_or(0, |reading| reading.holdings.len() + reading.fills.len())
}

async fn sync_account(app: App, delivery: Delivery<AccountRefreshDue>) -> Result<(), Problem> {
    let account = delivery.event.account_id;
    let find = statement(
        "select connection_id, user_id, api_key, token_sealed, sealing_key from tenant.connection_of($1)",
        [typed(&account)],
    );
    let read = statement(
        "select from brokers.syncs where account_id = $1 and good_at >= $2 limit 1",
        [typed(&account), typed(&delivery.event.unless_read_since)],
    );
    let Some((tx, [found, read])) = delivery.enter(&app, [find, read]).await? else {
        return Ok(());
    };
    if !read.is_empty() {
        tx.commit([]).await?;
        return Ok(());
    }
    tx.rollback().await?;
    let sync = Sync { app: &app, delivery: &delivery, now: clock::now() };
    let Some(connection) = found.first().map(Connection::from) else {
        return sync.failed(None, Failed::SIGNED_OUT).await;
    };
    let place = Place {
        workspace: delivery.workspace_id.unwrap_or_default(),
        user: connection.user,
        connection: connection.id,
    };
    let keys = SealingKeys::read(&app).await?;
    let token = keys.open(place, &connection.sealing_key, &connection.sealed)?;
    match Kite::of(&app)?.account(&connection.api_key, &token).await {
        Ok(account) => sync.store(&connection, &account).await,
        Err(KiteError::Ours(problem)) => Err(problem),
        // Waiting for a turn is no failure, however long it takes.
        Err(KiteError::Busy { .. }) => sync.put_off(WAIT_S, 0).await,
        // It was not asked: others have just seen it fail.
        Err(KiteError::Down { .. }) if delivery.event.put_off < MOST_PUT_OFF => {
            sync.put_off(WHILE_DOWN_S, 1).await
        }
        Err(err) => sync.failed(Some(&connection), Failed::of(&err)).await,
    }
}

/// A connection that is good, with its sealed token.
struct Connection {
    id: Uuid,
    user: Uuid,
    api_key: String,
    sealed: Vec<u8>,
    sealing_key: String,
}

shared::from_row!(Connection {
    id = "connection_id", user = "user_id", api_key, sealed = "token_sealed", sealing_key,
});

/// Why nothing could be read, and what that means for the connection.
#[derive(Clone, Copy)]
struct Failed {
    problem: &'static str,
    happened: Option<Happening>,
}

impl Failed {
    const SIGNED_OUT: Self = Self { problem: "signed_out", happened: None };

    fn of(err: &KiteError) -> Self {
        let (problem, happened) = match err {
            KiteError::Token(_) => ("signed_out", Some(Happening::TokenRefused)),
            KiteError::Permission(_) => ("not_permitted", Some(Happening::NotPermitted)),
            _ => ("kite_unavailable", None),
        };
        tracing::warn!(problem, %err, "an account was not read");
        Self { problem, happened }
    }
}

/// One reading of one account.
struct Sync<'a> {
    app: &'a App,
    delivery: &'a Delivery<AccountRefreshDue>,
    now: Timestamp,
}

impl Sync<'_> {
    /// Has the account read later; how much later differs from message to message, so that not all come back at once.
    async fn put_off(&self, seconds: i32, counts: u32) -> Result<(), Problem> {
        // The last byte of an id is random.
        let spread = i32::from(self.delivery.event_id.as_bytes()[15] % 32);
        let mut again = self.delivery.event.clone();
        again.put_off += counts;
        let when = (Queue::SyncAccount, seconds + spread);
        self.delivery.postpone(self.app, when, &again).await
    }

    /// Keeps what is stored and says why it is not newer.
    async fn failed(&self, connection: Option<&Connection>, failed: Failed) -> Result<(), Problem> {
        let outcome = Outcome { problem: Some(failed.problem), ..Outcome::default() };
        let recorded = outcome.record(&self.delivery.event.account_id, &self.now);
        let Some((tx, [_])) = self.delivery.enter(self.app, [recorded]).await? else {
            return Ok(());
        };
        if let Some((connection, happened)) = connection.zip(failed.happened) {
            let (state, reason) = (State::Connected.after(happened).word(), happened.reason());
            let refused = statement(
                "select tenant.connection_refused($1, $2, $3, $4)",
                [typed(&connection.id), typed(&connection.sealed), typed(&state), typed(&reason)],
            );
            tx.commit([refused]).await?;
        } else {
            tx.commit([]).await?;
        }
        Ok(())
    }

    /// Stores holdings, fills and the outcome, and tells it.
    async fn store(&self, connection: &Connection, account: &Account) -> Result<(), Problem> {
        let symbols = spellings(reading::symbols(account));
        let Some((tx, [known])) = self.delivery.enter(self.app, [by_symbols(&symbols)]).await?
        else {
            return Ok(());
        };
        let (day, at) = day_of_books(self.now);
        let Reading { holdings, fills, positions, unknown, complete, last_fill } =
            reading::read(account, &Symbols::read(&known), day)?;
        // The exchange's clock is not ours: a fill that is told is in what is held.
        let at = at.map(|at| last_fill.map_or(at, |last| last.max(at)));
        let outcome = Outcome {
            good_at: Some(self.now),
            problem: (!unknown.is_empty()).then_some("symbols_unknown"),
            holdings: i32::try_from(holdings.len()).unwrap_or(i32::MAX),
            fills: i32::try_from(fills.len()).unwrap_or(i32::MAX),
            unknown: unknown.into_iter().collect(),
            positions: Value::Array(positions),
        };
        let account_id = self.delivery.event.account_id;
        let told = AccountReading {
            account: account_id,
            event: self.delivery.event_id,
            person: connection.user,
            on: (day, at),
            complete,
            holdings: Value::Array(holdings),
            fills: Value::Array(fills),
        };
        let event = Envelope::new(self.delivery.workspace_id, &AccountSynced { account_id })?;
        let [held, filled] = told.statements();
        tx.publish(event);
        tx.commit([held, filled, outcome.record(&account_id, &self.now)]).await?;
        Ok(())
    }
}

/// What Kite told, ready to be stored.
struct AccountReading {
    account: Uuid,
    event: Uuid,
    person: Uuid,
    on: (Date, Option<Time>),
    complete: bool,
    holdings: Value,
    fills: Value,
}

impl AccountReading {
    fn statements(&self) -> [Statement<'_>; 2] {
        let held = statement(
            "select imports.assert_holdings($1, $2, $3, $4, $5, $6, $7)",
            [
                typed(&self.account),
                typed(&self.on.0),
                typed(&self.on.1),
                typed(&KITE),
                typed(&self.event),
                typed(&self.holdings),
                typed(&self.complete),
            ],
        );
        let filled = statement(
            "select count(*) from transactions.record($1, $2, $3, $4, $5)",
            [
                typed(&self.account),
                typed(&self.event),
                typed(&KITE),
                typed(&self.fills),
                typed(&self.person),
            ],
        );
        [held, filled]
    }
}

/// What came of it, for `brokers.syncs`.
#[derive(Default)]
struct Outcome {
    good_at: Option<Timestamp>,
    problem: Option<&'static str>,
    holdings: i32,
    fills: i32,
    unknown: Vec<String>,
    positions: Value,
}

impl Outcome {
    /// The day's row. An account that was deleted meanwhile has none; one that was good stays so, whatever came later.
    fn record<'a>(&'a self, account: &'a Uuid, now: &'a Timestamp) -> Statement<'a> {
        statement(
            // Until six in the morning it is the day before, as in the broker's books.
            "insert into brokers.syncs as s
                 (workspace_id, account_id, day, tried_at, good_at, problem, holdings, fills, unknown_symbols, positions)
             select a.workspace_id, a.account_id, ($2 at time zone 'Asia/Kolkata' - interval '6 hours')::date, $2,
                    coalesce($3, (select max(b.good_at) from brokers.syncs b where b.account_id = a.account_id)),
                    $4, $5, $6, $7, case when $3 is null then '[]' else $8 end
             from brokers.accounts a where a.account_id = $1
             on conflict on constraint syncs_pk do update
             set tried_at = excluded.tried_at, good_at = excluded.good_at, problem = excluded.problem,
                 holdings = case when $3 is null then s.holdings else excluded.holdings end,
                 fills = case when $3 is null then s.fills else excluded.fills end,
                 unknown_symbols = case when $3 is null then s.unknown_symbols else excluded.unknown_symbols end,
                 positions = case when $3 is null then s.positions else excluded.positions end
             where s.tried_at <= excluded.tried_at",
            [
                typed(account),
                typed(now),
                typed(&self.good_at),
                typed(&self.problem),
                typed(&self.holdings),
                typed(&self.fills),
                typed(&self.unknown),
                typed(&self.positions),
            ],
        )
    }
}
