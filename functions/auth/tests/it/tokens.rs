//! Tokens that are refused, whatever is wrong with them.

use anyhow::Result;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use shared::auth::{Claims, PublicKey, Signer};
use shared::{App, Timestamp, clock};
use testkit::{Here, Person};

async fn me(here: &Here, token: String) -> Result<(u16, String)> {
    let reply = here.get("/v1/auth/me", &Person::with_token(token)).await?;
    Ok((reply.status, reply.reason().to_owned()))
}

fn claims(app: &App, person: &Person, at: Timestamp) -> Result<Claims> {
    Ok(Claims::issue(app.config().issuer()?, person.session(), at))
}

async fn signed(app: &App, claims: &Claims) -> Result<String> {
    let signer = Signer::read(app).await?;
    Ok(signer.sign(claims)?)
}

#[tokio::test]
async fn only_a_token_of_ours_for_this_surface_and_this_time_is_taken() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("auth-login")?;
    let good = claims(&app, &asha, clock::now())?;
    assert_eq!(me(&here, signed(&app, &good).await?).await?.0, 200);
    let hour = 3600;
    let at = |second: i64| Timestamp::from_second(clock::now().as_second() + second);
    let bad = [
        ("not yet valid", claims(&app, &asha, at(hour)?)?),
        ("another surface", Claims { aud: "kitemate-widgets".into(), ..good.clone() }),
        ("another issuer", Claims { iss: "https://evil.example".into(), ..good.clone() }),
    ];
    for (what, claims) in bad {
        let token = signed(&app, &claims).await?;
        assert_eq!(me(&here, token).await?, (401, "token_invalid".into()), "{what}");
    }
    let late = signed(&app, &claims(&app, &asha, at(-hour)?)?).await?;
    assert_eq!(me(&here, late).await?, (401, "token_expired".into()));
    Ok(())
}

#[tokio::test]
async fn a_token_signed_in_another_way_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("auth-login")?;
    let claims = claims(&app, &asha, clock::now())?;
    let key = PublicKey::all(app.db()).await.unwrap().remove(0);
    let header = |algorithm| Header { kid: Some(key.kid.clone()), ..Header::new(algorithm) };
    // The public key taken for a shared secret, as in the confusion of HS with ES.
    let confused =
        encode(&header(Algorithm::HS256), &claims, &EncodingKey::from_secret(key.x.as_bytes()))?;
    let base64 = |value: &Value| {
        use base64::Engine;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let unsigned = format!(
        "{}.{}.",
        base64(&json!({ "alg": "none", "kid": key.kid })),
        base64(&json!(claims))
    );
    let genuine = signed(&app, &claims).await?;
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let altered = format!("{signed}x.{signature}");
    // A signature of ours under the name of another algorithm.
    let other = base64(&json!({ "alg": "RS256", "typ": "JWT", "kid": key.kid }));
    let payload = signed.split('.').nth(1).unwrap_or_default();
    let renamed = format!("{other}.{payload}.{signature}");
    let stranger = Header { kid: Some("nobody".into()), ..Header::new(Algorithm::ES256) };
    let own = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &aws_lc_rs::rand::SystemRandom::new(),
    );
    let own = own.map_err(|_| anyhow::anyhow!("no key"))?;
    let own = EncodingKey::from_ec_der(own.as_ref());
    let unknown = encode(&stranger, &claims, &own)?;
    let forged = encode(&header(Algorithm::ES256), &claims, &own)?;
    let table = [
        ("HS256", confused),
        ("RS256", renamed),
        ("none", unsigned),
        ("altered", altered),
        ("an unknown key", unknown),
        ("another's key under our name", forged),
        ("no token", "abc".into()),
    ];
    for (what, token) in table {
        assert_eq!(me(&here, token).await?, (401, "token_invalid".into()), "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn without_a_token_the_route_says_what_it_needs() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.get("/v1/auth/me", None).await?;
    assert_eq!(
        (reply.status, reply.reason(), reply.header("www-authenticate")),
        (401, "token_missing", "Bearer")
    );
    Ok(())
}

#[tokio::test]
async fn a_revoked_session_counts_on_the_next_request() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200);
    here.admin().await?.batch_execute("update auth.sessions set revoked_at = now()").await?;
    let reply = here.get("/v1/auth/me", &asha).await?;
    assert_eq!((reply.status, reply.reason()), (401, "session_ended"));
    Ok(())
}
