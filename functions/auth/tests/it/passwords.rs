//! A forgotten password.

use anyhow::Result;
use serde_json::{Value, json};
use shared::typed;
use testkit::{Here, Person};
use uuid::Uuid;

use crate::sessions::{EMAIL, PASSWORD, account};

async fn asked(here: &Here, email: &str) -> Result<Uuid> {
    let reply = here.post("/v1/auth/forgot-password", None, &json!({ "email": email })).await?;
    assert_eq!(reply.status, 202, "{}", reply.body);
    Ok(reply.body["resetId"].as_str().unwrap_or_default().parse()?)
}

/// Puts a code of ours in the place of the mailed one.
async fn with_code(here: &Here, reset: Uuid) -> Result<()> {
    let sql = "update auth.resets set code_sha256 =
        sha256(decode(replace(reset_id::text, '-', ''), 'hex') || convert_to('12345678', 'UTF8')) where reset_id = $1";
    here.admin().await?.execute(sql, &[&reset]).await?;
    Ok(())
}

async fn reset(here: &Here, reset: Uuid, code: &str, password: &str) -> Result<testkit::Reply> {
    let asked = json!({ "resetId": reset, "code": code, "password": password });
    here.post("/v1/auth/reset-password", None, &asked).await
}

async fn log_in(here: &Here, password: &str) -> Result<testkit::Reply> {
    here.post("/v1/auth/login", None, &json!({ "email": EMAIL, "password": password })).await
}

#[tokio::test]
async fn a_code_sets_the_password_once_and_ends_every_session() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let session = log_in(&here, PASSWORD).await?.body;
    let (id, other) = (asked(&here, EMAIL).await?, asked(&here, EMAIL).await?);
    with_code(&here, id).await?;
    with_code(&here, other).await?;
    assert_eq!(reset(&here, id, "00000000", "planted-new-password").await?.reason(), "wrong_code");
    assert_eq!(reset(&here, id, "1234 5678", "planted-new-password").await?.status, 204);
    let token = session["accessToken"].as_str().unwrap_or_default().to_owned();
    assert_eq!(here.get("/v1/auth/me", &Person::with_token(token)).await?.status, 401);
    assert_eq!(log_in(&here, PASSWORD).await?.status, 401);
    assert_eq!(log_in(&here, "planted-new-password").await?.status, 200);
    for used in [id, other] {
        let again = reset(&here, used, "12345678", "planted-another-one").await?;
        assert_eq!((again.status, again.reason()), (422, "code_expired"));
    }
    Ok(())
}

#[tokio::test]
async fn a_sign_in_that_a_reset_overtook_opens_nothing() -> Result<()> {
    let here = Here::start().await?;
    let asha = account(&here).await?;
    // What signing in does last, with the password that was right a moment ago.
    let admin = here.admin().await?;
    let hash = "select password_hash from auth.credentials where user_id = $1";
    let hash: String = admin.query_one(hash, &[&asha.user_id]).await?.get(0);
    let id = asked(&here, EMAIL).await?;
    with_code(&here, id).await?;
    assert_eq!(reset(&here, id, "12345678", "planted-new-password").await?.status, 204);
    let app = here.app("auth-login")?;
    let open = "select tenant.open_session($1, $2, $3, $4, now() + interval '1 day', ''::bytea, 'r', 'a', null) as opened";
    let session = Uuid::now_v7();
    let params = [typed(&session), typed(&asha.user_id), typed(&hash), typed(&asha.workspace_id)];
    let rows = app.db().query(open, params).await?;
    assert!(!rows[0].get::<_, bool>("opened"));
    Ok(())
}

#[tokio::test]
async fn five_wrong_codes_end_a_reset() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let id = asked(&here, EMAIL).await?;
    with_code(&here, id).await?;
    for _ in 0..5 {
        assert_eq!(reset(&here, id, "00000000", PASSWORD).await?.reason(), "wrong_code");
    }
    assert_eq!(reset(&here, id, "12345678", PASSWORD).await?.reason(), "too_many_attempts");
    Ok(())
}

#[tokio::test]
async fn the_answer_is_the_same_for_an_address_nobody_has_and_only_the_known_is_mailed()
-> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let known = format!("{}@example.in", Uuid::now_v7().simple());
    let unknown = format!("{}@example.in", Uuid::now_v7().simple());
    local::seed::register(&here.cloud, &here.emulator_url, &known, PASSWORD).await?;
    let shape = async |email: &str| -> Result<Vec<String>> {
        let reply = here.post("/v1/auth/forgot-password", None, &json!({ "email": email })).await?;
        assert_eq!(reply.status, 202);
        Ok(reply.body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect())
    };
    assert_eq!(shape(&unknown).await?, shape(&known).await?);
    let to = |address: &str, mails: &[local::seed::Mail]| {
        let about = mails.iter().filter(|mail| mail.subject.contains("new KiteMate password"));
        about.filter(|mail| mail.to == [address.to_owned()]).count()
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while to(&known, &local::seed::mails(&here.emulator_url).await?) == 0 {
        assert!(std::time::Instant::now() < until, "no mail");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Both were asked for in turn, the unknown one first.
    assert_eq!(to(&unknown, &local::seed::mails(&here.emulator_url).await?), 0);
    Ok(())
}

#[tokio::test]
async fn asking_is_limited_per_address_and_tells_how_the_caller_stands() -> Result<()> {
    let here = Here::start().await?;
    for left in (0..20).rev() {
        let reply = here.post("/v1/auth/forgot-password", None, &json!({ "email": EMAIL })).await?;
        assert_eq!((reply.status, reply.header("ratelimit-limit")), (202, "20"));
        assert_eq!(reply.header("ratelimit-remaining"), left.to_string());
        assert!(reply.header("ratelimit-reset").parse::<i64>()? > 0);
    }
    let reply = here.post("/v1/auth/forgot-password", None, &json!({ "email": EMAIL })).await?;
    assert_eq!((reply.status, reply.header("ratelimit-remaining")), (429, "0"));
    assert_eq!(reply.header("retry-after"), reply.header("ratelimit-reset"));
    let resets = "select count(*) from auth.resets";
    let resets: i64 = here.admin().await?.query_one(resets, &[]).await?.get(0);
    assert_eq!(resets, 5, "an address is mailed five times an hour, and whoever asks is not told");
    Ok(())
}

#[tokio::test]
async fn a_name_is_changed_and_nothing_else() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let json = [("content-type", "application/json")];
    let patch = async |body: Value| {
        here.send(http::Method::PATCH, "/v1/auth/me", Some(&asha), &json, body.to_string()).await
    };
    assert_eq!(patch(json!({ "name": " Asha Rao " })).await?.status, 204);
    assert_eq!(here.get("/v1/auth/me", &asha).await?.body["name"], "Asha Rao");
    assert_eq!(patch(json!({ "name": "" })).await?.status, 400);
    assert_eq!(patch(json!({ "email": "ravi@example.in" })).await?.status, 400);
    Ok(())
}
