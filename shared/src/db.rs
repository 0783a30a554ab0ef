//! One connection to Postgres, and the only ways to it: as a tenant, or as nobody in particular.
//!
//! Lambda gives a process one request at a time, so there is one connection and no pool. Every
//! statement states its parameters' types and is sent unnamed: nothing is prepared, nothing stays
//! on the session, and `begin`, `tenant.enter`, the statements and `commit` travel together.
//! Whatever leaves a transaction without committing it undoes it: after a refusal (`?`, `return`) it is rolled back before
//! anything else is sent; after a panic, or when it is dropped in the middle of a statement, the connection is discarded.
//! No request can commit another's half.

mod connection;
mod error;
mod lease;
mod numeric;
mod open;
mod row;
mod tenant;
mod types;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::Client;
pub use tokio_postgres::Row;
use uuid::Uuid;

use crate::auth::Credential;
use crate::events::Envelope;
use crate::telemetry::RoundTrip;
use crate::{Caller, Config, limits, telemetry};
pub use connection::Target;
pub use error::DbError;
pub use lease::each;
use lease::{Answers, Lease, Step};
pub use numeric::Numeric;
pub use tenant::Tenant;
pub use types::{Param, Typed, typed};

/// The database of a process, cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    target: Target,
    slot: Arc<Mutex<Option<Kept>>>,
    round_trips: AtomicU64,
    /// Whether a transaction has the connection.
    open: open::Open,
    /// What was published by transactions that are committed, and is to be sent.
    committed: std::sync::Mutex<Vec<Envelope>>,
    /// What the limits that are counted here are multiplied by.
    limits_times: u32,
}

/// A connection that nobody uses.
struct Kept {
    client: Client,
    /// When it was last taken: an answer may have been waiting while the process was frozen, and says nothing of the time
    /// since.
    since: Instant,
    /// Whether it is in a transaction that is to be undone.
    in_transaction: bool,
}

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
    /// The same caller once more, in a request that was counted when they entered first.
    Again(&'a Caller),
    /// A consumer of a published event, checked against the outbox by `tenant.enter_event`.
    Event {
        /// The event being consumed.
        event: Uuid,
        /// Which consumer it is, for its claim.
        consumer: &'a str,
    },
}

impl Entry<'_> {
    /// The caller; none of an event.
    pub fn caller(&self) -> Option<&Caller> {
        match self {
            Self::Member(caller) | Self::Again(caller) => Some(caller),
            Self::Event { .. } => None,
        }
    }

    /// The same once more, not counted.
    #[must_use]
    pub fn again(self) -> Self {
        match self {
            Self::Member(caller) => Self::Again(caller),
            other => other,
        }
    }

    /// Whether entering itself writes, or goes on with something that did.
    fn writes(&self) -> bool {
        matches!(self, Self::Again(_)) || self.counts() || matches!(self, Self::Event { .. })
    }

    /// Whether it is a request of those that are counted.
    fn counts(&self) -> bool {
        self.by_key() || self.computes()
    }

    fn by_key(&self) -> bool {
        matches!(self, Self::Member(Caller { by: Credential::Key(..), .. }))
    }

    fn computes(&self) -> bool {
        matches!(self, Self::Member(Caller { computes: true, .. }))
    }

    /// The steps that enter: who has no computing left gets no further.
    fn opening<'s>(self, begin: Step<'s>) -> Vec<Step<'s>>
    where
        Self: 's,
    {
        let check = self.computes().then_some(Step::CheckShare);
        [begin, Step::Enter(self)].into_iter().chain(check).collect()
    }

    /// The steps that count, the last before a transaction ends: others by the same key or person wait from here on.
    fn counting(&self) -> impl Iterator<Item = Step<'static>> {
        let key = self.by_key().then_some(Step::CountKey);
        key.into_iter().chain(self.computes().then_some(Step::CountShare))
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
        let limits_times = limits::times(config);
        let round_trips = AtomicU64::new(0);
        Self(Arc::new(Inner {
            target,
            slot: Arc::default(),
            round_trips,
            open: open::Open::default(),
            committed: std::sync::Mutex::default(),
            limits_times,
        }))
    }

    /// Connects ahead of the first request, and says whether it could; a failure is left for that request to meet.
    pub async fn warm(&self) -> bool {
        let connected = self.lease().await.map(Lease::give_back);
        if let Err(err) = &connected {
            tracing::warn!(cause = %err, "the database could not be reached ahead");
        }
        connected.is_ok()
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
        let ((), rows) = self.read_only(entry.into(), (&[], &|_| ()), &statements).await?;
        Ok(each(rows))
    }

    /// Statements that may write, inside a workspace and committed with it: one round trip, repeated if the connection had
    /// died, so that running twice must do no harm.
    pub async fn write<'a, const N: usize>(
        &self,
        entry: impl Into<Entry<'a>>,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        let ((), rows) = self.whole(entry.into(), Step::Write, (&[], &|_| ()), &statements).await?;
        Ok(each(rows))
    }

    /// Statements that read, in two parts, and still one round trip: `work` has the rows of the `first` statements while Postgres
    /// works on the `rest`, within the patience of one round trip, and is done again when the connection had died.
    pub async fn read_meanwhile<'a, const N: usize, T>(
        &self,
        entry: impl Into<Entry<'a>>,
        first: [Statement<'_>; N],
        work: impl Fn([Vec<Row>; N]) -> T,
        rest: &[Statement<'_>],
    ) -> Result<(T, Vec<Vec<Row>>), DbError> {
        self.read_only(entry.into(), (&first, &|rows| work(each(rows))), rest).await
    }

    /// Opens a transaction inside a workspace and runs its first statements in the same round trip.
    pub async fn enter<'a, const N: usize>(
        &self,
        entry: impl Into<Entry<'a>>,
        first: [Statement<'_>; N],
    ) -> Result<(Tenant, [Vec<Row>; N]), DbError> {
        let entry = entry.into();
        let close: Vec<_> = entry.counting().collect();
        let open = entry.opening(Step::Write);
        let (lease, sent) = self.send(&open, (&[], &|_| ()), &first, &close).await?;
        match sent {
            Ok(answers) => Ok((Tenant::new(lease, answers.afresh()), answers.own())),
            Err(err) => {
                // The transaction is known to be in its failed state.
                if err.connection_is_sound() {
                    lease.leave_open();
                }
                Err(err)
            }
        }
    }

    async fn read_only<T>(
        &self,
        entry: Entry<'_>,
        first: (&[Statement<'_>], &impl Fn(Vec<Vec<Row>>) -> T),
        rest: &[Statement<'_>],
    ) -> Result<(T, Vec<Vec<Row>>), DbError> {
        // What is counted is written down.
        let begin = if entry.writes() { Step::Write } else { Step::Read };
        self.whole(entry, begin, first, rest).await
    }

    /// A whole transaction in one round trip.
    async fn whole<T>(
        &self,
        entry: Entry<'_>,
        begin: Step<'_>,
        first: (&[Statement<'_>], &impl Fn(Vec<Vec<Row>>) -> T),
        rest: &[Statement<'_>],
    ) -> Result<(T, Vec<Vec<Row>>), DbError> {
        let close: Vec<_> = entry.counting().chain([Step::Commit]).collect();
        let (lease, sent) = self.send(&entry.opening(begin), first, rest, &close).await?;
        Ok(lease.settle(sent)?.parts())
    }

    /// Sends the opening of a transaction, once more on a new connection when the old one had died:
    /// nothing of it was committed, or it only reads. (A read by key may then be written down twice.)
    async fn send<T>(
        &self,
        open: &[Step<'_>],
        first: (&[Statement<'_>], &impl Fn(Vec<Vec<Row>>) -> T),
        rest: &[Statement<'_>],
        close: &[Step<'_>],
    ) -> Result<(Lease, Result<Answers<T>, DbError>), DbError> {
        let lease = self.lease().await?;
        let sent = lease.send_meanwhile(open, first, rest, close).await;
        if !sent.as_ref().is_err_and(DbError::connection_lost) {
            return Ok((lease, sent));
        }
        drop(lease);
        let lease = self.lease().await?;
        let sent = lease.send_meanwhile(open, first, rest, close).await;
        Ok((lease, sent))
    }

    /// Undoes a transaction that was left open, and takes what was published by those that are committed.
    pub(crate) async fn settle(&self) -> Vec<Envelope> {
        // Who has the connection now settles it themselves.
        if let Ok(mut slot) = self.0.slot.clone().try_lock_owned()
            && let Some(Kept { client, since, .. }) = slot.take_if(|kept| kept.in_transaction)
            && self.0.rollback(&client).await.is_ok()
        {
            *slot = Some(Kept { client, since, in_transaction: false });
        }
        let mut committed = self.0.committed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *committed)
    }

    async fn lease(&self) -> Result<Lease, DbError> {
        self.0.open.refuse_again();
        let mut slot = self.0.slot.clone().lock_owned().await;
        let kept = match slot.take() {
            Some(kept) => self.0.usable(kept).await,
            None => None,
        };
        let client = match kept {
            Some(client) => client,
            None => {
                let began = Instant::now();
                let client = self.0.target.connect().await?;
                telemetry::connected(began);
                client
            }
        };
        Ok(Lease { client, since: Instant::now(), slot, inner: self.0.clone() })
    }
}

impl Inner {
    /// The connection, in no transaction, unless it was lost.
    async fn usable(&self, kept: Kept) -> Option<Client> {
        let Kept { client, since, in_transaction } = kept;
        let usable = match in_transaction {
            true => self.rollback(&client).await.is_ok(),
            false if since.elapsed() < TRUSTED_FOR && !client.is_closed() => true,
            false => connection::answers(&client).await,
        };
        usable.then_some(client)
    }

    /// Undoes what is open on a connection.
    async fn rollback(&self, client: &Client) -> Result<(), DbError> {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let ended = self.target.timely(client.batch_execute("rollback")).await;
        let statements = [("rollback", 0, Instant::now())];
        telemetry::queried(&RoundTrip { began, worked: Duration::ZERO, statements: &statements });
        Ok(ended??)
    }
}
