//! A session that goes on, and one that ends because somebody else has its token.

use anyhow::Result;
use serde_json::{Value, json};
use testkit::{Here, Person, Reply};

use crate::sessions::{EMAIL, PASSWORD, account};

async fn log_in(here: &Here) -> Result<Value> {
    let asked = json!({ "email": EMAIL, "password": PASSWORD });
    let reply = here.post("/v1/auth/login", None, &asked).await?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    Ok(reply.body)
}

async fn refresh(here: &Here, token: &Value) -> Result<Reply> {
    here.post("/v1/auth/refresh", None, &json!({ "refreshToken": token })).await
}

async fn me(here: &Here, session: &Value) -> Result<u16> {
    let token = session["accessToken"].as_str().unwrap_or_default().to_owned();
    Ok(here.get("/v1/auth/me", &Person::with_token(token)).await?.status)
}

/// What the audit log has of an action.
async fn audited(here: &Here, action: &str) -> Result<i64> {
    let sql = "select count(*) from access.audit where action = $1";
    Ok(here.admin().await?.query_one(sql, &[&action]).await?.get(0))
}

#[tokio::test]
async fn a_session_goes_on_from_token_to_token() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let mut session = log_in(&here).await?;
    for _ in 0..3 {
        let next = refresh(&here, &session["refreshToken"]).await?;
        assert_eq!(next.status, 200, "{}", next.body);
        assert_ne!(next.body["refreshToken"], session["refreshToken"]);
        assert_eq!(next.body["workspaceId"], session["workspaceId"]);
        assert_eq!(me(&here, &next.body).await?, 200);
        session = next.body;
    }
    let kept = "select count(*) from auth.refresh_tokens where position(convert_to('kmr_', 'UTF8') in token_sha256) > 0";
    assert_eq!(here.admin().await?.query_one(kept, &[]).await?.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn a_retry_gets_the_same_successor_and_twenty_at_once_get_one() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let session = log_in(&here).await?;
    let answers = (0..20).map(|_| refresh(&here, &session["refreshToken"]));
    let answers = futures_util::future::try_join_all(answers).await?;
    let successors: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.body["refreshToken"].to_string()).collect();
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(successors.len(), 1, "a session never forks");
    let tokens = "select count(*) from auth.refresh_tokens";
    // Two of this session, and the one that registering opened another with.
    assert_eq!(here.admin().await?.query_one(tokens, &[]).await?.get::<_, i64>(0), 3);
    assert_eq!(audited(&here, "session.refresh_reused").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_token_used_after_its_successor_ends_the_session_and_is_written_down() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let first = log_in(&here).await?;
    let second = refresh(&here, &first["refreshToken"]).await?.body;
    let third = refresh(&here, &second["refreshToken"]).await?.body;
    let reused = refresh(&here, &first["refreshToken"]).await?;
    assert_eq!((reused.status, reused.reason()), (401, "refresh_token_reused"));
    assert_eq!(audited(&here, "session.refresh_reused").await?, 1);
    for session in [&first, &second, &third] {
        assert_eq!(me(&here, session).await?, 401, "every access token of it is refused at once");
        let reply = refresh(&here, &session["refreshToken"]).await?;
        assert_eq!((reply.status, reply.reason()), (401, "refresh_token_invalid"));
    }
    assert_eq!(me(&here, &log_in(&here).await?).await?, 200, "another session goes on");
    Ok(())
}

#[tokio::test]
async fn a_retry_comes_within_thirty_seconds_or_not_at_all() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let session = log_in(&here).await?;
    assert_eq!(refresh(&here, &session["refreshToken"]).await?.status, 200);
    let admin = here.admin().await?;
    let age = "update auth.refresh_tokens set used_at = used_at - interval '31 seconds' where used_at is not null";
    admin.batch_execute(age).await?;
    let late = refresh(&here, &session["refreshToken"]).await?;
    assert_eq!((late.status, late.reason()), (401, "refresh_token_reused"));
    Ok(())
}

#[tokio::test]
async fn without_the_signing_key_no_refresh_token_is_used_up() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let session = log_in(&here).await?;
    here.cloud.lambda.stop();
    let secrets = &here.cloud.aws.secrets;
    let name = here.cloud.model.secrets[0].clone();
    let kept = secrets.get_secret_value().secret_id(&name).send().await?.secret_string;
    secrets.put_secret_value().secret_id(&name).secret_string("{}").send().await?;
    assert_eq!(refresh(&here, &session["refreshToken"]).await?.status, 503);
    secrets.put_secret_value().secret_id(&name).set_secret_string(kept).send().await?;
    here.cloud.lambda.stop();
    let used = "select count(*) from auth.refresh_tokens where used_at is not null";
    assert_eq!(here.admin().await?.query_one(used, &[]).await?.get::<_, i64>(0), 0);
    assert_eq!(refresh(&here, &session["refreshToken"]).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_session_is_refreshed_into_a_workspace_of_ones_own_only() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let (session, ravi) = (log_in(&here).await?, here.person().await?);
    let asked = |workspace: &str| json!({ "refreshToken": session["refreshToken"], "workspaceId": workspace });
    let strange =
        here.post("/v1/auth/refresh", None, &asked(&ravi.workspace_id.to_string())).await?;
    assert_eq!((strange.status, strange.reason()), (403, "not_a_member"));
    let own = session["workspaceId"].as_str().unwrap_or_default();
    assert_eq!(here.post("/v1/auth/refresh", None, &asked(own)).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn logging_out_ends_this_session_or_all_of_them() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let (one, two, three) = (log_in(&here).await?, log_in(&here).await?, log_in(&here).await?);
    let person = |session: &Value| {
        Person::with_token(session["accessToken"].as_str().unwrap_or_default().to_owned())
    };
    let out = here.post("/v1/auth/logout", &person(&one), &json!({})).await?;
    assert_eq!((out.status, out.body["sessionsEnded"].as_i64()), (200, Some(1)));
    assert_eq!(me(&here, &one).await?, 401);
    assert_eq!(refresh(&here, &one["refreshToken"]).await?.reason(), "refresh_token_invalid");
    assert_eq!((me(&here, &two).await?, me(&here, &three).await?), (200, 200));
    let out = here.post("/v1/auth/logout", &person(&two), &json!({ "everywhere": true })).await?;
    // The one registering opened is among them.
    assert_eq!((out.status, out.body["sessionsEnded"].as_i64()), (200, Some(3)));
    assert_eq!((me(&here, &two).await?, me(&here, &three).await?), (401, 401));
    let again = here.post("/v1/auth/logout", &person(&one), &json!({})).await?;
    assert_eq!((again.status, again.reason()), (401, "session_ended"));
    Ok(())
}
