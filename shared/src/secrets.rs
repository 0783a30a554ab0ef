//! Secrets from Secrets Manager, fetched on first use and kept for the process.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::aws::Aws;
use crate::{Problem, Secret};

/// How long a fetched secret is used before it is asked for again, so that rotation arrives.
const FRESH_FOR: Duration = Duration::from_secs(300);

/// The secrets this process has read.
pub struct Secrets {
    aws: Aws,
    read: Mutex<HashMap<String, (Instant, Secret)>>,
}

impl Secrets {
    /// Reads nothing yet.
    pub fn new(aws: Aws) -> Self {
        Self { aws, read: Mutex::default() }
    }

    /// The current value of a secret; asks Secrets Manager at most once in five minutes.
    pub async fn get(&self, id: &str) -> Result<Secret, Problem> {
        let mut read = self.read.lock().await;
        if let Some((at, secret)) = read.get(id)
            && at.elapsed() < FRESH_FOR
        {
            return Ok(secret.clone());
        }
        let answer = self.aws.secrets().get_secret_value().secret_id(id).send().await;
        let secret = match answer {
            Ok(answer) => Secret::new(answer.secret_string.unwrap_or_default()),
            // An old value still works where the peer accepts the previous one; no value does not.
            Err(err) => match read.get(id) {
                Some((_, secret)) => {
                    tracing::warn!(
                        secret = id,
                        "could not be refreshed, the last value is used on"
                    );
                    secret.clone()
                }
                None => return Err(Problem::unavailable(err)),
            },
        };
        read.insert(id.into(), (Instant::now(), secret.clone()));
        Ok(secret)
    }
}
