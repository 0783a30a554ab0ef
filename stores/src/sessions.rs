//! The days on which the exchange trades, as far as the calendar knows: Monday to Friday, and special sessions.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use shared::{Db, Problem, Timestamp, clock, typed};

/// The hour, in India, at which a broker's books go over to the next day.
const BOOKS_TURN: i8 = 6;

/// Which day of a broker's books a moment is of, and when on it; after midnight, until they turn, it is the end of the
/// day before: what was bought then is a position still.
pub fn day_of_books(at: Timestamp) -> (Date, Option<Time>) {
    let here = at.to_zoned(clock::india());
    if here.hour() < BOOKS_TURN {
        (here.date().saturating_sub(1.day()), None)
    } else {
        (here.date(), Some(here.time()))
    }
}

/// Whether the exchange trades on a day. A weekday that is a holiday counts: its prices are those of the day before, and
/// nothing is wrong afterwards.
pub async fn trades(db: &Db, day: Date) -> Result<bool, Problem> {
    if is_weekday(day) {
        return Ok(true);
    }
    let sql = "select from market.special_sessions where day = $1";
    Ok(!db.query(sql, [typed(&day)]).await?.is_empty())
}

/// The last day before this one on which the exchange traded.
pub async fn last_before(db: &Db, day: Date) -> Result<Date, Problem> {
    let mut weekday = day.saturating_sub(1.day());
    while !is_weekday(weekday) {
        weekday = weekday.saturating_sub(1.day());
    }
    let sql = "select max(day) as day from market.special_sessions where day < $1";
    let rows = db.query(sql, [typed(&day)]).await?;
    let special: Option<Date> = rows.first().and_then(|row| row.get("day"));
    Ok(special.map_or(weekday, |special| special.max(weekday)))
}

fn is_weekday(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brokers_day_ends_at_six_in_the_morning() {
        let day = |at: &str| {
            let (day, at) = day_of_books(at.parse().unwrap());
            (day.to_string(), at.map(|at| at.to_string()))
        };
        // 05:59, 06:00 and 18:00 in India.
        assert_eq!(day("2026-11-20T00:29:00Z"), ("2026-11-19".into(), None));
        assert_eq!(day("2026-11-20T00:30:00Z"), ("2026-11-20".into(), Some("06:00:00".into())));
        assert_eq!(day("2026-11-20T12:30:00Z"), ("2026-11-20".into(), Some("18:00:00".into())));
    }
}
