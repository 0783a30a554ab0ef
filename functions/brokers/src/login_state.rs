//! A sign-in at Zerodha that was begun: good once, for ten minutes, for the session that began it.
//!
//! Zerodha returns it beside the request token. It is kept in DynamoDB under its hash; time to live is checked in the
//! condition, because DynamoDB deletes late.

use std::collections::HashMap;

use aws_lc_rs::rand;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use shared::auth::{Session, sha256};
use shared::{App, Problem, Secret, Timestamp};

use crate::reasons;

/// How long a sign-in may take.
pub(crate) const GOOD_FOR_S: i64 = 600;

/// Begins a sign-in with a Kite app.
pub(crate) async fn begin(
    app: &App,
    session: Session,
    api_key: &str,
    now: Timestamp,
) -> Result<Secret, Problem> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)
        .map_err(|_| Problem::internal(std::io::Error::other("no randomness")))?;
    let state = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let put = app.aws().dynamodb().put_item().table_name(app.config().need("LIMITS_TABLE")?);
    let ends = (now.as_second() + GOOD_FOR_S).to_string();
    put.item("pk", key(&state))
        .item("session", AttributeValue::S(session.session_id.to_string()))
        .item("person", AttributeValue::S(session.user_id.to_string()))
        .item("workspace", AttributeValue::S(session.workspace_id.to_string()))
        .item("api_key", AttributeValue::S(api_key.to_owned()))
        .item("expires_at", AttributeValue::N(ends))
        .send()
        .await
        .map_err(Problem::unavailable)?;
    Ok(state)
}

/// Uses a sign-in up and answers its Kite app. Somebody else's attempt uses nothing up.
pub(crate) async fn take(
    app: &App,
    session: Session,
    state: &Secret,
    now: Timestamp,
) -> Result<String, Problem> {
    let delete = app.aws().dynamodb().delete_item().table_name(app.config().need("LIMITS_TABLE")?);
    let text = |id: uuid::Uuid| AttributeValue::S(id.to_string());
    let taken = delete
        .key("pk", key(state))
        .condition_expression(
            "#session = :session and person = :person and workspace = :workspace and expires_at > :now",
        )
        // A reserved word of DynamoDB.
        .expression_attribute_names("#session", "session")
        .expression_attribute_values(":session", text(session.session_id))
        .expression_attribute_values(":person", text(session.user_id))
        .expression_attribute_values(":workspace", text(session.workspace_id))
        .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
        .return_values(ReturnValue::AllOld)
        .send()
        .await;
    let refused = |err: &aws_sdk_dynamodb::error::SdkError<_, _>| {
        let err: Option<&aws_sdk_dynamodb::operation::delete_item::DeleteItemError> =
            err.as_service_error();
        err.is_some_and(|err| err.is_conditional_check_failed_exception())
    };
    let item: HashMap<String, AttributeValue> = match taken {
        Ok(taken) => taken.attributes.unwrap_or_default(),
        Err(err) if refused(&err) => return Err(Problem::new(reasons::STATE)),
        Err(err) => return Err(Problem::unavailable(err)),
    };
    let api_key = item.get("api_key").and_then(|value| value.as_s().ok());
    api_key.cloned().ok_or_else(|| Problem::new(reasons::STATE))
}

fn key(state: &Secret) -> AttributeValue {
    let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(state.expose().as_bytes()));
    AttributeValue::S(format!("login#{hash}"))
}
