//! How fresh what is known of each account is.

use jiff::civil::{Date, Time, Weekday};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use shared::clock;
use shared::db::{Statement, statement};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::sessions::day_of_books;

/// How many days a statement is new for.
const NEW_FOR: i64 = 30;
/// The hour, in India, by which an account that can be read was read that day.
const READ_BY: i8 = 19;
/// When the exchange closes, in India.
const CLOSES: Time = Time::constant(15, 30, 0, 0);

/// How fresh what is known of an account is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The account.
    pub account_id: Uuid,
    /// The day up to which it is known what is held: that of the newest statement, or of the last reading from the
    /// broker; null before the first.
    pub as_of: Option<Date>,
    /// When the broker last told everything; null when it never did.
    pub synced_at: Option<Timestamp>,
    /// Whether something newer is to be had.
    pub stale: bool,
    /// Why it is stale, or what is missing although it is not.
    pub reason: Option<Reason>,
    /// The permanent account number of whom it belongs to, which is in no answer.
    #[serde(skip)]
    pub holder: Option<String>,
}

/// Why an account is not as fresh, or not as whole, as it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthReason)]
pub enum Reason {
    /// Nothing was imported into it, and nothing read.
    NothingImported,
    /// Its newest statement is more than 30 days old.
    StatementOld,
    /// Nobody has signed in to the broker since.
    SignedOut,
    /// The broker does not permit this installation to read it.
    NotPermitted,
    /// The broker did not answer; what is shown is what it said before.
    KiteUnavailable,
    /// Something was bought today whose symbol no instrument has: it is missing here until it is delivered.
    SymbolsUnknown,
}

/// The rows [`Health::read_all`] takes: every account of the entered workspace, once for each segment of it that a
/// statement tells completely.
pub fn all<'a>() -> Statement<'a> {
    statement("select * from portfolio.accounts()", [])
}

impl Health {
    fn read(row: &Row, now: Timestamp) -> Self {
        let (imported_on, synced_at): (Option<Date>, Option<Timestamp>) =
            (row.get("imported_on"), row.get("synced_at"));
        let (tried_on, problem): (Option<Date>, Option<&str>) =
            (row.get("tried_on"), row.get("problem"));
        let synced_on = synced_at.map(|at| day_of_books(at).0);
        let as_of = imported_on.max(synced_on);
        let due = due(now);
        // What a try of long ago met is not why nobody has tried since.
        let problem = problem.filter(|_| tried_on >= Some(due.0)).map(named);
        // Who goes on with files after having signed out is as fresh as the files.
        let by_files = synced_at.is_none() || synced_on < imported_on;
        let (stale, reason) = match as_of {
            None => (true, Some(problem.unwrap_or(Reason::NothingImported))),
            Some(day) if by_files => {
                let stale = day < clock::india_day(now).saturating_sub(NEW_FOR.days());
                let problem = problem.filter(|_| tried_on > imported_on);
                (stale, problem.or(stale.then_some(Reason::StatementOld)))
            }
            Some(_) => {
                let stale = synced_at < Some(due.1);
                (stale, problem.or(stale.then_some(Reason::SignedOut)))
            }
        };
        let (account_id, holder) = (row.get("account_id"), row.get("holder"));
        Self { account_id, as_of, synced_at, stale, reason, holder }
    }

    /// Reads the rows of [`all`], as it is now.
    pub fn read_all(rows: &[Row]) -> Vec<Self> {
        let now = clock::now();
        let account = |row: &Row| row.get::<_, Uuid>("account_id");
        let each = rows.chunk_by(|one, next| account(one) == account(next));
        each.filter_map(|rows| rows.first()).map(|row| Self::read(row, now)).collect()
    }
}

/// A word of the table's check constraint.
fn named(problem: &str) -> Reason {
    match problem {
        "signed_out" => Reason::SignedOut,
        "not_permitted" => Reason::NotPermitted,
        "symbols_unknown" => Reason::SymbolsUnknown,
        _ => Reason::KiteUnavailable,
    }
}

/// The last weekday whose evening has begun in India, and when the exchange closed on it: what was read before lacks a
/// part of it.
fn due(now: Timestamp) -> (Date, Timestamp) {
    let here = now.to_zoned(clock::india());
    let today = here.date();
    let begun = if here.hour() >= READ_BY { today } else { today.saturating_sub(1.day()) };
    let since_friday = match begun.weekday() {
        Weekday::Saturday => 1,
        Weekday::Sunday => 2,
        _ => 0,
    };
    let day = begun.saturating_sub(since_friday.days());
    let closed = day.to_datetime(CLOSES).to_zoned(clock::india());
    (day, closed.map_or(now, |closed| closed.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_due_on_the_evening_of_every_weekday() {
        for (now, day) in [
            ("2026-11-20T13:29:59Z", "2026-11-19"),
            ("2026-11-20T13:30:00Z", "2026-11-20"),
            ("2026-11-21T20:00:00Z", "2026-11-20"),
            ("2026-11-22T12:00:00Z", "2026-11-20"),
            ("2026-11-23T05:00:00Z", "2026-11-20"),
            ("2026-11-23T14:00:00Z", "2026-11-23"),
        ] {
            assert_eq!(due(now.parse().unwrap()).0.to_string(), day, "{now}");
        }
    }
}
