//! A transaction that goes on after its first statements.

use tokio_postgres::Row;

use super::lease::{Lease, Step};
use super::{DbError, Param, Statement, statement};

/// A transaction inside one workspace; anything but [`Tenant::commit`] undoes it.
#[must_use = "a transaction that is not committed is undone"]
pub struct Tenant {
    pub(super) lease: Lease,
    pub(super) fresh: bool,
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
        Ok(self.lease.send(&[], &statements, &[]).await?.own())
    }

    /// Runs the last statements and commits, in one round trip.
    pub async fn commit<const N: usize>(
        self,
        statements: [Statement<'_>; N],
    ) -> Result<[Vec<Row>; N], DbError> {
        let sent = self.lease.send(&[], &statements, &[Step::Commit]).await;
        Ok(self.lease.settle(sent)?.own())
    }

    /// Undoes everything and keeps the connection; dropping undoes it too, and costs a reconnect.
    pub async fn rollback(self) -> Result<(), DbError> {
        let ended = self.lease.end("rollback").await;
        self.lease.settle(ended)
    }
}
