//! Fields that several requests have.

use jiff::civil::Date;
use rust_decimal::Decimal;
use shared::db::{Statement, statement};
use shared::fields::Fields;
use shared::problem::reasons::NOT_FOUND;
use shared::{Problem, typed};
use tokio_postgres::Row;
use uuid::Uuid;

/// `accountId`, which may be missing.
pub(crate) fn account(fields: &mut Fields) -> Option<Option<Uuid>> {
    fields.optional("accountId", |id| Uuid::parse_str(id).map_err(|_| "must be a UUID".to_owned()))
}

/// Whether the account that is asked for, if one is, is the workspace's.
pub(crate) fn account_known(account: &Option<Uuid>) -> Statement<'_> {
    statement("select from brokers.accounts where $1 is null or account_id = $1", [typed(account)])
}

/// An account of somebody else's is none, not one with nothing in it.
pub(crate) fn check_account(account: Option<Uuid>, answer: &[Row]) -> Result<(), Problem> {
    match account {
        Some(_) if answer.is_empty() => Err(Problem::new(NOT_FOUND)),
        _ => Ok(()),
    }
}

/// A day, which may be missing.
pub(crate) fn day(fields: &mut Fields, name: &str) -> Option<Option<Date>> {
    fields.optional(name, |day| {
        let read = day.parse().ok().filter(known_day);
        read.ok_or_else(|| "must be a day, as 2026-11-20".to_owned())
    })
}

/// The year in which a financial year begins, which may be missing.
pub(crate) fn year(fields: &mut Fields) -> Option<Option<i16>> {
    let year = fields.integer("year", 1990, 2100)?;
    Some(year.and_then(|year| i16::try_from(year).ok()))
}

/// An amount of rupees, which may be missing.
pub(crate) fn amount(fields: &mut Fields, name: &str) -> Option<Option<Decimal>> {
    fields.optional(name, |amount| {
        amount.parse().map_err(|_| "must be a decimal number, as 1250.50".to_owned())
    })
}

/// No account is older, and no database's calendar ends before.
pub(crate) fn known_day(day: &Date) -> bool {
    (1950..2100).contains(&day.year())
}
