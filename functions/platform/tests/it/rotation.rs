//! A signing key that gives way to the next one, and tokens that do not notice.

use anyhow::{Context, Result};
use base64::Engine;
use serde_json::{Value, json};
use testkit::{Here, Person};

/// What a run so many days from now does.
async fn run(here: &Here, days: i64) -> Result<String> {
    let second = shared::clock::now().as_second() + days * 24 * 3600 + 60;
    let time = shared::Timestamp::from_second(second)?.to_string();
    let did = here.invoke("platform-rotate-key", &json!({ "time": time })).await?;
    Ok(did["did"].as_str().unwrap_or_default().to_owned())
}

async fn published(here: &Here) -> Result<Vec<String>> {
    let jwks = here.get("/.well-known/jwks.json", None).await?;
    assert_eq!((jwks.status, jwks.header("cache-control")), (200, "public, max-age=300"));
    let keys = jwks.body["keys"].as_array().cloned().unwrap_or_default();
    Ok(keys.iter().map(|key| key["kid"].as_str().unwrap_or_default().to_owned()).collect())
}

fn kid(token: &str) -> Result<String> {
    let header = token.split('.').next().context("a header")?;
    let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header)?;
    let header: Value = serde_json::from_slice(&header)?;
    Ok(header["kid"].as_str().unwrap_or_default().to_owned())
}

/// A new token for somebody, from a process that has read the secret afresh.
async fn issued(here: &Here, person: &Person) -> Result<Person> {
    here.cloud.lambda.stop();
    let path = format!("/v1/workspaces/{}/token", person.workspace_id);
    let token = here.post(&path, person, &json!({})).await?.body["accessToken"].clone();
    let token = token.as_str().context("a token")?.to_owned();
    Ok(Person { token, ..person.clone() })
}

async fn me(here: &Here, person: &Person) -> Result<u16> {
    Ok(here.get("/v1/auth/me", person).await?.status)
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_until_nothing_it_signed_is_valid() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let old = kid(&asha.token)?;
    assert_eq!(published(&here).await?, std::slice::from_ref(&old));
    assert_eq!(run(&here, 89).await?, "nothing");
    assert_eq!(run(&here, 90).await?, "publish");
    let both = published(&here).await?;
    assert_eq!((both.len(), both.contains(&old)), (2, true));
    assert_eq!(kid(&issued(&here, &asha).await?.token)?, old, "it does not sign yet");
    assert_eq!(run(&here, 90).await?, "nothing");
    assert_eq!(run(&here, 91).await?, "activate");
    let later = issued(&here, &asha).await?;
    let new = kid(&later.token)?;
    assert!(new != old && both.contains(&new));
    assert_eq!(
        (me(&here, &asha).await?, me(&here, &later).await?),
        (200, 200),
        "two keys are live"
    );
    assert_eq!(run(&here, 91).await?, "nothing");
    assert_eq!(run(&here, 92).await?, "retire");
    assert_eq!(published(&here).await?, [new]);
    here.cloud.lambda.stop();
    assert_eq!((me(&here, &asha).await?, me(&here, &later).await?), (401, 200));
    assert_eq!(run(&here, 93).await?, "nothing");
    Ok(())
}

#[tokio::test]
async fn a_run_that_was_cut_off_leaves_one_key_signing() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    assert_eq!(run(&here, 90).await?, "publish");
    // The secret has the pending key, and its public half was never stored.
    let admin = here.admin().await?;
    admin.batch_execute("delete from auth.signing_keys where activated_at is null").await?;
    assert_eq!(run(&here, 90).await?, "publish");
    // Marked as signing, and cut off before its version was moved.
    admin
        .batch_execute(
            "update auth.signing_keys set activated_at = created_at where activated_at is null",
        )
        .await?;
    assert_eq!(run(&here, 91).await?, "activate");
    let later = issued(&here, &asha).await?;
    assert_eq!((me(&here, &asha).await?, me(&here, &later).await?), (200, 200));
    Ok(())
}
