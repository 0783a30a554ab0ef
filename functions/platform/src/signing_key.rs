//! The keys that sign access tokens: their private halves only where issuers read them, their public halves
//! published before they are used and until nothing they signed is valid any more.
//!
//! A key's id is the id of its secret's version, so that what signs is known without reading any secret.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use shared::db::DbError;
use shared::{App, Problem, Timestamp, typed};
use tokio_postgres::Client;
use uuid::Uuid;

/// The stage of the version that signs.
pub(crate) const CURRENT: &str = "AWSCURRENT";
/// The stage of the version that is published and does not sign yet.
pub(crate) const PENDING: &str = "AWSPENDING";

/// The secret's versions by their stages.
pub(crate) struct Versions(Vec<(String, Vec<String>)>);

impl Versions {
    /// Asks which there are, without reading one.
    pub(crate) async fn read(app: &App) -> Result<Self, Problem> {
        let id = app.config().need("SIGNING_KEY_SECRET")?;
        let secret = app.aws().secrets().describe_secret().secret_id(id).send().await;
        let secret = secret.map_err(Problem::unavailable)?;
        Ok(Self(secret.version_ids_to_stages.unwrap_or_default().into_iter().collect()))
    }

    /// The versions of a stage: one, but for a moment while it moves.
    pub(crate) fn at(&self, stage: &str) -> Vec<&str> {
        let staged = self.0.iter().filter(|(_, stages)| stages.iter().any(|one| one == stage));
        staged.map(|(version, _)| version.as_str()).collect()
    }
}

/// A new key pair.
pub(crate) struct Pair {
    pub(crate) kid: Uuid,
    pub(crate) x: String,
    pub(crate) y: String,
    pkcs8: String,
}

impl Pair {
    pub(crate) fn make() -> Result<Self, Problem> {
        let failed = || Problem::internal(anyhow::anyhow!("no key pair could be made"));
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| failed())?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())
            .map_err(|_| failed())?;
        // An uncompressed point: 4, x, y (SEC 1, section 2.3.3).
        let [4, point @ ..] = pair.public_key().as_ref() else { return Err(failed()) };
        let (x, y) = point.split_at(point.len() / 2);
        Ok(Self {
            kid: Uuid::now_v7(),
            x: BASE64_URL_SAFE_NO_PAD.encode(x),
            y: BASE64_URL_SAFE_NO_PAD.encode(y),
            pkcs8: BASE64_STANDARD.encode(pkcs8.as_ref()),
        })
    }

    /// Puts the private half into the secret, as a version of this stage.
    pub(crate) async fn put(&self, app: &App, stage: &str) -> Result<(), Problem> {
        let secret = json!({ "kid": self.kid, "pkcs8": self.pkcs8 });
        let put = app.aws().secrets().put_secret_value();
        put.secret_id(app.config().need("SIGNING_KEY_SECRET")?)
            .client_request_token(self.kid.to_string())
            .version_stages(stage)
            .secret_string(secret.to_string())
            .send()
            .await
            .map(drop)
            .map_err(Problem::unavailable)
    }
}

/// Makes the first key and answers `made`, or `kept` when there is one.
///
/// The secret is written before the public half is published; cut off between the two, the next
/// run makes another pair, and no token was signed with the lost one.
pub(crate) async fn ensure(
    app: &App,
    client: &Client,
    now: Timestamp,
) -> Result<&'static str, Problem> {
    let published = client
        .query_typed("select kid from auth.signing_keys where retired_at is null", &[])
        .await
        .map_err(DbError::from)?;
    let current = Versions::read(app).await?;
    let current = current.at(CURRENT);
    if published.iter().any(|row| current.contains(&row.get::<_, &str>("kid"))) {
        return Ok("kept");
    }
    // A database that was restored to a time before the present key knows it not; one that was restored beside a new stack has a key whose private half is not there.
    client
        .execute("update auth.signing_keys set retired_at = now() where retired_at is null", &[])
        .await
        .map_err(DbError::from)?;
    let pair = Pair::make()?;
    pair.put(app, CURRENT).await?;
    let kid = pair.kid.to_string();
    client
        .query_typed(
            "insert into auth.signing_keys (kid, x, y, created_at, activated_at) values ($1, $2, $3, $4, $4)",
            &[typed(&kid), typed(&pair.x), typed(&pair.y), typed(&now)],
        )
        .await
        .map_err(DbError::from)?;
    Ok("made")
}
