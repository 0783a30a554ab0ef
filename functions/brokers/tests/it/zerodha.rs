//! Connections to Zerodha, clicked through.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Here, Person, Reply};
use uuid::Uuid;

async fn callback(here: &Here, person: &Person, body: &Value) -> Result<Reply> {
    here.post("/v1/auth/zerodha/callback", person, body).await
}

async fn status(here: &Here, person: &Person, query: &str) -> Result<Vec<Value>> {
    let reply = here.get(&format!("/v1/auth/zerodha/status{query}"), person).await?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    Ok(reply.body["items"].as_array().cloned().unwrap_or_default())
}

async fn disconnect(here: &Here, person: &Person, connection: &Value) -> Result<Reply> {
    let id = connection["connectionId"].as_str().context("an id")?;
    let path = format!("/v1/auth/zerodha/connections/{id}");
    here.send(Method::DELETE, &path, Some(person), &[], "").await
}

#[tokio::test]
async fn an_account_is_connected_until_six_in_the_morning_and_its_token_is_sealed() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = here.connect(&asha, "AB1234").await?;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(
        (made.body["state"].as_str(), made.body["kiteUserId"].as_str()),
        (Some("connected"), Some("AB1234"))
    );
    assert!(
        made.body["expiresAt"].as_str().is_some_and(|at| at.ends_with("T00:30:00Z")),
        "06:00 IST"
    );
    assert_eq!(status(&here, &asha, "?check=true").await?[0]["check"], "ok");
    let accounts = here.get("/v1/accounts", &asha).await?;
    assert_eq!(accounts.body["items"][0]["accountId"], made.body["accountId"]);
    let row = here.admin().await?.query_one("select to_jsonb(c)::text || convert_from(convert_to('', 'UTF8'), 'UTF8'), position(convert_to('planted', 'UTF8') in token_sealed) from brokers.connections c", &[]).await?;
    assert!(
        !row.get::<_, String>(0).contains("planted") && row.get::<_, i32>(1) == 0,
        "the token is nowhere"
    );
    assert!(!made.body.to_string().contains("planted"), "and nobody is told it");
    Ok(())
}

#[tokio::test]
async fn a_state_is_good_once_for_the_session_that_began_it() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let came = here.zerodha(&asha, "AB1234", "success").await?;
    let stolen = callback(&here, &ravi, &came.callback()).await?;
    assert_eq!((stolen.status, stolen.reason()), (422, "login_state_invalid"));
    let wrong = json!({ "requestToken": came.request_token, "state": "AAAA" });
    assert_eq!(callback(&here, &asha, &wrong).await?.reason(), "login_state_invalid");
    assert_eq!(callback(&here, &asha, &came.callback()).await?.status, 200, "nobody used it up");
    let again = callback(&here, &asha, &came.callback()).await?;
    assert_eq!((again.status, again.reason()), (422, "login_state_invalid"));
    // Another session of the same person began nothing.
    let came = here.zerodha(&asha, "AB1234", "success").await?;
    let session = Uuid::now_v7();
    let sql = "insert into auth.sessions (session_id, user_id, expires_at) values ($1, $2, now() + interval '1 day')";
    here.admin().await?.execute(sql, &[&session, &asha.user_id]).await?;
    let app = here.app("auth-login")?;
    let signer = shared::auth::Signer::read(&app).await?;
    let other = Person { session_id: session, ..asha.clone() };
    let token = signer.token(other.session(), shared::clock::now())?;
    let other = Person { token, ..other };
    assert_eq!(callback(&here, &other, &came.callback()).await?.reason(), "login_state_invalid");
    Ok(())
}

#[tokio::test]
async fn whatever_kite_does_is_a_clear_answer_and_stores_nothing() -> Result<()> {
    let here = Here::start().await?;
    for (outcome, status, reason) in [
        ("used", 422, "request_token_refused"),
        ("not_permitted", 422, "kite_not_permitted"),
        ("limited", 503, "kite_busy"),
        ("down", 503, "kite_unavailable"),
        ("html", 503, "kite_unavailable"),
        ("truncated", 503, "kite_unavailable"),
    ] {
        let asha = here.person().await?;
        let came = here.zerodha(&asha, "AB1234", outcome).await?;
        let reply = callback(&here, &asha, &came.callback()).await?;
        assert_eq!((reply.status, reply.reason()), (status, reason), "{outcome}: {}", reply.body);
        assert_eq!(status == 503, reply.header("retry-after").parse::<i64>().is_ok(), "{outcome}");
        assert!(self::status(&here, &asha, "").await?.is_empty(), "{outcome}");
    }
    Ok(())
}

#[tokio::test]
async fn a_cancelled_sign_in_comes_back_without_a_token_and_the_page_says_so() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let came = here.zerodha(&asha, "AB1234", "cancelled").await?;
    assert_eq!(came.request_token, None);
    let page = local::web::get(&came.place).await?;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("was cancelled"));
    let policy =
        page.headers.get("content-security-policy").and_then(|policy| policy.to_str().ok());
    assert!(policy.is_some_and(|policy| policy.contains("default-src 'none'")));
    // What came with the browser is not put into the page here.
    let hostile = here
        .get("/v1/auth/zerodha/landing?request_token=%3Cscript%3E&status=success", None)
        .await?;
    assert_eq!(
        (
            hostile.status,
            hostile.answer.text().contains("%3Cscript")
                || hostile.answer.text().contains("<script>\"")
        ),
        (200, false)
    );
    let reply = callback(&here, &asha, &json!({ "state": came.state })).await?;
    assert_eq!(
        (reply.status, reply.body["errors"][0]["path"].as_str()),
        (400, Some("requestToken"))
    );
    Ok(())
}

#[tokio::test]
async fn five_failures_and_kite_is_not_asked_until_the_next_half_minute() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    // Half minutes turn when they will: five of these fall into one long before they are all told.
    let mut unasked = false;
    for _ in 0..20 {
        let came = here.zerodha(&asha, "AB1234", "down").await?;
        let reply = callback(&here, &asha, &came.callback()).await?;
        assert_eq!(reply.reason(), "kite_unavailable");
        unasked = reply.header("retry-after") != "30";
        if unasked {
            break;
        }
    }
    assert!(unasked, "Kite was asked each time");
    let used = here.zerodha(&asha, "AB1234", "success").await?;
    let refused = callback(&here, &asha, &used.callback()).await?;
    let within = refused.header("retry-after").parse::<i64>().unwrap_or(0);
    assert!(refused.status == 200 || (1..=30).contains(&within), "{}", refused.body);
    Ok(())
}

#[tokio::test]
async fn one_account_has_one_connection_and_its_owner_moves_it() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let first = here.connect(&asha, "AB1234").await?.body;
    let again = here.connect(&asha, "AB1234").await?.body;
    assert_eq!(
        again["connectionId"], first["connectionId"],
        "signing in again is the same connection"
    );
    let elsewhere = here.connect(&ravi, "AB1234").await?;
    assert_eq!((elsewhere.status, elsewhere.reason()), (409, "connected_elsewhere"));
    assert!(!elsewhere.body.to_string().contains(&asha.workspace_id.to_string()));
    let came = here.zerodha(&ravi, "AB1234", "success").await?;
    let mut body = came.callback();
    body["moveHere"] = true.into();
    let moved = callback(&here, &ravi, &body).await?;
    assert_eq!((moved.status, moved.body["state"].as_str()), (200, Some("connected")));
    let left = &status(&here, &asha, "").await?[0];
    assert_eq!((&left["state"], &left["reason"]), (&json!("revoked"), &json!("moved")));
    assert!(left["whatToDo"].is_string());
    let tokens = "select count(*) from brokers.connections where token_sealed is not null";
    assert_eq!(here.admin().await?.query_one(tokens, &[]).await?.get::<_, i64>(0), 1);
    // And back again: what was left behind is this one.
    let came = here.zerodha(&asha, "AB1234", "success").await?;
    let mut body = came.callback();
    body["moveHere"] = true.into();
    assert_eq!(callback(&here, &asha, &body).await?.status, 200);
    let back = status(&here, &asha, "").await?;
    assert_eq!((back.len(), &back[0]["state"]), (1, &json!("connected")));
    Ok(())
}

#[tokio::test]
async fn two_who_claim_an_account_at_once_get_one_connection() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let (one, other) = tokio::join!(here.connect(&asha, "AB1234"), here.connect(&ravi, "AB1234"));
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    Ok(())
}

#[tokio::test]
async fn disconnecting_ends_it_at_zerodha_and_deletes_it() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let made = here.connect(&asha, "AB1234").await?.body;
    assert_eq!(disconnect(&here, &ravi, &made).await?.status, 404);
    let gone = disconnect(&here, &asha, &made).await?;
    assert_eq!((gone.status, &gone.body["endedAtZerodha"]), (200, &json!(true)));
    assert_eq!(disconnect(&here, &asha, &made).await?.status, 404);
    assert!(status(&here, &asha, "").await?.is_empty());
    assert_eq!(here.connect(&ravi, "AB1234").await?.status, 200, "it is free again");
    Ok(())
}

#[tokio::test]
async fn a_connection_is_nobody_elses_in_the_same_workspace_and_goes_with_its_member() -> Result<()>
{
    let here = Here::start().await?;
    let asha = here.person().await?;
    let analyst = here.member(asha.workspace_id, "analyst").await?;
    let made = here.connect(&analyst, "AB1234").await?.body;
    assert!(status(&here, &asha, "").await?.is_empty(), "not even the owner sees it");
    assert_eq!(disconnect(&here, &asha, &made).await?.status, 404);
    let path = format!("/v1/workspaces/{}/members/{}", asha.workspace_id, analyst.user_id);
    assert_eq!(here.send(Method::DELETE, &path, Some(&asha), &[], "").await?.status, 204);
    let left = "select (select count(*) from brokers.connections) + (select count(*) from brokers.kite_accounts)";
    assert_eq!(here.admin().await?.query_one(left, &[]).await?.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn at_six_the_state_says_so_and_the_token_is_gone() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = here.connect(&asha, "AB1234").await?.body;
    let run =
        async |time: &str| here.invoke("brokers-connection-expire", &json!({ "time": time })).await;
    let before = made["connectedAt"].as_str().context("a time")?;
    assert_eq!(run(before).await?, json!({ "expired": 0, "resealed": 0 }));
    assert_eq!(run(made["expiresAt"].as_str().context("a time")?).await?["expired"], 1);
    let expired = &status(&here, &asha, "").await?[0];
    assert_eq!(
        (&expired["state"], &expired["reason"]),
        (&json!("expired"), &json!("daily_expiry"))
    );
    let tokens = "select count(*) from brokers.connections where token_sealed is not null or sealing_key is not null";
    assert_eq!(here.admin().await?.query_one(tokens, &[]).await?.get::<_, i64>(0), 0);
    assert_eq!(
        here.connect(&asha, "AB1234").await?.body["state"],
        "connected",
        "signing in connects it again"
    );
    // Between six and the run of six nobody is told that it is connected.
    here.admin().await?.batch_execute("update brokers.connections set expires_at = now()").await?;
    assert_eq!(status(&here, &asha, "").await?[0]["state"], "expired");
    Ok(())
}

#[tokio::test]
async fn what_zerodha_refuses_changes_the_state() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    here.connect(&asha, "AB1234").await?;
    // Signed out at Kite by another of its apps.
    let app = here.app("brokers-zerodha-status")?;
    let sealed: Vec<u8> = here
        .admin()
        .await?
        .query_one("select token_sealed from brokers.connections", &[])
        .await?
        .get(0);
    assert!(!sealed.is_empty() && app.config().find("KITE_API_URL").is_some());
    let url = format!("{}/everybody", here.cloud.kite_url);
    let out = http::Request::delete(url).body(bytes::Bytes::new())?;
    assert_eq!(local::web::send(out).await?.status, 200);
    let checked = &status(&here, &asha, "?check=true").await?[0];
    assert_eq!(
        (&checked["check"], &checked["state"]),
        (&json!("token_refused"), &json!("expired"))
    );
    assert_eq!(status(&here, &asha, "").await?[0]["reason"], "token_refused", "and it stays so");
    Ok(())
}

#[tokio::test]
async fn another_sealing_key_takes_over_and_tokens_go_with_it() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = here.connect(&asha, "AB1234").await?.body;
    let secrets = &here.cloud.aws.secrets;
    let name = here
        .cloud
        .model
        .secrets
        .iter()
        .find(|name| name.ends_with("sealing-key-secret"))
        .context("a secret")?;
    let kept = secrets
        .get_secret_value()
        .secret_id(name)
        .send()
        .await?
        .secret_string
        .context("a value")?;
    let mut keys: Value = serde_json::from_str(&kept)?;
    keys["2"] = "another-long-text-that-nobody-guesses-planted-0123456789".into();
    keys["current"] = "2".into();
    secrets.put_secret_value().secret_id(name).secret_string(keys.to_string()).send().await?;
    here.cloud.lambda.stop();
    let run = async || {
        here.invoke("brokers-connection-expire", &json!({ "time": made["connectedAt"] })).await
    };
    assert_eq!(run().await?, json!({ "expired": 0, "resealed": 1 }));
    assert_eq!(run().await?, json!({ "expired": 0, "resealed": 0 }));
    assert_eq!(
        status(&here, &asha, "?check=true").await?[0]["check"],
        "ok",
        "it opens under the new key"
    );
    assert_eq!(
        here.connect(&asha, "AB1234").await?.body["connectionId"],
        made["connectionId"],
        "known by key 1 still"
    );
    Ok(())
}
