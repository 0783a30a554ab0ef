//! The days on which the exchange trades, as far as the calendar knows: Monday to Friday, and special sessions.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use shared::{Db, Problem, typed};

/// Whether the exchange trades on a day. A weekday that is a holiday counts: its prices are those of the day before, and
/// nothing is wrong afterwards.
pub async fn trades(db: &Db, day: Date) -> Result<bool, Problem> {
    if is_weekday(day) {
        return Ok(true);
    }
    let sql = "select from transactions.special_sessions where day = $1";
    Ok(!db.query(sql, [typed(&day)]).await?.is_empty())
}

/// The last day before this one on which the exchange traded.
pub async fn last_before(db: &Db, day: Date) -> Result<Date, Problem> {
    let mut weekday = day.saturating_sub(1.day());
    while !is_weekday(weekday) {
        weekday = weekday.saturating_sub(1.day());
    }
    let sql = "select max(day) as day from transactions.special_sessions where day < $1";
    let rows = db.query(sql, [typed(&day)]).await?;
    let special: Option<Date> = rows.first().and_then(|row| row.get("day"));
    Ok(special.map_or(weekday, |special| special.max(weekday)))
}

fn is_weekday(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}
