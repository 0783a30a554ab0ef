//! The same creating request many times, at once and around a crash.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;
use http::Method;
use serde_json::json;
use testkit::{Here, Person, Reply};

async fn create(here: &Here, person: &Person, key: &str, name: &str) -> Result<Reply> {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let body = json!({ "name": name }).to_string();
    here.send(Method::POST, "/v1/workspaces", Some(person), &headers, body).await
}

async fn workspaces(here: &Here) -> Result<i64> {
    let sql = "select count(*) from workspaces.workspaces where kind = 'client'";
    Ok(here.admin().await?.query_one(sql, &[]).await?.get(0))
}

#[tokio::test]
async fn twenty_at_once_make_one_and_hear_the_same() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let answers =
        try_join_all((0..20).map(|_| create(&here, &asha, "key-1", "Rao family"))).await?;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body));
    assert_eq!(workspaces(&here).await?, 1);
    let other = create(&here, &asha, "key-1", "Another name").await?;
    assert_eq!((other.status, other.reason()), (422, "idempotency_key_reused"));
    assert_eq!(
        create(&here, &ravi, "key-1", "Rao family").await?.status,
        201,
        "keys are each one's own"
    );
    assert_eq!(workspaces(&here).await?, 2);
    Ok(())
}

#[tokio::test]
async fn killed_between_claim_and_commit_it_is_as_if_never_asked() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let admin = here.admin().await?;
    // What the function does after its claim waits here.
    admin.batch_execute("begin; lock table workspaces.workspaces in share mode").await?;
    let waiting = async {
        let watcher = here.admin().await?;
        let claimed = "select count(*) from pg_stat_activity
            where wait_event_type = 'Lock' and query like '%create_workspace%' and datname = current_database()";
        while watcher.query_one(claimed, &[]).await?.get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        here.cloud.lambda.stop();
        Ok::<_, anyhow::Error>(())
    };
    let (killed, waited) = tokio::join!(create(&here, &asha, "key-1", "Rao family"), waiting);
    waited?;
    assert!(killed?.status >= 500);
    admin.batch_execute("rollback").await?;
    assert_eq!(create(&here, &asha, "key-1", "Rao family").await?.status, 201);
    assert_eq!(workspaces(&here).await?, 1);
    Ok(())
}

#[tokio::test]
async fn killed_between_commit_and_answer_it_is_done_once_and_answered_later() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let path = format!("/v1/workspaces/{}/invitations", asha.workspace_id);
    let mut lost = 0;
    // The process lives for some milliseconds after the commit, to send the event: it is killed as soon as the
    // row is seen, and now and then that is before it answers.
    for attempt in 0..40 {
        let (key, email) = (format!("key-{attempt}"), format!("a{attempt}@example.in"));
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
        let body = json!({ "email": email, "role": "viewer" }).to_string();
        let ask = || here.send(Method::POST, &path, Some(&asha), &headers, body.clone());
        let kill = async {
            let watcher = here.admin().await?;
            let sql = "select count(*) from workspaces.invitations where email = $1";
            while watcher.query_one(sql, &[&email]).await?.get::<_, i64>(0) == 0 {}
            here.cloud.lambda.stop();
            Ok::<_, anyhow::Error>(())
        };
        let (answered, killed) = tokio::join!(ask(), kill);
        killed?;
        let answered = answered?;
        let again = ask().await?;
        assert_eq!(again.status, 202, "{}", again.body);
        if answered.status == 202 {
            assert_eq!(answered.body, again.body);
        } else {
            lost += 1;
        }
        let sql = "select count(*) from workspaces.invitations where email = $1";
        assert_eq!(here.admin().await?.query_one(sql, &[&email]).await?.get::<_, i64>(0), 1);
        if lost == 2 {
            return Ok(());
        }
    }
    panic!("no answer was lost in forty attempts, so nothing was tested");
}
