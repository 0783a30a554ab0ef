//! The key that signs access tokens: made once, its private half put where only issuers read it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use shared::db::DbError;
use shared::{App, Problem, typed};
use tokio_postgres::Client;
use uuid::Uuid;

/// Whether the secret has a value, without reading it.
pub(crate) async fn has_value(app: &App) -> Result<bool, Problem> {
    let id = app.config().need("SIGNING_KEY_SECRET")?;
    let secret = app.aws().secrets().describe_secret().secret_id(id).send().await;
    let secret = secret.map_err(Problem::unavailable)?;
    let mut stages = secret.version_ids_to_stages().into_iter().flatten();
    Ok(stages.any(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT")))
}

/// Makes the first key and answers `made`, or `kept` when there is one.
///
/// The secret is written before the public half is published; cut off between the two, the next
/// run makes another pair, and no token was signed with the lost one.
pub(super) async fn ensure(app: &App, client: &Client) -> Result<&'static str, Problem> {
    let published = client
        .query_typed("select kid from auth.signing_keys where retired_at is null", &[])
        .await
        .map_err(DbError::from)?;
    if !published.is_empty() && has_value(app).await? {
        return Ok("kept");
    }
    // A database that was restored beside a new stack has a key whose private half is not there.
    client
        .execute("update auth.signing_keys set retired_at = now() where retired_at is null", &[])
        .await
        .map_err(DbError::from)?;
    let failed = || Problem::internal(anyhow::anyhow!("no key pair could be made"));
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| failed())?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())
        .map_err(|_| failed())?;
    // An uncompressed point: 4, x, y (SEC 1, section 2.3.3).
    let [4, point @ ..] = pair.public_key().as_ref() else { return Err(failed()) };
    let (x, y) = point.split_at(point.len() / 2);
    let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
    let kid = Uuid::now_v7().simple().to_string();
    let secret = json!({ "kid": kid, "pkcs8": BASE64_STANDARD.encode(pkcs8.as_ref()) });
    app.aws()
        .secrets()
        .put_secret_value()
        .secret_id(app.config().need("SIGNING_KEY_SECRET")?)
        .secret_string(secret.to_string())
        .send()
        .await
        .map_err(Problem::unavailable)?;
    client
        .query_typed(
            "insert into auth.signing_keys (kid, x, y) values ($1, $2, $3)",
            &[typed(&kid), typed(&x), typed(&y)],
        )
        .await
        .map_err(DbError::from)?;
    Ok("made")
}
