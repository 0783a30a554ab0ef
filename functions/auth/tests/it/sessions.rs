//! From an address to a session.

use anyhow::Result;
use serde_json::{Value, json};
use shared::limits::Limit;
use shared::{Problem, clock, typed};
use testkit::{Here, Person};
use uuid::Uuid;

pub(crate) const EMAIL: &str = "asha@example.in";
pub(crate) const PASSWORD: &str = "planted-monsoon-ledger-27";

async fn registered(here: &Here, email: &str) -> Result<Uuid> {
    let reply = here
        .post("/v1/auth/register", None, &json!({ "email": email, "password": PASSWORD }))
        .await?;
    assert_eq!(reply.status, 202, "{}", reply.body);
    Ok(reply.body["registrationId"].as_str().unwrap_or_default().parse()?)
}

/// Puts a code of ours in the place of the mailed one, which nobody but its reader knows.
async fn with_code(here: &Here, registration: Uuid, code: &str) -> Result<()> {
    here.admin()
        .await?
        .execute(
            "update auth.registrations
             set code_sha256 = sha256(decode(replace(registration_id::text, '-', ''), 'hex') || convert_to($2, 'UTF8'))
             where registration_id = $1",
            &[&registration, &code],
        )
        .await?;
    Ok(())
}

async fn verify(here: &Here, registration: Uuid, code: &str) -> Result<testkit::Reply> {
    here.post(
        "/v1/auth/verify-email",
        None,
        &json!({ "registrationId": registration, "code": code }),
    )
    .await
}

/// A person who registered, as the holder of their first token.
pub(crate) async fn account(here: &Here) -> Result<Person> {
    let registration = registered(here, EMAIL).await?;
    with_code(here, registration, "12345678").await?;
    let session = verify(here, registration, "12345678").await?.body;
    let id = |name: &str| session[name].as_str().unwrap_or_default().parse();
    Ok(Person {
        user_id: id("userId")?,
        workspace_id: id("workspaceId")?,
        ..Person::with_token(session["accessToken"].as_str().unwrap_or_default().into())
    })
}

#[tokio::test]
async fn a_mailed_code_makes_person_workspace_and_session() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let email = format!("{}@example.in", Uuid::now_v7().simple());
    let token = local::seed::register(&here.cloud, &here.emulator_url, &email, PASSWORD).await?;
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let me = here.send(http::Method::GET, "/v1/auth/me", None, &headers, "").await?;
    assert_eq!((me.status, me.body["email"].as_str()), (200, Some(email.as_str())));
    assert_eq!(me.body["workspaces"][0]["role"], "owner");
    assert_eq!(me.body["workspaces"][0]["workspaceId"], me.body["workspaceId"]);
    let login = here
        .post(
            "/v1/auth/login",
            None,
            &json!({ "email": email.to_uppercase(), "password": PASSWORD }),
        )
        .await?;
    assert_eq!((login.status, login.body["expiresIn"].as_i64()), (200, Some(900)));
    assert_eq!(login.body["userId"], me.body["userId"]);
    // A known address is told by mail that it is known, and by the answer nothing.
    registered(&here, &email).await?;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !local::seed::mails(&here.emulator_url)
        .await?
        .iter()
        .any(|mail| mail.to == [email.clone()] && mail.subject.contains("already have"))
    {
        assert!(std::time::Instant::now() < until, "no such mail");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test]
async fn five_wrong_codes_end_a_registration() -> Result<()> {
    let here = Here::start().await?;
    let registration = registered(&here, EMAIL).await?;
    with_code(&here, registration, "12345678").await?;
    for _ in 0..5 {
        assert_eq!(verify(&here, registration, "00000000").await?.reason(), "wrong_code");
    }
    let reply = verify(&here, registration, "12345678").await?;
    assert_eq!((reply.status, reply.reason()), (422, "too_many_attempts"));
    Ok(())
}

#[tokio::test]
async fn a_code_works_once_even_for_two_at_once() -> Result<()> {
    let here = Here::start().await?;
    let registration = registered(&here, EMAIL).await?;
    with_code(&here, registration, "12345678").await?;
    let (one, other) = tokio::join!(
        verify(&here, registration, "12345678"),
        verify(&here, registration, "1234 5678")
    );
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    let people = here.admin().await?.query_one("select count(*) from auth.users", &[]).await?;
    assert_eq!(people.get::<_, i64>(0), 1);
    Ok(())
}

#[tokio::test]
async fn of_two_registrations_of_one_address_one_makes_the_account() -> Result<()> {
    let here = Here::start().await?;
    let (first, second) = (registered(&here, EMAIL).await?, registered(&here, EMAIL).await?);
    with_code(&here, first, "11111111").await?;
    with_code(&here, second, "22222222").await?;
    assert_eq!(
        verify(&here, first, "22222222").await?.reason(),
        "wrong_code",
        "a code belongs to its registration"
    );
    assert_eq!(verify(&here, first, "11111111").await?.status, 200);
    let reply = verify(&here, second, "22222222").await?;
    assert_eq!((reply.status, reply.reason()), (409, "already_registered"));
    Ok(())
}

#[tokio::test]
async fn an_expired_or_unknown_registration_is_refused() -> Result<()> {
    let here = Here::start().await?;
    assert_eq!(verify(&here, Uuid::now_v7(), "12345678").await?.reason(), "code_expired");
    let registration = registered(&here, EMAIL).await?;
    with_code(&here, registration, "12345678").await?;
    let expire = "update auth.registrations set expires_at = now()";
    here.admin().await?.batch_execute(expire).await?;
    assert_eq!(verify(&here, registration, "12345678").await?.reason(), "code_expired");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() -> Result<()> {
    let here = Here::start().await?;
    let registration = registered(&here, EMAIL).await?;
    with_code(&here, registration, "12345678").await?;
    verify(&here, registration, "12345678").await?;
    let login = async |email: &str| -> Result<Value> {
        let reply = here
            .post(
                "/v1/auth/login",
                None,
                &json!({ "email": email, "password": "not-the-password" }),
            )
            .await?;
        let mut body = reply.body;
        body["requestId"] = Value::Null;
        assert_eq!(reply.status, 401);
        Ok(body)
    };
    assert_eq!(login(EMAIL).await?, login("nobody@example.in").await?);
    Ok(())
}

#[tokio::test]
async fn signing_in_is_limited_per_account() -> Result<()> {
    let here = Here::start().await?;
    let mut refused = None;
    for _ in 0..30 {
        let reply =
            here.post("/v1/auth/login", None, &json!({ "email": EMAIL, "password": "x" })).await?;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert_eq!(refused.reason(), "rate_limited");
    assert!(refused.header("retry-after").parse::<i64>()? > 0);
    Ok(())
}

#[tokio::test]
async fn strangers_lock_nobody_out_where_they_have_signed_in_before() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let sign_in = async || {
        let credentials = json!({ "email": EMAIL, "password": PASSWORD });
        here.post("/v1/auth/login", None, &credentials).await
    };
    let app = here.app("auth-login")?;
    let per_account = Limit { name: "login-account", most: 300, window_s: 900 };
    let used_up = async || {
        while per_account.allows(&app, EMAIL, clock::now()).await? {}
        anyhow::Ok(())
    };
    assert_eq!(sign_in().await?.status, 200);
    used_up().await?;
    let reply = sign_in().await?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let admin = here.admin().await?;
    admin.execute("update auth.sessions set address_sha256 = null", &[]).await?;
    let refused = sign_in().await?;
    assert_eq!((refused.status, refused.reason()), (429, "rate_limited"), "from anywhere else");
    Ok(())
}

#[tokio::test]
async fn a_limit_that_cannot_be_counted_lets_nobody_through() -> Result<()> {
    let here = Here::start().await?;
    account(&here).await?;
    let table = here.cloud.model.tables[0].0.clone();
    here.cloud.aws.dynamodb.delete_table().table_name(table).send().await?;
    let good = json!({ "email": EMAIL, "password": PASSWORD });
    for (path, body) in [
        ("login", good.clone()),
        ("register", good),
        ("forgot-password", json!({ "email": EMAIL })),
        (
            "reset-password",
            json!({ "resetId": Uuid::now_v7(), "code": "12345678", "password": PASSWORD }),
        ),
    ] {
        let reply = here.post(&format!("/v1/auth/{path}"), None, &body).await?;
        assert_eq!((reply.status, reply.reason()), (503, "unavailable"), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn one_address_is_sent_a_few_mails_an_hour_and_no_more() -> Result<()> {
    let here = Here::start().await?;
    for _ in 0..5 {
        registered(&here, EMAIL).await?;
    }
    let reply = here
        .post("/v1/auth/register", None, &json!({ "email": EMAIL, "password": PASSWORD }))
        .await?;
    assert_eq!(reply.status, 202, "whoever asks is not told");
    let asked = "select count(*) from auth.registrations";
    let asked: i64 = here.admin().await?.query_one(asked, &[]).await?.get(0);
    assert_eq!(asked, 5);
    registered(&here, "ravi@example.in").await?;
    Ok(())
}

#[tokio::test]
async fn without_the_signing_key_nothing_is_used_up() -> Result<()> {
    let here = Here::start().await?;
    let registration = registered(&here, EMAIL).await?;
    with_code(&here, registration, "12345678").await?;
    let name = here.cloud.model.secrets[0].clone();
    let kept =
        here.cloud.aws.secrets.get_secret_value().secret_id(&name).send().await?.secret_string;
    here.cloud.aws.secrets.put_secret_value().secret_id(&name).secret_string("{}").send().await?;
    assert_eq!(verify(&here, registration, "12345678").await?.status, 503);
    here.cloud
        .aws
        .secrets
        .put_secret_value()
        .secret_id(&name)
        .set_secret_string(kept)
        .send()
        .await?;
    here.cloud.lambda.stop();
    assert_eq!(verify(&here, registration, "12345678").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_password_is_out_of_reach_of_every_other_service() -> Result<()> {
    let here = Here::start().await?;
    for function in ["portfolio-summary", "brokers-account-list", "auth-login"] {
        let app = here.app(function)?;
        let refused = app
            .db()
            .query("select password_hash from auth.credentials where email = $1 /* refused on purpose */", [typed(&EMAIL)])
            .await;
        let problem = Problem::from(refused.map(drop).unwrap_err());
        assert_eq!(problem.reason().name, "internal", "{function}");
        assert!(format!("{:?}", problem.cause()).contains("permission denied"), "{function}");
    }
    Ok(())
}
