//! Exact limits: a fixed window in DynamoDB, one conditional update per request.
//!
//! The window's start is part of the key, so a window never needs resetting; DynamoDB deletes
//! old ones by their time to live, whenever it comes to that. The client does not retry: a retry
//! after a lost answer would count twice. What Postgres writes down anyway, requests by keys, it
//! counts itself (`tenant.count_key`).

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use http::{HeaderName, HeaderValue};

use crate::problem::reasons;
use crate::{App, Config, Problem, Timestamp, clock};

/// So many in so many seconds.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What is limited; part of the key.
    pub name: &'static str,
    /// How many a window allows.
    pub most: u32,
    /// How long a window is.
    pub window_s: i64,
}

/// How a caller stands with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many a window allows.
    pub limit: u32,
    /// How many are left in it after this one; `None` when there was none left for this one.
    pub remaining: Option<u32>,
    /// Seconds until the next window.
    pub reset_s: i64,
}

tokio::task_local! {
    static TIGHTEST: Cell<Option<Standing>>;
}

/// Does a request's work and tells how its caller stands with the tightest limit it met; `None` without limits.
pub(crate) async fn with_standing<F: Future>(work: F) -> (F::Output, Option<Standing>) {
    TIGHTEST
        .scope(Cell::new(None), async {
            let done = work.await;
            (done, TIGHTEST.try_with(Cell::get).ok().flatten())
        })
        .await
}

impl Standing {
    /// `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers-07).
    pub(crate) fn headers(self) -> [(HeaderName, HeaderValue); 3] {
        [
            (HeaderName::from_static("ratelimit-limit"), self.limit.into()),
            (HeaderName::from_static("ratelimit-remaining"), self.remaining.unwrap_or(0).into()),
            (HeaderName::from_static("ratelimit-reset"), self.reset_s.into()),
        ]
    }

    fn tell(self) {
        // A consumer or a schedule has no caller to tell.
        let _ = TIGHTEST.try_with(|tightest| {
            if tightest.get().is_none_or(|other| self.remaining < other.remaining) {
                tightest.set(Some(self));
            }
        });
    }
}

/// What every limit is multiplied by: 1, or more where a deployment is tested under load (`LIMITS_TIMES`).
pub(crate) fn times(config: &Config) -> u32 {
    config.find("LIMITS_TIMES").and_then(|times| times.parse().ok()).unwrap_or(1)
}

impl Limit {
    pub(crate) fn times(self, times: u32) -> Self {
        Self { most: self.most.saturating_mul(times), ..self }
    }

    /// Counts one use by `subject` (an address, an account), or refuses with `Retry-After`.
    ///
    /// When DynamoDB does not answer, the request is refused as unavailable: a limit that opens
    /// when its store is down is no limit.
    pub async fn take(&self, app: &App, subject: &str, now: Timestamp) -> Result<(), Problem> {
        let standing = self.count(app, subject, 1, now).await?;
        standing.tell();
        match standing.remaining {
            Some(_) => Ok(()),
            None => Err(self.refusal(standing.reset_s)),
        }
    }

    /// Counts one use, too, and says whether it is within the limit: where the caller is not to learn of it.
    pub async fn allows(&self, app: &App, subject: &str, now: Timestamp) -> Result<bool, Problem> {
        Ok(self.count(app, subject, 1, now).await?.remaining.is_some())
    }

    /// Tells the caller of what the database has counted.
    pub(crate) fn counted(&self, left: i32, reset_s: i32) {
        let remaining = Some(u32::try_from(left).unwrap_or(0));
        Standing { limit: self.most, remaining, reset_s: reset_s.into() }.tell();
    }

    /// Refuses because the database has counted that none is left, and tells the caller.
    pub(crate) fn exhausted(&self, now: Timestamp) -> Problem {
        let reset_s = self.window_s - now.as_second().rem_euclid(self.window_s);
        Standing { limit: self.most, remaining: None, reset_s }.tell();
        self.refusal(reset_s)
    }

    /// Waits for so many turns at once within somebody else's limit, as long as `patience` allows; then refuses as `take`
    /// does.
    pub async fn turns(
        &self,
        app: &App,
        subject: &str,
        turns: u32,
        patience: Duration,
    ) -> Result<(), Problem> {
        let until = Instant::now() + patience;
        loop {
            let now = clock::now();
            let standing = self.count(app, subject, turns, now).await?;
            if standing.remaining.is_some() {
                return Ok(());
            }
            // The beginning of the next window, to the millisecond.
            let into_ms = now.as_millisecond().rem_euclid(self.window_s * 1000);
            let wait = Duration::from_millis(
                u64::try_from(self.window_s * 1000 - into_ms).unwrap_or(1000),
            );
            if Instant::now() + wait > until {
                return Err(self.refusal(standing.reset_s));
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn count(
        &self,
        app: &App,
        subject: &str,
        uses: u32,
        now: Timestamp,
    ) -> Result<Standing, Problem> {
        let second = now.as_second();
        let start = second - second.rem_euclid(self.window_s);
        let table = app.config().need("LIMITS_TABLE")?;
        let most = self.times(times(app.config())).most;
        let counted = app
            .aws()
            .dynamodb()
            .update_item()
            .table_name(table)
            .key("pk", AttributeValue::S(format!("limit#{}#{subject}#{start}", self.name)))
            .update_expression("add uses :more set expires_at = if_not_exists(expires_at, :end)")
            .condition_expression("attribute_not_exists(uses) or uses <= :room")
            .expression_attribute_values(":more", AttributeValue::N(uses.to_string()))
            .expression_attribute_values(
                ":room",
                AttributeValue::N(most.saturating_sub(uses).to_string()),
            )
            .expression_attribute_values(
                ":end",
                AttributeValue::N((start + 2 * self.window_s).to_string()),
            )
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let standing = |remaining| Standing {
            limit: most,
            remaining,
            reset_s: (start + self.window_s - second).max(1),
        };
        match counted {
            Ok(answer) => {
                let uses = answer.attributes.as_ref().and_then(|all| all.get("uses")?.as_n().ok());
                let uses = uses.and_then(|uses| uses.parse().ok()).unwrap_or(most);
                Ok(standing(Some(most.saturating_sub(uses))))
            }
            Err(err)
                if err
                    .as_service_error()
                    .is_some_and(|err| err.is_conditional_check_failed_exception()) =>
            {
                Ok(standing(None))
            }
            Err(err) => Err(Problem::unavailable(err)),
        }
    }

    fn refusal(&self, seconds: i64) -> Problem {
        Problem::new(reasons::LIMITED)
            .with("limit", self.most)
            .with("windowSeconds", self.window_s)
            .retry_after(seconds)
    }
}
