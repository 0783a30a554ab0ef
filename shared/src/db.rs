//! One connection to Postgres, and the only ways to it: as a tenant, or as nobody in particular.
//!
//! Lambda gives a process one request at a time, so there is one connection and no pool. Every
//! statement states its parameters' types and is sent unnamed: nothing is prepared, nothing stays
//! on the session, and `begin`, `tenant.enter`, the statements and `commit` travel together.
//! Whatever leaves a transaction without finishing it (a panic, a timeout, a dropped future, `?`)
//! discards the connection, so that the next request cannot commit another's half.

mod connection;
mod error;
mod tenant;
mod types;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, join3};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::auth::{Credential, PER_KEY, Session};
use crate::telemetry::{self, RoundTrip};
use crate::{Caller, Config};
pub use connection::Target;
pub use error::DbError;
pub use tenant::Tenant;
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
        self.counts() || matches!(self, Self::Event { .. })
    }

    /// Whether it is a request of those that are counted.
    fn counts(&self) -> bool {
        matches!(self, Self::Member(Caller { by: Credential::Key(..), .. }))
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
        let sent = lease.send(&[], &[statement(sql, params)], &[]).await;
        let [rows] = lease.settle(sent)?.own();
        Ok(rows)
    }

    /// Statements that only read, inside a workspace: one round trip, repeated if the connection had died.
    pub async fn read<'a, const N: usize>(
        &self,
        entry: impl Into<Entry<'a>>,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        let entry = entry.into();
        // The use of a key is written down.
        let begin = if entry.writes() { Step::Write } else { Step::Read };
        let close: &[Step<'_>] =
            if entry.counts() { &[Step::Count, Step::Commit] } else { &[Step::Commit] };
        let (lease, sent) = self.send(&[begin, Step::Enter(entry)], &statements, close).await?;
        Ok(lease.settle(sent)?.own())
    }

    /// Opens a transaction inside a workspace and runs its first statements in the same round trip.
    pub async fn enter<'a, const N: usize>(
        &self,
        entry: impl Into<Entry<'a>>,
        first: [Statement<'_>; N],
    ) -> Result<(Tenant, [Vec<Row>; N]), DbError> {
        let entry = entry.into();
        let close: &[Step<'_>] = if entry.counts() { &[Step::Count] } else { &[] };
        let (lease, sent) = self.send(&[Step::Write, Step::Enter(entry)], &first, close).await?;
        match sent {
            Ok(answers) => Ok((Tenant { lease, fresh: answers.afresh() }, answers.own())),
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
    /// nothing of it was committed, or it only reads. (A read by key may then be written down twice.)
    async fn send(
        &self,
        open: &[Step<'_>],
        statements: &[Statement<'_>],
        close: &[Step<'_>],
    ) -> Result<(Lease, Result<Answers, DbError>), DbError> {
        let lease = self.lease().await?;
        let sent = lease.send(open, statements, close).await;
        if !sent.as_ref().is_err_and(DbError::connection_lost) {
            return Ok((lease, sent));
        }
        drop(lease);
        let lease = self.lease().await?;
        let sent = lease.send(open, statements, close).await;
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

/// The rows of what was sent together.
struct Answers {
    /// Of the steps that opened the transaction.
    opened: Vec<Vec<Row>>,
    /// Of the caller's own statements.
    own: Vec<Vec<Row>>,
}

impl Answers {
    /// Whether the event that was entered by had not been consumed before; a member's entry says nothing of an event.
    fn afresh(&self) -> bool {
        let entry = self.opened.last().and_then(|rows| rows.first());
        entry.is_some_and(|row| row.try_get::<_, bool>("fresh").unwrap_or(true))
    }

    fn own<const N: usize>(self) -> [Vec<Row>; N] {
        let mut own = self.own.into_iter();
        std::array::from_fn(|_| own.next().unwrap_or_default())
    }
}

/// What a transaction does besides its caller's statements.
enum Step<'a> {
    Read,
    Write,
    Enter(Entry<'a>),
    /// Counts a request by a key: last, since others by it wait from here on.
    Count,
    Commit,
}

impl Step<'_> {
    /// What it is called where statements are shown.
    fn name(&self) -> &str {
        match self {
            Self::Read => "begin read only",
            Self::Write => "begin",
            Self::Enter(Entry::Member(_)) => "tenant.enter",
            Self::Enter(Entry::Event { .. }) => "tenant.enter_event",
            Self::Count => "tenant.count_key",
            Self::Commit => "commit",
        }
    }
}

/// The rows of a statement, and when they were there.
type Answered = (Result<Vec<Row>, DbError>, Instant);

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
    /// Sends everything at once and waits once.
    async fn send(
        &self,
        open: &[Step<'_>],
        statements: &[Statement<'_>],
        close: &[Step<'_>],
    ) -> Result<Answers, DbError> {
        self.inner.round_trips.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let own = join_all(statements.iter().map(|one| timed(self.one(one.sql, &one.params))));
        // join3 and join_all poll in order, so the order written is the order sent.
        let sent = self.inner.target.timely(join3(self.steps(open), own, self.steps(close))).await;
        let names = open.iter().map(Step::name).chain(statements.iter().map(|one| one.sql));
        let names = names.chain(close.iter().map(Step::name));
        let (opened, own, closed) = sent.inspect_err(|_| {
            let told: Vec<_> = names.clone().map(|sql| (sql, 0, Instant::now())).collect();
            telemetry::queried(&RoundTrip { began, statements: &told });
        })?;
        let answers = opened.iter().chain(&own).chain(&closed);
        let told: Vec<_> = names
            .zip(answers)
            .map(|(sql, (answer, at))| (sql, answer.as_ref().map_or(0, Vec::len), *at))
            .collect();
        telemetry::queried(&RoundTrip { began, statements: &told });
        let rows = |answers: Vec<Answered>| {
            answers.into_iter().map(|(answer, _)| answer).collect::<Result<Vec<_>, _>>()
        };
        let answers = Answers { opened: rows(opened)?, own: rows(own)? };
        rows(closed)?;
        Ok(answers)
    }

    async fn steps(&self, steps: &[Step<'_>]) -> Vec<Answered> {
        join_all(steps.iter().map(|step| timed(self.step(step)))).await
    }

    async fn step(&self, step: &Step<'_>) -> Result<Vec<Row>, DbError> {
        match step {
            Step::Read => self.plain("begin read only").await,
            Step::Write => self.plain("begin").await,
            Step::Commit => self.plain("commit").await,
            Step::Enter(Entry::Member(caller)) => self.enter(caller).await,
            Step::Enter(Entry::Event { event, consumer }) => {
                self.one(
                    "select fresh from tenant.enter_event($1, $2)",
                    &[typed(event), typed(consumer)],
                )
                .await
            }
            Step::Count => self.count().await,
        }
    }

    async fn plain(&self, sql: &str) -> Result<Vec<Row>, DbError> {
        Ok(self.client.batch_execute(sql).await.map(|()| Vec::new())?)
    }

    async fn count(&self) -> Result<Vec<Row>, DbError> {
        let (most, window_s) = (PER_KEY.most.cast_signed(), PER_KEY.window_s);
        let sql = "select requests_left, reset_s from tenant.count_key($1, $2)";
        let rows = self.one(sql, &[typed(&most), typed(&window_s)]).await?;
        for row in &rows {
            PER_KEY.counted(row.get("requests_left"), row.get("reset_s"));
        }
        Ok(rows)
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
