//! The one place that reads the time; everything else takes it as an argument.

pub use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// The time now.
#[expect(clippy::disallowed_methods, reason = "this is the edge the rule points to")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// So many seconds after a time; the time itself beyond the end of all times.
pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(at.as_second().saturating_add(seconds)).unwrap_or(at)
}

/// The time zone of India: UTC+05:30 all year round.
pub fn india() -> TimeZone {
    // The offset is a constant within jiff's range.
    TimeZone::fixed(Offset::from_seconds(5 * 3600 + 1800).unwrap_or(Offset::UTC))
}

/// The calendar day in India, where the exchanges keep their days.
pub fn india_day(at: Timestamp) -> Date {
    at.to_zoned(india()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_in_india_begins_at_half_past_six_in_the_evening_utc() {
        let day = |text: &str| india_day(text.parse().unwrap()).to_string();
        assert_eq!(day("2026-11-20T18:29:59Z"), "2026-11-20");
        assert_eq!(day("2026-11-20T18:30:00Z"), "2026-11-21");
    }
}
