//! Keys as programs use them, and the log of it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
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

/// Every path that openapi.json has for keys, with what must be asked of it.
fn paths_for_keys() -> Result<Vec<String>> {
    let document: Value = serde_json::from_str(include_str!("../../../../openapi.json"))?;
    let paths = document["paths"].as_object().context("paths")?;
    let for_keys = paths.iter().filter(|(_, path)| {
        let doors = path["get"]["security"].as_array();
        doors.is_some_and(|doors| doors.iter().any(|door| door.get("apiKey").is_some()))
    });
    let asked = |path: &String| match path.as_str() {
        "/v1/instruments" => format!("{path}?q=INFY"),
        _ => path.clone(),
    };
    let paths: Vec<String> = for_keys.map(|(path, _)| asked(path)).collect();
    ensure!(paths.len() > 8, "{paths:?}");
    Ok(paths)
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
    for path in paths_for_keys()? {
        let needs = if path.ends_with("/projection") { "?yearlyReturn=10" } else { "" };
        let reply = by_key(&here, &format!("{path}{needs}"), &made).await?;
        // Nothing was ever held whose performance there could be.
        let status = match path.rsplit('/').next() {
            Some("performance") => 422,
            // Of Pro, which nobody is here.
            Some("advance-tax" | "projection") => 403,
            _ => 200,
        };
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        assert_eq!(reply.header("ratelimit-limit"), "600", "{path}");
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
async fn the_same_idempotency_key_for_another_path_is_refused_and_rotates_nothing() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
    let mut answers = Vec::new();
    for made in [make(&here, &asha).await?, make(&here, &asha).await?] {
        let path = format!("/v1/api-keys/{}/rotate", made["keyId"].as_str().unwrap_or_default());
        answers.push(here.send(Method::POST, &path, Some(&asha), &headers, "{}").await?);
    }
    assert_eq!(answers[0].status, 201, "{}", answers[0].body);
    assert_eq!((answers[1].status, answers[1].reason()), (422, "idempotency_key_reused"));
    let keys = here.get("/v1/api-keys", &asha).await?;
    assert_eq!(keys.body["items"].as_array().map(Vec::len), Some(3));
    Ok(())
}

#[tokio::test]
async fn what_a_key_may_do_is_kept_once_however_often_it_is_said() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let twice = json!({ "name": "Report", "scopes": ["portfolio:read", "portfolio:read"] });
    let made = here.post("/v1/api-keys", &asha, &twice).await?;
    assert_eq!(made.body["scopes"], json!(["portfolio:read"]), "{}", made.body);
    let none = json!({ "name": "Report", "scopes": [] });
    assert_eq!(here.post("/v1/api-keys", &asha, &none).await?.status, 400);
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
async fn a_keys_uses_of_an_hour_are_one_entry_and_the_last_one_stands_with_the_key() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = make(&here, &asha).await?;
    for _ in 0..3 {
        assert_eq!(by_key(&here, "/v1/portfolio/summary", &made).await?.status, 200);
    }
    let log = here.get("/v1/audit?limit=1", &asha).await?;
    let entry = &log.body["items"][0];
    assert_eq!(
        (&entry["detail"]["scope"], &entry["detail"]["uses"]),
        (&json!("portfolio:read"), &json!(3))
    );
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
    assert_eq!(actions, ["key.created"]);
    let key = here.get("/v1/api-keys", &asha).await?.body["items"][0].clone();
    let (made_at, used_at) = (key["createdAt"].as_str(), key["lastUsedAt"].as_str());
    assert!(made_at.is_some() && made_at < used_at, "{key}");
    Ok(())
}

#[tokio::test]
async fn a_key_has_as_many_requests_as_it_was_promised_however_many_come_at_once() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let (made, other) = (make(&here, &asha).await?, make(&here, &asha).await?);
    let first = by_key(&here, "/v1/portfolio", &made).await?;
    assert_eq!((first.status, first.header("ratelimit-remaining")), (200, "599"));
    let admin = here.admin().await?;
    let leave = async |left: i32, minutes: i32| -> Result<()> {
        let sql = "update access.api_keys set requests_left = $1, counted_until = now() + $2 * interval '1 minute'
            where key_id = $3";
        admin.execute(sql, &[&left, &f64::from(minutes), &made["keyId"].as_str()]).await?;
        Ok(())
    };
    leave(3, 10).await?;
    // All of them have entered, and wait for whoever counts first.
    let mut counting = here.admin().await?;
    let counting = counting.transaction().await?;
    counting.execute("select from access.api_keys for update", &[]).await?;
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    let all = join_all((0..8).map(|_| by_key(&here, "/v1/portfolio", &made)));
    let let_go = async {
        while admin.query_one(waiting, &[]).await?.get::<_, i64>(0) < 8 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        counting.commit().await
    };
    let (all, let_go) = tokio::join!(all, let_go);
    let_go?;
    let mut statuses =
        all.iter().map(|one| one.as_ref().map_or(0, |reply| reply.status)).collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429, 429, 429]);
    let refused = by_key(&here, "/v1/portfolio", &made).await?;
    assert_eq!((refused.status, refused.reason()), (429, "rate_limited"));
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert_eq!(refused.header("retry-after"), refused.header("ratelimit-reset"));
    let scopes = async |scopes: &str| {
        let sql = format!("update access.api_keys set scopes = '{scopes}'");
        admin.batch_execute(&sql).await
    };
    scopes("{}").await?;
    assert_eq!(by_key(&here, "/v1/portfolio", &made).await?.status, 429, "at the door");
    scopes("{portfolio:read}").await?;
    assert_eq!(by_key(&here, "/v1/portfolio", &other).await?.status, 200, "another key");
    leave(0, -1).await?;
    admin.batch_execute("delete from auth.shares").await?;
    let next = by_key(&here, "/v1/portfolio", &made).await?;
    assert_eq!((next.status, next.header("ratelimit-remaining")), (200, "599"));
    let used = "select sum(uses)::bigint from access.key_uses where key_id = $1";
    let used: i64 = admin.query_one(used, &[&made["keyId"].as_str()]).await?.get(0);
    assert_eq!(used, 5, "what was refused was no use");
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
            "update access.audit set action = 'x' /* refused on purpose */",
            "delete from access.audit /* refused on purpose */",
            "truncate access.audit /* refused on purpose */",
        ] {
            admin.batch_execute(&format!("begin; set local role {role}")).await?;
            let refused = admin.batch_execute(change).await;
            admin.batch_execute("rollback").await?;
            assert!(refused.is_err(), "{role}: {change}");
        }
    }
    // Even who is above every grant.
    for change in [
        "update access.audit set action = 'x' /* refused on purpose */",
        "delete from access.audit /* refused on purpose */",
        "truncate access.audit /* refused on purpose */",
    ] {
        assert!(admin.batch_execute(change).await.is_err(), "{change}");
    }
    let sealed = "select count(*) from access.audit where position(convert_to('127.0.0.1', 'UTF8') in address_sealed) > 0";
    assert_eq!(admin.query_one(sealed, &[]).await?.get::<_, i64>(0), 0, "addresses are sealed");
    Ok(())
}

#[tokio::test]
async fn the_log_has_what_a_consumer_did_for_somebody_without_an_address() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    make(&here, &asha).await?;
    let entry = "select tenant.write_audit($1, $2, null, 'account.read', 'x', null, null, null)";
    here.admin().await?.execute(entry, &[&asha.workspace_id, &asha.user_id]).await?;
    let log = here.get("/v1/audit", &asha).await?;
    assert_eq!(log.status, 200, "{}", log.body);
    let address = |at: usize| log.body["items"][at]["address"].clone();
    assert_eq!((address(0), address(1)), (json!(null), json!("127.0.0.1")));
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
