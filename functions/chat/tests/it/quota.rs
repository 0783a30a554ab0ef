//! The questions of a month.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::{Here, Person};
use uuid::Uuid;

use crate::{ask, get, investor};

/// Questions that somebody has asked.
async fn add_questions(
    here: &Here,
    person: &Person,
    number: i32,
    state: &str,
    ago: &str,
) -> Result<()> {
    let sql = "insert into billing.questions (question_id, user_id, state, asked_at)
               select gen_random_uuid(), $1, $2, now() - $3::text::interval from generate_series(1, $4)";
    here.admin().await?.execute(sql, &[&person.user_id, &state, &ago, &number]).await?;
    Ok(())
}

async fn set_tier(here: &Here, user: Uuid, tier: &str) -> Result<Value> {
    let mut event = Here::sample("chat-entitlement-set")?;
    event["pathParameters"]["userId"] = json!(user);
    event["path"] = json!(format!("/v1/chat/entitlements/{user}"));
    event["body"] = json!(json!({ "tier": tier, "reason": "a trial" }).to_string());
    here.invoke("chat-entitlement-set", &event).await
}

const QUESTION: &str = "What is my portfolio worth?";

#[tokio::test]
async fn the_last_question_is_answered_once_however_many_ask_at_the_same_time() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    add_questions(&here, &asha, 49, "counted", "1 second").await?;
    let body = json!({ "question": QUESTION });
    let (one, other) = tokio::join!(
        here.post("/v1/chat/query", &asha, &body),
        here.post("/v1/chat/query", &asha, &body)
    );
    let mut all = [one?, other?];
    all.sort_by_key(|reply| reply.status);
    assert_eq!((all[0].status, all[1].status), (200, 429), "{} {}", all[0].body, all[1].body);
    assert_eq!(all[0].body["usage"]["warning"], "used_up");
    assert_eq!(all[1].reason(), "query_limit_reached");
    assert!(
        all[1].body["resetsAt"].as_str().is_some_and(|at| at.ends_with("18:30:00Z")),
        "{}",
        all[1].body
    );
    Ok(())
}

#[tokio::test]
async fn a_reservation_that_nobody_settles_ends_and_another_month_is_not_counted() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    add_questions(&here, &asha, 60, "reserved", "6 minutes").await?;
    add_questions(&here, &asha, 60, "returned", "1 minute").await?;
    add_questions(&here, &asha, 60, "counted", "32 days").await?;
    let usage = get(&here, &asha, "/v1/chat/usage").await?;
    assert_eq!((&usage["used"], &usage["left"]), (&json!(0), &json!(50)), "{usage}");
    add_questions(&here, &asha, 3, "reserved", "1 second").await?;
    assert_eq!(get(&here, &asha, "/v1/chat/usage").await?["used"], 3);
    Ok(())
}

#[tokio::test]
async fn whoever_pays_is_counted_in_all_of_their_workspaces_and_pro_has_no_limit() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let member = here.member(asha.workspace_id, "viewer").await?;
    let first = ask(&here, &member, QUESTION, None).await?;
    assert_eq!(first["usage"]["used"], 1);
    assert_eq!(get(&here, &asha, "/v1/chat/usage").await?["used"], 1, "the owner's questions");
    let reply = set_tier(&here, asha.user_id, "pro").await?;
    assert_eq!(reply["statusCode"], 204, "{reply}");
    add_questions(&here, &asha, 80, "counted", "1 second").await?;
    let usage = get(&here, &asha, "/v1/chat/usage").await?;
    assert_eq!(
        (&usage["allowed"], &usage["left"], &usage["warning"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(ask(&here, &asha, QUESTION, None).await?["kind"], "answer");
    let compared = ask(&here, &asha, "profit this month vs last month", None).await?;
    assert_eq!(compared["kind"], "answer", "{compared}");
    set_tier(&here, asha.user_id, "free").await?;
    let body = json!({ "question": QUESTION });
    assert_eq!(here.post("/v1/chat/query", &asha, &body).await?.status, 429);
    let nobody = set_tier(&here, Uuid::now_v7(), "pro").await?;
    assert_eq!(nobody["statusCode"], 404);
    Ok(())
}

#[tokio::test]
async fn a_question_is_settled_once() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let answer = ask(&here, &asha, QUESTION, None).await?;
    let turn: Uuid = answer["turnId"].as_str().context("an id")?.parse()?;
    let admin = here.admin().await?;
    admin.execute("select tenant.settle_question($1, false)", &[&turn]).await?;
    assert_eq!(get(&here, &asha, "/v1/chat/usage").await?["used"], 1);
    Ok(())
}
