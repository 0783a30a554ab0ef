//! One connection to Postgres, and the only ways to it: as a tenant, or as nobody in particular.
//!
//! Lambda gives a process one request at a time, so there is one connection and no pool. Every
//! statement states its parameters' types and is sent unnamed: nothing is prepared, nothing stays
//! on the session, and `begin`, `tenant.enter`, the statements and `commit` travel together.
//! Whatever leaves a transaction without finishing it (a panic, a timeout, a dropped future, `?`)
//! discards the connection, so that the next request cannot commit another's half.

mod connection;
mod error;
mod types;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::auth::{Credential, Session};
use crate::telemetry::{self, RoundTrip};
use crate::{Caller, Config};
pub use connection::Target;
pub use error::DbError;
pub use types::{Param, Typed, typed};

/// The database of a process, cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    target: Target,
    slot: Arc<Mutex<Option<Kept>>>,
    round_trips: AtomicU64,
}

/// A connection between requests, and since when.
type Kept = (Client, Instant);

/// A connection unused for longer is asked whether it still works: the function may have been frozen,
/// and a peer that went away meanwhile has not been noticed.
const TRUSTED_FOR: Duration = Duration::from_secs(30);

/// A statement and its parameters.
pub struct Statement<'a> {
    sql: &'a str,
    params: Vec<Param<'a>>,
}

impl<'a> Statement<'a> {
    /// Its text and parameters, for a connection that enters nothing.
    pub fn parts(&self) -> (&'a str, &[Param<'a>]) {
        (self.sql, &self.params)
    }
}

/// A statement with typed parameters: `statement("… $1", [typed(&id)])`.
pub fn statement<'a, const N: usize>(sql: &'a str, params: [Param<'a>; N]) -> Statement<'a> {
    Statement { sql, params: params.into() }
}

/// On whose behalf a transaction enters a workspace.
#[derive(Clone, Copy)]
pub enum Entry<'a> {
    /// Who shows a token or a key, checked by `tenant.enter`, `tenant.enter_person` or `tenant.enter_key`.
    Member(&'a Caller),
    /// A consumer of a published event, checked against the outbox by `tenant.enter_event`.
    Event {
        /// The event being consumed.
        event: Uuid,
        /// Which consumer it is, for its claim.
        consumer: &'a str,
    },
}

impl Entry<'_> {
    /// Whether entering itself writes.
    fn writes(&self) -> bool {
        matches!(self, Self::Member(Caller { by: Credential::Key(..), .. }) | Self::Event { .. })
    }
}

impl<'a> From<&'a Caller> for Entry<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self::Member(caller)
    }
}

impl Db {
    /// Remembers where the database is; connects on first use.
    pub fn new(config: &Config) -> Self {
        let target = Target::read(config);
        Self(Arc::new(Inner { target, slot: Arc::default(), round_trips: AtomicU64::new(0) }))
    }

    /// Connects ahead of the first request; a failure is left for that request to meet.
    pub async fn warm(&self) {
        if let Ok(lease) = self.lease().await {
            lease.give_back();
        }
    }

    /// How often this process waited for the database, connecting apart.
    pub fn round_trips(&self) -> u64 {
        self.0.round_trips.load(Ordering::Relaxed)
    }

    /// One statement outside any tenant, committed by itself: reference tables and definer functions.
    pub async fn query<const N: usize>(
        &self,
        sql: &str,
        params: [Param<'_>; N],
    ) -> Result<Vec<Row>, DbError> {
        let lease = self.lease().await?;
        let rows = lease
            .send(&[], &[statement(sql, params)], false)
            .await
            .map(|mut all| all.pop().unwrap_or_default());
        lease.settle(rows)
    }

    /// Statements that only read, inside a workspace: one round trip, repeated if the connection had died.
    pub async fn read<'a, const N: usize>(
        &self,
        entry: impl Into<Entry<'a>>,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        let entry = entry.into();
        // The use of a key is written down.
        let begin = if entry.writes() { Open::Write } else { Open::Read };
        let (lease, sent) = self.send(&[begin, Open::Enter(entry)], &statements, true).await?;
        Ok(last(lease.settle(sent)?))
    }

    /// Opens a transaction inside a workspace and runs its first statements in the same round trip.
    pub async fn enter<'a, const N: usize>(
        &self,
        entry: impl Into<Entry<'a>>,
        first: [Statement<'_>; N],
    ) -> Result<(Tenant, [Vec<Row>; N]), DbError> {
        let (lease, sent) =
            self.send(&[Open::Write, Open::Enter(entry.into())], &first, false).await?;
        match sent {
            Ok(rows) => {
                let fresh = entered_afresh(&rows);
                Ok((Tenant { lease, fresh }, last(rows)))
            }
            Err(err) if err.connection_is_sound() => {
                // The transaction is known to be in its failed state: end it and keep the connection.
                if lease.end("rollback").await.is_ok() {
                    lease.give_back();
                }
                Err(err)
            }
            Err(err) => Err(err),
        }
    }

    /// Sends the opening of a transaction, once more on a new connection when the old one had died:
    /// nothing of it was committed, or it only reads.
    async fn send(
        &self,
        open: &[Open<'_>],
        statements: &[Statement<'_>],
        commit: bool,
    ) -> Result<(Lease, Result<Vec<Vec<Row>>, DbError>), DbError> {
        let lease = self.lease().await?;
        let sent = lease.send(open, statements, commit).await;
        if !sent.as_ref().is_err_and(DbError::connection_lost) {
            return Ok((lease, sent));
        }
        drop(lease);
        let lease = self.lease().await?;
        let sent = lease.send(open, statements, commit).await;
        Ok((lease, sent))
    }

    async fn lease(&self) -> Result<Lease, DbError> {
        let mut slot = self.0.slot.clone().lock_owned().await;
        let client = match slot.take() {
            Some((client, since)) if since.elapsed() < TRUSTED_FOR && !client.is_closed() => client,
            Some((client, _)) if connection::answers(&client).await => client,
            _ => {
                let began = Instant::now();
                let client = self.0.target.connect().await?;
                telemetry::connected(began);
                client
            }
        };
        Ok(Lease { client, slot, inner: self.0.clone() })
    }
}

/// Whether the event that was entered by had not been consumed before. `begin` answers no rows, the
/// entry after it one; a member's says nothing of an event.
fn entered_afresh(rows: &[Vec<Row>]) -> bool {
    let entry = rows.get(1).and_then(|rows| rows.first());
    entry.is_some_and(|row| row.try_get::<_, bool>("fresh").unwrap_or(true))
}

/// The rows of the caller's own statements, which come after those that opened the transaction.
fn last<const N: usize>(mut rows: Vec<Vec<Row>>) -> [Vec<Row>; N] {
    let own = rows.split_off(rows.len() - N);
    let mut own = own.into_iter();
    std::array::from_fn(|_| own.next().unwrap_or_default())
}

/// How a transaction begins.
enum Open<'a> {
    Read,
    Write,
    Enter(Entry<'a>),
}

impl Open<'_> {
    /// What it is called where statements are shown.
    fn name(&self) -> &str {
        match self {
            Self::Read => "begin read only",
            Self::Write => "begin",
            Self::Enter(Entry::Member(_)) => "tenant.enter",
            Self::Enter(Entry::Event { .. }) => "tenant.enter_event",
        }
    }
}

/// What comes of something, and when.
async fn timed<F: Future>(work: F) -> (F::Output, Instant) {
    (work.await, Instant::now())
}

/// The connection while someone uses it; dropped unsettled, the connection is gone.
struct Lease {
    client: Client,
    slot: OwnedMutexGuard<Option<Kept>>,
    inner: Arc<Inner>,
}

impl Lease {
    /// Sends everything at once and waits once; the rows of `tenant.enter` come first if it is entered.
    async fn send(
        &self,
        open: &[Open<'_>],
        statements: &[Statement<'_>],
        commit: bool,
    ) -> Result<Vec<Vec<Row>>, DbError> {
        self.inner.round_trips.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let opens = open.iter().map(|open| timed(self.open(open)));
        let own = statements.iter().map(|one| timed(self.one(one.sql, &one.params)));
        let opened = join(join_all(opens), join_all(own));
        let end = timed(async {
            if commit { self.client.batch_execute("commit").await } else { Ok(()) }
        });
        // join polls in order, so the order written is the order sent.
        let sent = self.inner.target.timely(join(opened, end)).await;
        let opens = open.iter().map(Open::name);
        let named: Vec<&str> = opens.chain(statements.iter().map(|one| one.sql)).collect();
        let ((opened, own), (end, ended)) = sent.inspect_err(|_| {
            let told: Vec<_> = named.iter().map(|sql| (*sql, 0, Instant::now())).collect();
            telemetry::queried(&RoundTrip { began, statements: &told });
        })?;
        let answers: Vec<_> = opened.into_iter().chain(own).collect();
        let mut told: Vec<_> = named
            .into_iter()
            .zip(&answers)
            .map(|(sql, (answer, at))| (sql, answer.as_ref().map_or(0, Vec::len), *at))
            .collect();
        told.extend(commit.then_some(("commit", 0, ended)));
        telemetry::queried(&RoundTrip { began, statements: &told });
        let rows = answers.into_iter().map(|(answer, _)| answer).collect::<Result<_, _>>()?;
        end?;
        Ok(rows)
    }

    async fn open(&self, open: &Open<'_>) -> Result<Vec<Row>, DbError> {
        match open {
            Open::Read => {
                Ok(self.client.batch_execute("begin read only").await.map(|()| Vec::new())?)
            }
            Open::Write => Ok(self.client.batch_execute("begin").await.map(|()| Vec::new())?),
            Open::Enter(Entry::Member(caller)) => self.enter(caller).await,
            Open::Enter(Entry::Event { event, consumer }) => {
                self.one(
                    "select fresh from tenant.enter_event($1, $2)",
                    &[typed(event), typed(consumer)],
                )
                .await
            }
        }
    }

    async fn enter(&self, caller: &Caller) -> Result<Vec<Row>, DbError> {
        let Caller { by, roles, request_id, address } = caller;
        let (request, address) = (typed(request_id), typed(address));
        match by {
            Credential::Session(Session { session_id, user_id, .. }) if roles.is_empty() => {
                let params = [typed(session_id), typed(user_id), request, address];
                self.one("select role from tenant.enter_person($1, $2, $3, $4)", &params).await
            }
            Credential::Session(Session { session_id, user_id, workspace_id }) => {
                let who = [typed(session_id), typed(user_id), typed(workspace_id)];
                let [session, user, workspace] = who;
                let params = [session, user, workspace, typed(roles), request, address];
                self.one("select role from tenant.enter($1, $2, $3, $4, $5, $6)", &params).await
            }
            Credential::Key(key, scope) => {
                let (id, hash) = (typed(&key.id), typed(&key.sha256));
                let params = [id, hash, typed(scope), typed(roles), request, address];
                let sql = "select workspace_id from tenant.enter_key($1, $2, $3, $4, $5, $6)";
                let rows = self.one(sql, &params).await?;
                // Only the database knows where a key leads.
                rows.iter().for_each(|row| telemetry::entered(row.get("workspace_id")));
                Ok(rows)
            }
        }
    }

    async fn one(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        Ok(self.client.query_typed(sql, params).await?)
    }

    async fn end(&self, how: &str) -> Result<(), DbError> {
        self.inner.round_trips.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let ended = self.inner.target.timely(self.client.batch_execute(how)).await;
        telemetry::queried(&RoundTrip { began, statements: &[(how, 0, Instant::now())] });
        Ok(ended??)
    }

    /// Keeps the connection unless what happened leaves its state in doubt.
    fn settle<T>(self, outcome: Result<T, DbError>) -> Result<T, DbError> {
        if outcome.as_ref().err().is_none_or(DbError::connection_is_sound) {
            self.give_back();
        }
        outcome
    }

    fn give_back(self) {
        let Self { client, mut slot, .. } = self;
        *slot = Some((client, Instant::now()));
    }
}

/// A transaction inside one workspace; anything but [`Tenant::commit`] undoes it.
#[must_use = "a transaction that is not committed is undone"]
pub struct Tenant {
    lease: Lease,
    fresh: bool,
}

impl Tenant {
    /// `false` when this event was consumed before by this consumer: there is nothing left to do.
    pub fn fresh(&self) -> bool {
        self.fresh
    }

    /// Runs one statement.
    pub async fn query<const N: usize>(
        &self,
        sql: &str,
        params: [Param<'_>; N],
    ) -> Result<Vec<Row>, DbError> {
        let [rows] = self.batch([statement(sql, params)]).await?;
        Ok(rows)
    }

    /// Runs several statements in one round trip.
    pub async fn batch<const N: usize>(
        &self,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        Ok(last(self.lease.send(&[], &statements, false).await?))
    }

    /// Runs the last statements and commits, in one round trip.
    pub async fn commit<const N: usize>(
        self,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        let rows = self.lease.send(&[], &statements, true).await;
        Ok(last(self.lease.settle(rows)?))
    }

    /// Undoes everything and keeps the connection; dropping undoes it too, and costs a reconnect.
    pub async fn rollback(self) -> Result<(), DbError> {
        let ended = self.lease.end("rollback").await;
        self.lease.settle(ended)
    }
}
