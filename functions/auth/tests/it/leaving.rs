//! What is held about a person, and how it goes.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};
use uuid::Uuid;

use crate::sessions::{EMAIL, PASSWORD, account};

async fn delete_me(here: &Here, person: &Person) -> Result<testkit::Reply> {
    here.send(Method::DELETE, "/v1/auth/me", Some(person), &[], "").await
}

async fn purge(here: &Here, event: Value) -> Result<Value> {
    here.invoke("auth-purge", &event).await
}

/// A time so many days from now, as a schedule's event has it.
fn in_days(days: i64) -> String {
    let second = shared::clock::now().as_second() + days * 24 * 3600;
    shared::Timestamp::from_second(second).map(|at| at.to_string()).unwrap_or_default()
}

/// Every table that names workspaces or people, with how many rows name this one.
async fn rows_of(here: &Here, column: &str, id: Uuid) -> Result<Vec<(String, i64)>> {
    let admin = here.admin().await?;
    let tables = admin
        .query(
            "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
             join pg_attribute a on a.attrelid = c.oid
             where c.relkind = 'r' and a.attname = $1 and n.nspname !~ '^pg_' order by 1",
            &[&column],
        )
        .await?;
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!("select count(*) from {table} where {column} = $1");
        let count: i64 = admin.query_one(&sql, &[&id]).await?.get(0);
        found.extend((count > 0).then_some((table, count)));
    }
    Ok(found)
}

#[tokio::test]
async fn an_erased_person_is_gone_at_once_and_everything_of_them_after_thirty_days() -> Result<()> {
    let here = Here::start().await?;
    let asha = account(&here).await?;
    here.load_prices().await?;
    assert_eq!(
        here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?.status,
        200
    );
    let key = json!({ "name": "Report", "scopes": ["portfolio:read"] });
    let key = here.post("/v1/api-keys", &asha, &key).await?.body["key"].clone();
    let erased = delete_me(&here, &asha).await?;
    assert_eq!(erased.status, 200, "{}", erased.body);
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 401);
    let headers = [("x-api-key", key.as_str().context("a key")?)];
    let by_key = here.send(Method::GET, "/v1/portfolio", None, &headers, "").await?;
    assert_eq!((by_key.status, by_key.reason()), (401, "key_invalid"));
    let asked = json!({ "email": EMAIL, "password": PASSWORD });
    let login = here.post("/v1/auth/login", None, &asked).await?;
    assert_eq!((login.status, login.reason()), (401, "wrong_credentials"));

    assert_eq!(purge(&here, json!({ "time": in_days(29) })).await?["purged"], 0);
    assert!(!rows_of(&here, "workspace_id", asha.workspace_id).await?.is_empty());
    assert_eq!(purge(&here, json!({ "time": in_days(31) })).await?["purged"], 1);
    assert_eq!(purge(&here, json!({ "time": in_days(31) })).await?["purged"], 0);
    let left: Vec<_> = rows_of(&here, "workspace_id", asha.workspace_id).await?;
    let tables: Vec<_> = left.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(tables, ["access.audit"], "of the workspace");
    let left: Vec<_> = rows_of(&here, "user_id", asha.user_id).await?;
    let tables: Vec<_> = left.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(tables, ["access.audit", "auth.erasures", "auth.users"], "of the person");
    let row = here
        .admin()
        .await?
        .query_one("select email, name from auth.users where user_id = $1", &[&asha.user_id])
        .await?;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, Option<&str>>(1)), ("", None));
    Ok(())
}

#[tokio::test]
async fn erasing_makes_audit_entries_anonymous_and_keeps_them() -> Result<()> {
    let here = Here::start().await?;
    let (asha, owner) = (here.person().await?, here.person().await?);
    let admin = here.admin().await?;
    // A member of somebody else's workspace, in whose log she stands.
    admin
        .execute("insert into workspaces.members (workspace_id, user_id, role) values ($1, $2, 'analyst')", &[&owner.workspace_id, &asha.user_id])
        .await?;
    let there = here
        .post(&format!("/v1/workspaces/{}/token", owner.workspace_id), &asha, &json!({}))
        .await?;
    let there = Person::with_token(there.body["accessToken"].as_str().unwrap_or_default().into());
    let key = json!({ "name": "Report", "scopes": ["portfolio:read"] });
    assert_eq!(here.post("/v1/api-keys", &there, &key).await?.status, 201);
    let entry = async || -> Result<Value> {
        let log = here.get("/v1/audit", &owner).await?.body;
        let items = log["items"].as_array().cloned().unwrap_or_default();
        items
            .into_iter()
            .find(|entry| entry["action"] == "key.created")
            .with_context(|| log.to_string())
    };
    assert_eq!(entry().await?["address"], "127.0.0.1");
    assert_eq!(delete_me(&here, &asha).await?.status, 200);
    assert_eq!(purge(&here, json!({ "time": in_days(31) })).await?["purged"], 1);
    let left = rows_of(&here, "user_id", asha.user_id).await?;
    let tables: Vec<_> = left.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(
        tables,
        ["access.audit", "auth.erasures", "auth.users"],
        "nor in others' workspaces"
    );
    let after = entry().await?;
    assert_eq!(
        (&after["address"], after["userId"].as_str()),
        (&Value::Null, Some(asha.user_id.to_string().as_str()))
    );
    Ok(())
}

#[tokio::test]
async fn nobody_is_erased_who_leaves_others_without_an_owner() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = here.post("/v1/workspaces", &asha, &json!({ "name": "Rao family" })).await?;
    let workspace: Uuid = made.body["workspaceId"].as_str().unwrap_or_default().parse()?;
    here.member(workspace, "viewer").await?;
    let refused = delete_me(&here, &asha).await?;
    assert_eq!((refused.status, refused.reason()), (422, "owner_of_others_workspaces"));
    assert_eq!(refused.body["workspaceIds"], json!([workspace]));
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200, "nothing was done");
    Ok(())
}

#[tokio::test]
async fn what_is_shared_stays_with_those_who_stay() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let made = here.post("/v1/workspaces", &asha, &json!({ "name": "Rao family" })).await?;
    let workspace: Uuid = made.body["workspaceId"].as_str().unwrap_or_default().parse()?;
    assert_eq!(delete_me(&here, &asha).await?.status, 200);
    // As a restore may find it: somebody else is there.
    let admin = here.admin().await?;
    let join =
        "insert into workspaces.members (workspace_id, user_id, role) values ($1, $2, 'analyst')";
    admin.execute(join, &[&workspace, &ravi.user_id]).await?;
    assert_eq!(purge(&here, json!({ "time": in_days(31) })).await?["purged"], 1);
    let path = format!("/v1/workspaces/{workspace}");
    assert_eq!(here.get(&path, &ravi).await?.status, 200, "his is not deleted with her");
    Ok(())
}

#[tokio::test]
async fn an_address_that_was_erased_can_register_again() -> Result<()> {
    let here = Here::start().await?;
    let asha = account(&here).await?;
    assert_eq!(delete_me(&here, &asha).await?.status, 200);
    let again = account(&here).await?;
    assert_ne!(again.user_id, asha.user_id);
    assert_eq!(purge(&here, json!({ "time": in_days(31) })).await?["purged"], 1);
    assert_eq!(here.get("/v1/auth/me", &again).await?.status, 200, "the purge took only the first");
    Ok(())
}

#[tokio::test]
async fn an_export_that_cannot_be_made_says_so_and_is_made_when_it_can() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let bucket = here.cloud.bucket()?.to_owned();
    here.cloud.aws.s3.delete_bucket().bucket(&bucket).send().await?;
    let asked = here.post("/v1/auth/exports", &asha, &json!({})).await?.body;
    let mut event = Here::sample("auth-export-run")?;
    event["Records"][0]["body"] = json!({
        "eventId": Uuid::now_v7(), "event": "export.requested", "workspaceId": null,
        "body": { "exportId": asked["exportId"] },
    })
    .to_string()
    .into();
    let path = format!("/v1/auth/exports/{}", asked["exportId"].as_str().unwrap_or_default());
    let failures = here.invoke("auth-export-run", &event).await?["batchItemFailures"].clone();
    assert_eq!(failures.as_array().map(Vec::len), Some(1), "the queue tries again");
    assert_eq!(here.get(&path, &asha).await?.body["status"], "failed");
    here.cloud.aws.make_bucket(&bucket).await?;
    for _ in 0..2 {
        let answer = here.invoke("auth-export-run", &event).await?;
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "twice is once");
    }
    assert_eq!(here.get(&path, &asha).await?.body["status"], "ready");
    Ok(())
}

#[tokio::test]
async fn two_purges_at_once_delete_a_person_once() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    for person in [&asha, &ravi] {
        assert_eq!(delete_me(&here, person).await?.status, 200);
    }
    let event = json!({ "time": in_days(31) });
    let (one, other) = tokio::join!(purge(&here, event.clone()), purge(&here, event));
    let purged = |answer: &Value| answer["purged"].as_u64().unwrap_or_default();
    assert_eq!(purged(&one?) + purged(&other?), 2);
    Ok(())
}

#[tokio::test]
async fn a_restored_database_erases_again_whom_it_had_forgotten_to() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    assert_eq!(delete_me(&here, &asha).await?.status, 200);
    assert_eq!(purge(&here, json!({})).await?["recorded"], 0, "it was remembered at once");
    // As a backup from before would have it.
    let admin = here.admin().await?;
    admin
        .batch_execute(
            "update auth.users set erased_at = null, purge_after = null;
             update auth.sessions set revoked_at = null, ended_because = null;
             delete from auth.erasures",
        )
        .await?;
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200);
    assert_eq!(purge(&here, json!({ "replay": true })).await?["replayed"], 1);
    assert_eq!(purge(&here, json!({ "replay": true })).await?["replayed"], 0);
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 401);
    assert_eq!(here.get("/v1/auth/me", &ravi).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn everything_held_about_a_person_is_theirs_to_fetch_and_nobody_elses() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let (asha, ravi) = (here.person().await?, here.person().await?);
    here.load_prices().await?;
    assert_eq!(
        here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?.status,
        200
    );
    let analyst = here.member(asha.workspace_id, "analyst").await?;
    let asked = here.post("/v1/auth/exports", &asha, &json!({})).await?;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let path = format!("/v1/auth/exports/{}", asked.body["exportId"].as_str().unwrap_or_default());
    assert_eq!(here.get(&path, &ravi).await?.status, 404);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let ready = loop {
        let export = here.get(&path, &asha).await?;
        assert_eq!(export.status, 200, "{}", export.body);
        if export.body["status"] == "ready" {
            break export.body;
        }
        assert!(std::time::Instant::now() < until, "not ready");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let file = local::web::get(ready["url"].as_str().context("a link")?).await?;
    assert_eq!(file.status, 200, "{}", file.text());
    assert_eq!((file.status, ready["bytes"].as_u64()), (200, Some(file.body.len() as u64)));
    let held: Value = serde_json::from_slice(&file.body)?;
    assert_eq!(held["auth.users"][0]["user_id"], asha.user_id.to_string());
    let rows = |table: &str| held[table].as_array().map_or(0, Vec::len);
    assert!(
        rows("imports.holdings") > 0 && rows("auth.sessions") == 1 && rows("imports.imports") == 1,
        "{held}"
    );
    let text = file.text();
    assert!(
        !text.contains(&ravi.user_id.to_string()) && !text.contains(&ravi.workspace_id.to_string())
    );
    assert!(
        !text.contains(&analyst.session_id.to_string()),
        "a member's sessions are the member's"
    );
    for secret in ["_sha256", "_hash", "_sealed"] {
        assert!(!text.contains(secret), "{secret}");
    }
    Ok(())
}
