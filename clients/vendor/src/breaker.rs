//! Giving a vendor up for a while, by all functions together: failures are counted in DynamoDB, in a window.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::{App, Problem, Timestamp, clock};

/// Gives a vendor up when it failed so often in so many seconds; the next window tries again.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Whom it is for; part of the key.
    pub name: &'static str,
    /// How many failures a window takes.
    pub most: u32,
    /// How long a window is.
    pub window_s: i64,
}

impl Breaker {
    /// Seconds until it is worth trying again; `None` when it is worth trying now. When DynamoDB does not answer, the
    /// vendor is tried: a breaker saves time, it guards nothing.
    pub async fn open_for(&self, app: &App, subject: &str) -> Result<Option<i64>, Problem> {
        let now = clock::now();
        let table = app.config().need("LIMITS_TABLE")?;
        let get = app.aws().dynamodb().get_item().table_name(table);
        let got = get.key("pk", self.key(subject, now)).send().await;
        let failures = got
            .ok()
            .and_then(|got| got.item)
            .and_then(|item| item.get("failures")?.as_n().ok()?.parse::<u32>().ok());
        let left = self.window_s - now.as_second().rem_euclid(self.window_s);
        Ok(failures.is_some_and(|failures| failures >= self.most).then_some(left))
    }

    /// Counts a failure.
    pub async fn failed(&self, app: &App, subject: &str) {
        let now = clock::now();
        let Ok(table) = app.config().need("LIMITS_TABLE") else { return };
        let ends = (now.as_second() + 2 * self.window_s).to_string();
        let counted = app
            .aws()
            .dynamodb()
            .update_item()
            .table_name(table)
            .key("pk", self.key(subject, now))
            .update_expression("add failures :one set expires_at = if_not_exists(expires_at, :end)")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .expression_attribute_values(":end", AttributeValue::N(ends))
            .send()
            .await;
        if counted.is_err() {
            tracing::warn!(breaker = self.name, "a failure could not be counted");
        }
    }

    fn key(&self, subject: &str, now: Timestamp) -> AttributeValue {
        let second = now.as_second();
        let start = second - second.rem_euclid(self.window_s);
        AttributeValue::S(format!("breaker#{}#{subject}#{start}", self.name))
    }
}
