//! Keys as programs use them, and the log of it.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Here, Person, Reply};

async fn make(here: &Here, person: &Person) -> Result<Value> {
    let asked = json!({ "name": "Nightly report", "scopes": ["portfolio:read"] });
    let reply = here.post("/v1/api-keys", person, &asked).await?;
    assert_eq!(reply.status, 201, "{}", reply.body);
    Ok(reply.body)
}

async fn by_key(here: &Here, path: &str, made: &Value) -> Result<Reply> {
    let headers = [("x-api-key", made["key"].as_str().context("a key")?)];
    here.send(Method::GET, path, None, &headers, "").await
}

async fn revoke(here: &Here, person: &Person, made: &Value) -> Result<u16> {
    let path = format!("/v1/api-keys/{}", made["keyId"].as_str().unwrap_or_default());
    Ok(here.send(Method::DELETE, &path, Some(person), &[], "").await?.status)
}

#[tokio::test]
async fn a_key_reads_its_workspace_until_it_is_revoked() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let made = make(&here, &asha).await?;
    for path in [
        "/v1/portfolio",
        "/v1/portfolio/summary",
        "/v1/portfolio/holdings",
        "/v1/instruments?q=INFY",
    ] {
        let reply = by_key(&here, path, &made).await?;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert_eq!(reply.header("ratelimit-limit"), "600");
    }
    let whose = by_key(&here, "/v1/portfolio", &made).await?;
    assert_eq!(whose.body["workspaceId"], asha.workspace_id.to_string());
    assert_eq!(by_key(&here, "/v1/auth/me", &made).await?.reason(), "token_missing");
    assert_eq!(revoke(&here, &ravi, &made).await?, 404, "nobody else's");
    assert_eq!(revoke(&here, &asha, &made).await?, 204);
    assert_eq!(revoke(&here, &asha, &made).await?, 204, "twice changes nothing");
    let refused = by_key(&here, "/v1/portfolio", &made).await?;
    assert_eq!((refused.status, refused.reason()), (401, "key_invalid"));
    Ok(())
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_as_a_hash() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
    let body = json!({ "name": "Nightly report", "scopes": ["portfolio:read"] }).to_string();
    let ask = || here.send(Method::POST, "/v1/api-keys", Some(&asha), &headers, body.clone());
    let (first, second) = (ask().await?, ask().await?);
    let key = first.body["key"].as_str().context("a key")?.to_owned();
    assert_eq!((&second.body["keyId"], &second.body["key"]), (&first.body["keyId"], &Value::Null));
    let listed = here.get("/v1/api-keys", &asha).await?;
    assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(1));
    assert!(key.ends_with(listed.body["items"][0]["lastFour"].as_str().unwrap_or("?")));
    assert!(!listed.body.to_string().contains(&key));
    let secret = key.rsplit('_').next().unwrap_or_default().to_owned();
    let everywhere = "select count(*) from access.api_keys k, shared.idempotency_keys i
        where position($1 in k::text) > 0 or position($1 in i::text) > 0";
    assert_eq!(here.admin().await?.query_one(everywhere, &[&secret]).await?.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn a_rotated_key_and_its_successor_are_both_good_for_the_overlap() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = make(&here, &asha).await?;
    let path = format!("/v1/api-keys/{}/rotate", made["keyId"].as_str().unwrap_or_default());
    let next = here.post(&path, &asha, &json!({ "overlapSeconds": 3600 })).await?;
    assert_eq!(next.status, 201, "{}", next.body);
    for key in [&made, &next.body] {
        assert_eq!(by_key(&here, "/v1/portfolio/summary", key).await?.status, 200);
    }
    let again = here.post(&path, &asha, &json!({})).await?;
    assert_eq!((again.status, again.reason()), (422, "key_ended"));
    here.admin()
        .await?
        .batch_execute("update access.api_keys set expires_at = now() where rotated_to is not null")
        .await?;
    assert_eq!(by_key(&here, "/v1/portfolio/summary", &made).await?.status, 401);
    assert_eq!(by_key(&here, "/v1/portfolio/summary", &next.body).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn two_rotations_at_once_make_one_key() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = make(&here, &asha).await?;
    let path = format!("/v1/api-keys/{}/rotate", made["keyId"].as_str().unwrap_or_default());
    let (body, other) = (json!({}), json!({}));
    let (one, other) =
        tokio::join!(here.post(&path, &asha, &body), here.post(&path, &asha, &other));
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
    Ok(())
}

#[tokio::test]
async fn each_use_of_a_key_is_written_down_and_its_last_use_to_the_minute() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = make(&here, &asha).await?;
    for _ in 0..3 {
        assert_eq!(by_key(&here, "/v1/portfolio/summary", &made).await?.status, 200);
    }
    let log = here.get("/v1/audit?limit=2", &asha).await?;
    let entry = &log.body["items"][0];
    assert_eq!((&entry["action"], &entry["keyId"]), (&json!("key.used"), &made["keyId"]));
    assert_eq!((&entry["address"], &entry["userId"]), (&json!("127.0.0.1"), &json!(asha.user_id)));
    let cursor = log.body["nextCursor"].as_str().context("another page")?;
    let rest = here.get(&format!("/v1/audit?limit=200&cursor={cursor}"), &asha).await?;
    let actions: Vec<&str> = rest.body["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["action"].as_str())
        .collect();
    assert_eq!(actions, ["key.used", "key.created"]);
    let writes = "select count(distinct xmin::text), count(*) from access.api_keys where last_used_at is not null";
    let row = here.admin().await?.query_one(writes, &[]).await?;
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
    Ok(())
}

#[tokio::test]
async fn the_log_is_for_owners_and_nobody_changes_it() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let admin_member = here.member(asha.workspace_id, "admin").await?;
    make(&here, &asha).await?;
    assert_eq!(here.get("/v1/audit", &admin_member).await?.status, 403);
    let admin = here.admin().await?;
    let roles =
        admin.query("select rolname::text from pg_roles where rolname ~ '^(km|svc)_'", &[]).await?;
    let roles: BTreeSet<String> = roles.iter().map(|row| row.get(0)).collect();
    assert!(
        roles.contains("km_owner") && roles.contains("km_system") && roles.contains("svc_access")
    );
    for role in roles {
        for change in [
            "update access.audit set action = 'x'",
            "delete from access.audit",
            "truncate access.audit",
        ] {
            admin.batch_execute(&format!("begin; set local role {role}")).await?;
            let refused = admin.batch_execute(change).await;
            admin.batch_execute("rollback").await?;
            assert!(refused.is_err(), "{role}: {change}");
        }
    }
    // Even who is above every grant.
    for change in [
        "update access.audit set action = 'x'",
        "delete from access.audit",
        "truncate access.audit",
    ] {
        assert!(admin.batch_execute(change).await.is_err(), "{change}");
    }
    let sealed = "select count(*) from access.audit where position(convert_to('127.0.0.1', 'UTF8') in address_sealed) > 0";
    assert_eq!(admin.query_one(sealed, &[]).await?.get::<_, i64>(0), 0, "addresses are sealed");
    Ok(())
}

#[tokio::test]
async fn a_member_sees_and_ends_their_own_keys_and_an_admin_everybodys() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let (one, other) = (
        here.member(asha.workspace_id, "analyst").await?,
        here.member(asha.workspace_id, "analyst").await?,
    );
    let made = make(&here, &one).await?;
    let count = async |person: &Person| -> Result<Option<usize>> {
        Ok(here.get("/v1/api-keys", person).await?.body["items"].as_array().map(Vec::len))
    };
    assert_eq!(
        (count(&one).await?, count(&other).await?, count(&asha).await?),
        (Some(1), Some(0), Some(1))
    );
    assert_eq!(revoke(&here, &other, &made).await?, 404);
    assert_eq!(revoke(&here, &asha, &made).await?, 204);
    Ok(())
}
