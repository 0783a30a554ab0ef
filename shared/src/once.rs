//! Something that is good once and for a while, bound to whoever began it: kept in DynamoDB under the hash of its secret.
//!
//! DynamoDB deletes late, so the time to live is checked in the condition. A try by anybody it is not bound to uses
//! nothing up.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::crypto::{random_text, sha256};
use crate::{App, Problem, Secret, Timestamp, clock};

/// A kind of thing that is good once.
#[derive(Clone, Copy, Debug)]
pub struct Once {
    /// Part of the key.
    pub name: &'static str,
    /// How long one is good.
    pub good_for_s: i64,
}

impl Once {
    /// When one that begins now is good no more.
    pub fn ends(&self, now: Timestamp) -> Timestamp {
        clock::later(now, self.good_for_s)
    }

    /// Begins one: `bound` is what must be shown again to take it, `kept` what taking answers.
    pub async fn begin(
        &self,
        app: &App,
        bound: &[(&str, &str)],
        kept: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<Secret, Problem> {
        let secret = random_text()?;
        let ends = self.ends(now).as_second().to_string();
        let mut put = app
            .aws()
            .dynamodb()
            .put_item()
            .table_name(app.config().need("LIMITS_TABLE")?)
            .item("pk", self.key(&secret))
            .item("expires_at", AttributeValue::N(ends));
        for (name, value) in bound.iter().chain(kept) {
            put = put.item(*name, AttributeValue::S((*value).to_owned()));
        }
        put.send().await.map_err(Problem::unavailable)?;
        Ok(secret)
    }

    /// Takes one; `None` when it was taken, is too old, or is bound to something else.
    pub async fn take(
        &self,
        app: &App,
        secret: &Secret,
        bound: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<Option<HashMap<String, String>>, Problem> {
        let delete = app.aws().dynamodb().delete_item();
        let mut delete = delete.table_name(app.config().need("LIMITS_TABLE")?);
        let mut condition = "expires_at > :now".to_owned();
        for (at, (name, value)) in bound.iter().enumerate() {
            // By aliases: many a plain word is reserved in DynamoDB.
            condition.push_str(&format!(" and #b{at} = :b{at}"));
            delete = delete
                .expression_attribute_names(format!("#b{at}"), *name)
                .expression_attribute_values(format!(":b{at}"), AttributeValue::S((*value).into()));
        }
        let taken = delete
            .key("pk", self.key(secret))
            .condition_expression(condition)
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await;
        match taken {
            Ok(taken) => {
                let attributes = taken.attributes.unwrap_or_default().into_iter();
                let texts = attributes.filter_map(|(name, value)| match value {
                    AttributeValue::S(text) => Some((name, text)),
                    _ => None,
                });
                Ok(Some(texts.collect()))
            }
            Err(err)
                if err
                    .as_service_error()
                    .is_some_and(|err| err.is_conditional_check_failed_exception()) =>
            {
                Ok(None)
            }
            Err(err) => Err(Problem::unavailable(err)),
        }
    }

    fn key(&self, secret: &Secret) -> AttributeValue {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(secret.expose().as_bytes()));
        AttributeValue::S(format!("{}#{hash}", self.name))
    }
}
