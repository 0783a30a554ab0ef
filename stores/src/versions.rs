//! Versions of what figures are worked out from.

use serde::Serialize;
use shared::db::{Statement, statement};
use shared::http::{Conditional, ETag, Response};
use shared::{Caller, Db, Problem};
use tokio_postgres::Row;
use utoipa::ToSchema;

use crate::health::{self, Health};
use crate::ledger::Book;

/// How often what figures are worked out from was changed: the same versions on the same day have the same figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Versions {
    /// The workspace's events, statements, links, accounts and stated kinds.
    pub ledger: i64,
    /// Prices, names, symbols, indices and kinds, which are the same for everybody.
    pub market: i64,
}

impl Versions {
    /// The question for them. It is asked before the rows they are of: what changes meanwhile makes a book newer than they
    /// say, and never older.
    pub fn statement<'a>() -> Statement<'a> {
        statement("select ledger, market from tenant.versions()", [])
    }

    /// What was answered.
    pub fn read(rows: &[Row]) -> Self {
        let row = rows.first();
        row.map(|row| Self { ledger: row.get("ledger"), market: row.get("market") })
            .unwrap_or_default()
    }
}

/// Everything that figures of a book depend on, beside the request and its day.
#[derive(Serialize)]
struct State<'a> {
    versions: Versions,
    /// How fresh accounts are changes by the hour, and is in every answer.
    accounts: &'a [Health],
}

impl State<'_> {
    fn etag(
        versions: Versions,
        accounts: &[Health],
        request: &Conditional,
    ) -> Result<ETag, Problem> {
        request.etag(&State { versions, accounts })
    }
}

/// 304 where the caller has the figures of a book as they are now. Asks nothing unless the caller has some; else one round trip
/// that reads no event.
pub async fn unchanged(
    db: &Db,
    caller: &Caller,
    request: &Conditional,
) -> Result<Option<Response>, Problem> {
    if !request.is_sent() {
        return Ok(None);
    }
    let [versions, accounts] = db.read(caller, [Versions::statement(), health::all()]).await?;
    let accounts = Health::read_all(&accounts);
    let etag = State::etag(Versions::read(&versions), &accounts, request)?;
    Ok(request.not_modified(&etag))
}

/// The tag of an answer that is worked out from a book and the request alone.
pub fn etag(book: &Book, request: &Conditional) -> Result<ETag, Problem> {
    State::etag(book.versions, &book.healths, request)
}
