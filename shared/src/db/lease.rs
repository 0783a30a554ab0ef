//! What is sent together over the one connection, and the connection while someone uses it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join3};
use tokio::sync::OwnedMutexGuard;
use tokio_postgres::{Client, Row};

use super::{DbError, Entry, Inner, Kept, Param, Statement, typed};
use crate::Caller;
use crate::auth::{Credential, PER_KEY, PER_PERSON, Session};
use crate::limits::Limit;
use crate::telemetry::{self, RoundTrip};

/// The rows of what was sent together.
pub(super) struct Answers<T> {
    /// Of the steps that opened the transaction.
    opened: Vec<Vec<Row>>,
    /// What came of the rows that were worked on meanwhile.
    done: T,
    /// Of the other statements.
    own: Vec<Vec<Row>>,
}

impl<T> Answers<T> {
    /// Whether the event that was entered by had not been consumed before; a member's entry says nothing of an event.
    pub(super) fn afresh(&self) -> bool {
        let entry = self.opened.last().and_then(|rows| rows.first());
        entry.is_some_and(|row| row.try_get::<_, bool>("fresh").unwrap_or(true))
    }

    /// The rows of each statement.
    pub(super) fn own<const N: usize>(self) -> [Vec<Row>; N] {
        each(self.own)
    }

    /// What came of the first rows, and the others.
    pub(super) fn parts(self) -> (T, Vec<Vec<Row>>) {
        (self.done, self.own)
    }
}

/// The rows of each statement, of as many as were sent.
pub fn each<const N: usize>(rows: Vec<Vec<Row>>) -> [Vec<Row>; N] {
    let mut rows = rows.into_iter();
    std::array::from_fn(|_| rows.next().unwrap_or_default())
}

/// What a transaction does besides its caller's statements.
pub(super) enum Step<'a> {
    Read,
    Write,
    Enter(Entry<'a>),
    /// Refuses whoever has no computing left.
    CheckShare,
    /// Counts a request by a key.
    CountKey,
    /// Counts a request against its person's share of computing.
    CountShare,
    Commit,
}

impl Step<'_> {
    /// What it is called where statements are shown.
    fn name(&self) -> &str {
        match self {
            Self::Read => "begin read only",
            Self::Write => "begin",
            Self::Enter(Entry::Member(_) | Entry::Again(_)) => "tenant.enter",
            Self::Enter(Entry::Event { .. }) => "tenant.enter_event",
            Self::CheckShare => "tenant.check_share",
            Self::CountKey => "tenant.count_key",
            Self::CountShare => "tenant.count_share",
            Self::Commit => "commit",
        }
    }
}

/// The rows of a statement, and when they were there.
type Answered = (Result<Vec<Row>, DbError>, Instant);

fn rows(answered: Vec<Answered>) -> Result<Vec<Vec<Row>>, DbError> {
    answered.into_iter().map(|(answer, _)| answer).collect()
}

/// How many rows a statement had, and when they were there.
fn row_count((answer, at): &Answered) -> (usize, Instant) {
    (answer.as_ref().map_or(0, Vec::len), *at)
}

/// What comes of something, and when.
async fn timed<F: Future>(work: F) -> (F::Output, Instant) {
    (work.await, Instant::now())
}

/// The connection while someone uses it; dropped unsettled, the connection is gone.
pub(super) struct Lease {
    pub(super) client: Client,
    pub(super) since: Instant,
    pub(super) slot: OwnedMutexGuard<Option<Kept>>,
    pub(super) inner: Arc<Inner>,
}

impl Lease {
    /// Sends everything at once and waits once.
    pub(super) async fn send(
        &self,
        open: &[Step<'_>],
        statements: &[Statement<'_>],
        close: &[Step<'_>],
    ) -> Result<Answers<()>, DbError> {
        self.send_meanwhile(open, (&[], &|_| ()), statements, close).await
    }

    /// The same, with statements before the others whose rows are worked on while those of the others are on their way.
    pub(super) async fn send_meanwhile<T>(
        &self,
        open: &[Step<'_>],
        (first, work): (&[Statement<'_>], &impl Fn(Vec<Vec<Row>>) -> T),
        rest: &[Statement<'_>],
        close: &[Step<'_>],
    ) -> Result<Answers<T>, DbError> {
        self.inner.round_trips.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let early = async {
            let answered = self.all(first).await;
            let statements: Vec<_> = answered.iter().map(row_count).collect();
            let begun = Instant::now();
            (statements, rows(answered).map(work), begun.elapsed())
        };
        // join and join_all poll in order, so the order written is the order sent; and all of it is sent when something is
        // answered, since nothing is in the poll that sends it.
        let asked = join3(self.steps(open), early, self.all(rest));
        let sent = self.inner.target.timely(join(asked, self.steps(close))).await;
        let own = first.iter().chain(rest).map(|one| one.sql);
        let names = open.iter().map(Step::name).chain(own).chain(close.iter().map(Step::name));
        let ((opened, (early, done, worked), own), closed) = sent.inspect_err(|_| {
            let statements: Vec<_> = names.clone().map(|sql| (sql, 0, Instant::now())).collect();
            telemetry::queried(&RoundTrip {
                began,
                worked: Duration::ZERO,
                statements: &statements,
            });
        })?;
        // These may have been there while something else was worked on, and are counted as if that had taken no time.
        let others = own
            .iter()
            .chain(&closed)
            .map(row_count)
            .map(|(rows, at)| (rows, at.checked_sub(worked).unwrap_or(at)));
        let all = opened.iter().map(row_count).chain(early).chain(others);
        let statements: Vec<_> = names.zip(all).map(|(sql, (rows, at))| (sql, rows, at)).collect();
        telemetry::queried(&RoundTrip { began, worked, statements: &statements });
        // What failed first is why what came after it failed.
        let (opened, done, own) = (rows(opened)?, done?, rows(own)?);
        rows(closed)?;
        Ok(Answers { opened, done, own })
    }

    async fn all(&self, statements: &[Statement<'_>]) -> Vec<Answered> {
        join_all(statements.iter().map(|one| timed(self.one(one.sql, &one.params)))).await
    }

    async fn steps(&self, steps: &[Step<'_>]) -> Vec<Answered> {
        join_all(steps.iter().map(|step| timed(self.step(step)))).await
    }

    async fn step(&self, step: &Step<'_>) -> Result<Vec<Row>, DbError> {
        match step {
            Step::Read => self.plain("begin read only").await,
            Step::Write => self.plain("begin").await,
            Step::Commit => self.plain("commit").await,
            Step::Enter(Entry::Member(caller) | Entry::Again(caller)) => self.enter(caller).await,
            Step::Enter(Entry::Event { event, consumer }) => {
                self.one(
                    "select fresh from tenant.enter_event($1, $2)",
                    &[typed(event), typed(consumer)],
                )
                .await
            }
            Step::CheckShare => self.one("select tenant.check_share()", &[]).await,
            Step::CountKey => self.count("select * from tenant.count_key($1, $2)", PER_KEY).await,
            Step::CountShare => {
                self.count("select * from tenant.count_share($1, $2)", PER_PERSON).await
            }
        }
    }

    async fn plain(&self, sql: &str) -> Result<Vec<Row>, DbError> {
        Ok(self.client.batch_execute(sql).await.map(|()| Vec::new())?)
    }

    async fn count(&self, sql: &str, limit: Limit) -> Result<Vec<Row>, DbError> {
        let limit = limit.times(self.inner.limits_times);
        let (most, window_s) = (limit.most.cast_signed(), limit.window_s);
        let rows = self.one(sql, &[typed(&most), typed(&window_s)]).await?;
        for row in &rows {
            limit.counted(row.get("requests_left"), row.get("reset_s"));
        }
        Ok(rows)
    }

    async fn enter(&self, caller: &Caller) -> Result<Vec<Row>, DbError> {
        let Caller { by, roles, request_id, address, .. } = caller;
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

    /// Keeps the connection unless what happened leaves its state in doubt.
    pub(super) fn settle<T>(self, outcome: Result<T, DbError>) -> Result<T, DbError> {
        if outcome.as_ref().err().is_none_or(DbError::connection_is_sound) {
            self.give_back();
        }
        outcome
    }

    pub(super) fn give_back(self) {
        self.keep(false);
    }

    /// Gives the connection back in a transaction that is to be undone.
    pub(super) fn leave_open(self) {
        self.keep(true);
    }

    fn keep(self, in_transaction: bool) {
        let Self { client, since, mut slot, .. } = self;
        *slot = Some(Kept { client, since, in_transaction });
    }
}
