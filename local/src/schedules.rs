//! EventBridge schedules: `rate(…)` and `cron(…)` in a time zone.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jiff_cron::Schedule;
use serde_json::json;

use crate::iam::{Permissions, RequestContext};
use crate::lambda::{Lambda, now};
use crate::record::{Cause, Kind};
use crate::template::{ACCOUNT, REGION, ScheduleTrigger};

/// When a function runs.
#[derive(Clone, Debug)]
pub enum Times {
    /// Every so often.
    Every(Duration),
    /// At times of day in a zone.
    At(Box<Schedule>, TimeZone),
}

impl Times {
    /// Reads a schedule's expression.
    pub fn read(trigger: &ScheduleTrigger) -> Result<Self> {
        let inside = |name: &str| {
            trigger.expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
        };
        if let Some(rate) = inside("rate") {
            let (count, unit) =
                rate.split_once(' ').ok_or_else(|| anyhow!("rate({rate}) has no unit"))?;
            let seconds = match unit.trim_end_matches('s') {
                "minute" => 60,
                "hour" => 3600,
                "day" => 86400,
                unit => bail!("rate({rate}): `{unit}` is no unit of time"),
            };
            return Ok(Self::Every(Duration::from_secs(count.parse::<u64>()? * seconds)));
        }
        let fields = inside("cron")
            .ok_or_else(|| anyhow!("`{}` is neither rate(…) nor cron(…)", trigger.expression))?;
        let zone = TimeZone::get(&trigger.zone)
            .map_err(|_| anyhow!("`{}` is no time zone", trigger.zone))?;
        // EventBridge has no seconds; days of the week count from 1, Sunday, in both.
        let schedule = Schedule::from_str(&format!("0 {fields}"));
        Ok(Self::At(Box::new(schedule.with_context(|| format!("cron({fields})"))?), zone))
    }

    /// The first time after this one.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => after.checked_add(*interval).ok(),
            Self::At(schedule, zone) => {
                let next = schedule.after(after.to_zoned(zone.clone())).next();
                next.map(|time| time.timestamp())
            }
        }
    }
}

/// Who runs schedules, with the rights of each schedule's role.
#[derive(Clone)]
pub struct Scheduler {
    /// The functions.
    pub lambda: Lambda,
    /// What roles allow.
    pub permissions: Permissions,
}

impl Scheduler {
    /// Runs a function at its times until it is aborted.
    pub async fn keep(self, function: String, trigger: ScheduleTrigger, times: Times) {
        while let Some(next) = times.next(now()) {
            // In short sleeps: a laptop that was closed meanwhile goes on at the right time.
            loop {
                let left = now().duration_until(next);
                if left <= SignedDuration::ZERO {
                    break;
                }
                tokio::time::sleep(left.unsigned_abs().min(Duration::from_secs(20))).await;
            }
            if let Err(err) = self.run(&function, &trigger, next).await {
                println!("  {function} failed: {err:#}");
            }
        }
    }

    /// Runs a function as if it were this time, and answers what it answered.
    pub async fn run(
        &self,
        function: &str,
        trigger: &ScheduleTrigger,
        at: Timestamp,
    ) -> Result<Bytes> {
        let asked = self.permissions.ask_role(
            "scheduler",
            &trigger.role,
            ("lambda:InvokeFunction", &trigger.function),
            &RequestContext::new(),
        );
        if asked.is_err() {
            bail!("{} may not invoke {function}", trigger.role);
        }
        let cause = Cause::new(Kind::Schedule, &trigger.expression);
        let outcome = self.lambda.call(function, event(at), cause).await;
        if outcome.failed {
            bail!("{}", String::from_utf8_lossy(&outcome.payload));
        }
        Ok(outcome.payload)
    }
}

/// The event of a schedule without an input of its own.
pub fn event(time: Timestamp) -> Bytes {
    let event = json!({
        "version": "0",
        "id": uuid::Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [],
        "detail": "{}",
    });
    Bytes::from(event.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(expression: &str) -> ScheduleTrigger {
        let (zone, none) = ("Asia/Kolkata".to_owned(), String::new());
        ScheduleTrigger { expression: expression.into(), zone, function: none.clone(), role: none }
    }

    fn next(expression: &str, after: &str) -> String {
        let after: Timestamp = after.parse().unwrap();
        Times::read(&trigger(expression)).unwrap().next(after).unwrap().to_string()
    }

    #[test]
    fn times_of_day_are_those_of_the_zone() {
        // Friday 20 November 2026, 18:00 in Kolkata is 12:30 UTC; after it comes Monday.
        assert_eq!(
            next("cron(0 18 ? * MON-FRI *)", "2026-11-20T12:00:00Z"),
            "2026-11-20T12:30:00Z"
        );
        assert_eq!(
            next("cron(0 18 ? * MON-FRI *)", "2026-11-20T12:30:00Z"),
            "2026-11-23T12:30:00Z"
        );
        assert_eq!(next("rate(1 minute)", "2026-11-20T12:30:00Z"), "2026-11-20T12:31:00Z");
    }

    #[test]
    fn another_expression_is_refused() {
        for expression in ["at(2026-11-20T12:00:00)", "rate(1 fortnight)", "rate(1)", "cron(0 18)"]
        {
            assert!(Times::read(&trigger(expression)).is_err(), "{expression}");
        }
    }
}
