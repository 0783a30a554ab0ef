//! A transaction that goes on after its first statements.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio_postgres::Row;

use super::lease::{Lease, Step};
use super::{DbError, Param, Statement, statement};
use crate::events::Envelope;

/// A transaction inside one workspace. Anything but [`Tenant::commit`] undoes it: a refusal that is answered by `?` or
/// `return`, too. Whoever holds it has the process' one connection; asking [`Db`](super::Db) for another waits for it, and
/// panics in a debug build.
#[must_use = "a transaction that is not committed is undone"]
pub struct Tenant {
    /// The connection; none once the transaction has ended.
    lease: Option<Lease>,
    fresh: bool,
    /// Whether the state of the connection is known: nothing is being sent, and nothing failed so that it may be lost.
    sound: AtomicBool,
    published: Mutex<Vec<Envelope>>,
}

impl Tenant {
    pub(super) fn new(lease: Lease, fresh: bool) -> Self {
        lease.inner.open.hold();
        Self {
            lease: Some(lease),
            fresh,
            sound: AtomicBool::new(true),
            published: Mutex::default(),
        }
    }

    /// `false` when this event was consumed before by this consumer: there is nothing left to do.
    pub fn fresh(&self) -> bool {
        self.fresh
    }

    /// Publishes an event with the commit: it is written to the outbox in this transaction, and sent after it, before the
    /// request is answered.
    pub fn publish(&self, event: Envelope) {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push(event);
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
        let Some(lease) = &self.lease else { return Err(DbError::Ended) };
        self.sound.store(false, Ordering::Relaxed);
        let sent = lease.send(&[], &statements, &[]).await;
        let sound = sent.as_ref().err().is_none_or(DbError::connection_is_sound);
        self.sound.store(sound, Ordering::Relaxed);
        Ok(sent?.own())
    }

    /// Runs the last statements, publishes, and commits, in one round trip.
    pub async fn commit<const N: usize>(
        mut self,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        let published = self.published.get_mut().unwrap_or_else(PoisonError::into_inner);
        let published = std::mem::take(published);
        let Some(lease) = self.take() else { return Err(DbError::Ended) };
        let inner = lease.inner.clone();
        let outbox = published.iter().map(Envelope::publish);
        let all: Vec<_> = statements.into_iter().chain(outbox).collect();
        let sent = lease.send(&[], &all, &[Step::Commit]).await;
        let rows = lease.settle(sent)?.own();
        let wanted = published.into_iter().filter(Envelope::is_wanted);
        inner.committed.lock().unwrap_or_else(PoisonError::into_inner).extend(wanted);
        Ok(rows)
    }

    /// Undoes everything now. Only who goes on for long needs it: whatever is not committed is undone when the request
    /// ends.
    pub async fn rollback(mut self) -> Result<(), DbError> {
        let Some(lease) = self.take() else { return Ok(()) };
        let ended = lease.inner.rollback(&lease.client).await;
        lease.settle(ended)
    }

    fn take(&mut self) -> Option<Lease> {
        let lease = self.lease.take()?;
        lease.inner.open.release();
        Some(lease)
    }
}

impl Drop for Tenant {
    /// Keeps the connection, to be rolled back before anything else is sent and at the latest when the request ends. A
    /// connection in doubt is dropped, and so is one whose request panicked.
    fn drop(&mut self) {
        let sound = self.sound.load(Ordering::Relaxed) && !std::thread::panicking();
        if let Some(lease) = self.take().filter(|_| sound) {
            lease.leave_open();
        }
    }
}
