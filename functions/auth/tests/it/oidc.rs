//! Other issuers: signing in with one, and its tokens for ours.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use shared::crypto::sha256;
use testkit::{Here, Person, Reply};
use tokio::net::TcpListener;

const PARTY: &str = "https://app.example.in";
const BACK: &str = "https://app.example.in/signed-in";
const BROWSER: &str = "a-text-that-this-browser-made-up-and-keeps-to-itself";

/// An issuer on this machine.
pub(crate) struct Issuer {
    url: String,
    key: Vec<u8>,
    asked_for_keys: Arc<AtomicU32>,
    /// What codes are good for: identity tokens, by code.
    codes: Arc<Mutex<HashMap<String, String>>>,
    /// The last form its token endpoint was sent.
    form: Arc<Mutex<HashMap<String, String>>>,
}

#[derive(Clone)]
struct Serving {
    jwks: Value,
    asked_for_keys: Arc<AtomicU32>,
    codes: Arc<Mutex<HashMap<String, String>>>,
    form: Arc<Mutex<HashMap<String, String>>>,
}

async fn keys(State(serving): State<Serving>) -> Json<Value> {
    serving.asked_for_keys.fetch_add(1, Ordering::Relaxed);
    Json(serving.jwks)
}

async fn token(
    State(serving): State<Serving>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let code = form.get("code").cloned().unwrap_or_default();
    *serving.form.lock().unwrap_or_else(PoisonError::into_inner) = form;
    match serving.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(&code) {
        Some(token) => Json(json!({ "access_token": "x", "id_token": token })).into_response(),
        None => (StatusCode::BAD_REQUEST, "{\"error\":\"invalid_grant\"}").into_response(),
    }
}

impl Issuer {
    /// Serves an issuer and configures it in this cloud.
    pub(crate) async fn begin(here: &Here) -> Result<Self> {
        let failed = |_| anyhow::anyhow!("no key");
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let key = key.map_err(failed)?.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key)
            .map_err(|_| anyhow::anyhow!("no key"))?;
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "one", "x": x, "y": y });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = Serving {
            jwks: json!({ "keys": [jwk] }),
            asked_for_keys: Arc::default(),
            codes: Arc::default(),
            form: Arc::default(),
        };
        let router = Router::new()
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(serving.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let provider = json!({
            "name": "test", "issuer": url, "algorithm": "ES256", "jwksUri": format!("{url}/keys"),
            "signIn": {
                "clientId": "kitemate", "clientSecret": "planted-client-secret",
                "authorizationEndpoint": format!("{url}/authorize"), "tokenEndpoint": format!("{url}/token"),
                "redirectUris": [BACK],
            },
            "exchange": { "authorizedParties": [PARTY] },
        });
        let name = here.cloud.model.secrets.iter().find(|name| name.ends_with("providers-secret"));
        let secret = json!({ "providers": [provider] }).to_string();
        let put = here.cloud.aws.secrets.put_secret_value().secret_id(name.context("a secret")?);
        put.secret_string(secret).send().await?;
        let Serving { asked_for_keys, codes, form, .. } = serving;
        Ok(Self { url, key, asked_for_keys, codes, form })
    }

    /// Claims of a good session token, with these on top.
    fn claims(&self, subject: &str, more: &Value) -> Value {
        let now = shared::clock::now().as_second();
        let mut claims = json!({
            "iss": self.url, "sub": subject, "azp": PARTY, "iat": now, "nbf": now, "exp": now + 60, "sts": "active",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        if let Some(members) = claims.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        claims
    }

    fn sign(&self, header: &Header, claims: &Value) -> Result<String> {
        Ok(encode(header, claims, &EncodingKey::from_ec_der(&self.key))?)
    }

    pub(crate) fn token(&self, subject: &str, more: &Value) -> Result<String> {
        self.sign(&header(), &self.claims(subject, more))
    }
}

fn header() -> Header {
    Header { kid: Some("one".into()), ..Header::new(Algorithm::ES256) }
}

pub(crate) async fn exchange(here: &Here, token: &str) -> Result<Reply> {
    here.post("/v1/auth/exchange", None, &json!({ "token": token })).await
}

pub(crate) fn person(session: &Value) -> Person {
    Person::with_token(session["accessToken"].as_str().unwrap_or_default().into())
}

#[tokio::test]
async fn a_subject_is_one_person_however_often_and_whoever_has_the_same_address() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let same = json!({ "email": "asha@example.in" });
    let first = exchange(&here, &issuer.token("user_1", &same)?).await?;
    assert_eq!(first.status, 200, "{}", first.body);
    let again = exchange(&here, &issuer.token("user_1", &same)?).await?;
    assert_eq!(again.body["userId"], first.body["userId"]);
    let other = exchange(&here, &issuer.token("user_2", &same)?).await?;
    assert_ne!(other.body["userId"], first.body["userId"], "an address joins nothing");
    let me = here.get("/v1/auth/me", &person(&first.body)).await?;
    assert_eq!((me.status, &me.body["workspaces"][0]["kind"]), (200, &json!("personal")));
    let next = here
        .post("/v1/auth/refresh", None, &json!({ "refreshToken": first.body["refreshToken"] }))
        .await?;
    assert_eq!(next.status, 200, "it goes on like any session");
    // A process keeps them for itself, and a second one may have been started.
    assert!(issuer.asked_for_keys.load(Ordering::Relaxed) < 3, "keys are kept");
    Ok(())
}

#[tokio::test]
async fn the_first_sight_of_a_subject_makes_one_person_even_in_a_race() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let token = issuer.token("user_1", &json!({ "o": { "id": "org_1", "rol": "admin" } }))?;
    let answers = try_join_all((0..12).map(|_| exchange(&here, &token))).await?;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let of = |name: &str| {
        answers.iter().map(|answer| answer.body[name].to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!((of("userId").len(), of("workspaceId").len()), (1, 1));
    let admin = here.admin().await?;
    let count = async |sql: &str| -> Result<i64> { Ok(admin.query_one(sql, &[]).await?.get(0)) };
    assert_eq!(count("select count(*) from auth.users").await?, 1);
    assert_eq!(
        count("select count(*) from workspaces.workspaces").await?,
        2,
        "a personal one and the organisation's"
    );
    Ok(())
}

#[tokio::test]
async fn an_organisation_is_a_workspace_and_its_roles_are_up_to_date() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let role = async |subject: &str, more: Value| -> Result<(Value, Value)> {
        let session = exchange(&here, &issuer.token(subject, &more)?).await?.body;
        let mine = here.get("/v1/auth/me", &person(&session)).await?.body["workspaces"].clone();
        let here = mine
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["workspaceId"] == session["workspaceId"]);
        Ok((session["workspaceId"].clone(), here.map_or(Value::Null, |one| one["role"].clone())))
    };
    let (workspace, first) =
        role("user_1", json!({ "v": 2, "o": { "id": "org_1", "rol": "admin" } })).await?;
    assert_eq!(first, "owner", "the first admin");
    assert_eq!(
        role("user_2", json!({ "org_id": "org_1", "org_role": "org:admin" })).await?,
        (workspace.clone(), json!("admin"))
    );
    assert_eq!(
        role("user_3", json!({ "o": { "id": "org_1", "rol": "member" } })).await?,
        (workspace.clone(), json!("viewer"))
    );
    assert_eq!(
        role("user_2", json!({ "o": { "id": "org_1", "rol": "member" } })).await?,
        (workspace.clone(), json!("viewer"))
    );
    let (other, _) = role("user_1", json!({ "o": { "id": "org_2", "rol": "admin" } })).await?;
    assert_ne!(other, workspace);
    let last = role("user_1", json!({ "o": { "id": "org_1", "rol": "member" } })).await?;
    assert_eq!(last.1, "owner", "the last owner stays one until they transfer");
    Ok(())
}

#[tokio::test]
async fn who_leaves_the_organisation_has_no_way_in() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let inside = issuer.token("user_1", &json!({ "o": { "id": "org_1", "rol": "admin" } }))?;
    let inside = exchange(&here, &inside).await?.body;
    let workspace = inside["workspaceId"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        here.get(&format!("/v1/workspaces/{workspace}"), &person(&inside)).await?.status,
        200
    );
    // Without the organisation in the token: it was left, or is not active.
    let outside = exchange(&here, &issuer.token("user_1", &json!({}))?).await?.body;
    assert_eq!(outside["userId"], inside["userId"]);
    let switch = format!("/v1/workspaces/{workspace}/token");
    assert_eq!(here.post(&switch, &person(&outside), &json!({})).await?.status, 404);
    assert_eq!(
        here.get(&format!("/v1/workspaces/{workspace}"), &person(&outside)).await?.status,
        404
    );
    let asked = json!({ "refreshToken": outside["refreshToken"], "workspaceId": workspace });
    assert_eq!(here.post("/v1/auth/refresh", None, &asked).await?.status, 403);
    let lives = "select max(expires_at) <= now() + interval '1 hour' from auth.sessions where organisation_workspace is not null";
    assert!(
        here.admin().await?.query_one(lives, &[]).await?.get::<_, bool>(0),
        "and has to come back every hour"
    );
    Ok(())
}

#[tokio::test]
async fn an_erasure_and_a_sign_in_at_once_leave_nobody_half_erased() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    for number in 0..5 {
        let token = issuer.token(&format!("user_{number}"), &json!({}))?;
        let first = exchange(&here, &token).await?.body;
        let owner = person(&first);
        let erase = here.send(http::Method::DELETE, "/v1/auth/me", Some(&owner), &[], "");
        let (erased, again) = tokio::join!(erase, exchange(&here, &token));
        let (erased, again) = (erased?, again?);
        assert_eq!((erased.status, again.status), (200, 200), "{} {}", erased.body, again.body);
        // Whoever came second: as the person who was erased nobody is signed in any more.
        let me = here.get("/v1/auth/me", &person(&again.body)).await?;
        let same = again.body["userId"] == first["userId"];
        assert_eq!(me.status, if same { 401 } else { 200 }, "{}", me.body);
        assert_ne!(exchange(&here, &token).await?.body["userId"], first["userId"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_erased_person_comes_back_as_somebody_new() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let claims = json!({ "email": "asha@example.in", "email_verified": true });
    let token = issuer.token("user_1", &claims)?;
    let first = exchange(&here, &token).await?.body;
    assert_eq!(here.get("/v1/auth/me", &person(&first)).await?.body["email"], "asha@example.in");
    assert_eq!(
        here.send(http::Method::DELETE, "/v1/auth/me", Some(&person(&first)), &[], "")
            .await?
            .status,
        200
    );
    let again = exchange(&here, &token).await?.body;
    assert_ne!(again["userId"], first["userId"]);
    Ok(())
}

async fn refused(here: &Here, table: Vec<(&str, String)>) -> Result<()> {
    for (what, token) in table {
        let reply = exchange(here, &token).await?;
        assert_eq!((reply.status, reply.reason()), (401, "external_token_invalid"), "{what}");
    }
    Ok(())
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn only_a_live_session_of_a_configured_issuer_and_party_is_taken() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let now = shared::clock::now().as_second();
    let signed = |more: Value| issuer.token("user_1", &more);
    let table = vec![
        ("another issuer", signed(json!({ "iss": "https://evil.example" }))?),
        ("another party", signed(json!({ "azp": "https://evil.example" }))?),
        ("no party", signed(json!({ "azp": null }))?),
        ("pending", signed(json!({ "sts": "pending" }))?),
        ("somebody acting for another", signed(json!({ "act": { "sub": "user_9" } }))?),
        ("expired", signed(json!({ "exp": now - 6 }))?),
        ("not yet valid", signed(json!({ "nbf": now + 30 }))?),
        ("without an end", signed(json!({ "exp": null }))?),
        ("for another service", signed(json!({ "aud": "hasura" }))?),
        ("a machine", issuer.token("mch_1", &json!({}))?),
        ("without a subject", signed(json!({ "sub": "" }))?),
    ];
    refused(&here, table).await?;
    let late = signed(json!({ "exp": now - 3 }))?;
    assert_eq!(exchange(&here, &late).await?.status, 200, "within the leeway");
    let people = "select count(*) from auth.users";
    assert_eq!(here.admin().await?.query_one(people, &[]).await?.get::<_, i64>(0), 1);
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_signed_otherwise_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let claims = issuer.claims("user_1", &json!({}));
    let signed = |header: &Header| issuer.sign(header, &claims);
    // jsonwebtoken's header has no `cat`, so this one is signed by hand.
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &issuer.key)
        .map_err(|_| anyhow::anyhow!("no key"))?;
    let of_category = |category: &str| -> Result<String> {
        let mut header: Value = serde_json::to_value(header())?;
        header["cat"] = category.into();
        let signing = format!("{}.{}", part(&header), part(&claims));
        let signature = pair.sign(&SystemRandom::new(), signing.as_bytes());
        let signature = signature.map_err(|_| anyhow::anyhow!("no signature"))?;
        Ok(format!("{signing}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref())))
    };
    let session = of_category("cl_B7d4PD111AAA")?;
    let none = format!("{}.{}.", part(&json!({ "alg": "none", "kid": "one" })), part(&claims));
    let hmac = Header { kid: Some("one".into()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&hmac, &claims, &EncodingKey::from_secret(b"anything"))?;
    let good = signed(&header())?;
    let (signed_part, signature) = good.rsplit_once('.').context("a signature")?;
    let table = vec![
        ("an unknown key", signed(&Header { kid: Some("two".into()), ..header() })?),
        ("no key", signed(&Header { kid: None, ..header() })?),
        ("an access token", signed(&Header { typ: Some("at+jwt".into()), ..header() })?),
        ("a machine's", of_category("cl_B7d4PD333AAA")?),
        ("a template's", of_category("cl_B7d4PD222AAA")?),
        ("none", none),
        ("HS256", confused),
        ("altered", format!("{signed_part}x.{signature}")),
        ("no token", "abc".into()),
    ];
    refused(&here, table).await?;
    assert_eq!(exchange(&here, &good).await?.status, 200);
    assert_eq!(exchange(&here, &session).await?.status, 200, "a session's, by its category");
    let asked = issuer.asked_for_keys.load(Ordering::Relaxed);
    assert!(asked <= 2, "an unknown key asks at most once a minute, not {asked} times");
    Ok(())
}

/// The same issuer with an RSA key, pinned to RS256.
async fn with_rsa(here: &Here, issuer: &Issuer) -> Result<aws_lc_rs::rsa::KeyPair> {
    let failed = || anyhow::anyhow!("no key");
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048)
        .map_err(|_| failed())?;
    let public = rsa.public_key();
    let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (public.modulus(), public.exponent());
    let jwk = json!({
        "kty": "RSA", "kid": "rsa", "use": "sig",
        "n": number(n.big_endian_without_leading_zero()), "e": number(e.big_endian_without_leading_zero()),
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let keys = format!("http://{}/", listener.local_addr()?);
    let served = json!({ "keys": [jwk] });
    let router = Router::new().route("/", get(move || async move { Json(served) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let name = here
        .cloud
        .model
        .secrets
        .iter()
        .find(|name| name.ends_with("providers-secret"))
        .context("a secret")?;
    let provider = json!({
        "name": "rsa", "issuer": issuer.url, "algorithm": "RS256", "jwksUri": keys,
        "exchange": { "authorizedParties": [PARTY] },
    });
    let secret = json!({ "providers": [provider] }).to_string();
    here.cloud.aws.secrets.put_secret_value().secret_id(name).secret_string(secret).send().await?;
    Ok(rsa)
}

#[tokio::test]
async fn the_algorithm_is_pinned_to_what_is_configured() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let rsa = with_rsa(&here, &issuer).await?;
    let signed = |header: &Value| -> Result<String> {
        let signing = format!("{}.{}", part(header), part(&issuer.claims("user_1", &json!({}))));
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(
            &aws_lc_rs::signature::RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signing.as_bytes(),
            &mut signature,
        )
        .map_err(|_| anyhow::anyhow!("no signature"))?;
        Ok(format!("{signing}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    };
    let good =
        exchange(&here, &signed(&json!({ "alg": "RS256", "typ": "JWT", "kid": "rsa" }))?).await?;
    assert_eq!(good.status, 200, "{}", good.body);
    for header in [
        json!({ "alg": "RS512", "kid": "rsa" }),
        json!({ "alg": "PS256", "kid": "rsa" }),
        json!({ "alg": "ES256", "kid": "rsa" }),
    ] {
        assert_eq!(
            exchange(&here, &signed(&header)?).await?.reason(),
            "external_token_invalid",
            "{header}"
        );
    }
    let elliptic = issuer.sign(
        &Header { kid: Some("rsa".into()), ..header() },
        &issuer.claims("user_1", &json!({})),
    )?;
    assert_eq!(exchange(&here, &elliptic).await?.reason(), "external_token_invalid");
    Ok(())
}

/// Begins a sign-in and answers its state and its nonce.
async fn begun(here: &Here) -> Result<(Value, HashMap<String, String>)> {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(sha256(BROWSER.as_bytes()));
    let asked = json!({ "browserChallenge": challenge, "redirectUri": BACK });
    let begun = here.post("/v1/auth/oauth/test/start", None, &asked).await?;
    assert_eq!(begun.status, 200, "{}", begun.body);
    let url: http::Uri = begun.body["authorizationUrl"].as_str().unwrap_or_default().parse()?;
    let query =
        form_urlencoded::parse(url.query().unwrap_or_default().as_bytes()).into_owned().collect();
    Ok((begun.body["state"].clone(), query))
}

#[tokio::test]
async fn a_code_opens_a_session_for_the_browser_that_began_it() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let (state, query) = begun(&here).await?;
    assert_eq!(
        (query["code_challenge_method"].as_str(), query["state"].as_str()),
        ("S256", state.as_str().unwrap_or_default())
    );
    let identity = issuer
        .token("user_1", &json!({ "aud": "kitemate", "nonce": query["nonce"], "name": "Asha" }))?;
    issuer.codes.lock().unwrap_or_else(PoisonError::into_inner).insert("code-1".into(), identity);
    let callback = async |verifier: &str, code: &str, state: &Value| {
        let asked = json!({ "code": code, "state": state, "browserVerifier": verifier });
        here.post("/v1/auth/oauth/test/callback", None, &asked).await
    };
    let other =
        callback("a-text-of-another-browser-that-has-stolen-the-redirect", "code-1", &state)
            .await?;
    assert_eq!((other.status, other.reason()), (422, "oauth_state_invalid"));
    let session = callback(BROWSER, "code-1", &state).await?;
    assert_eq!(session.status, 200, "{}", session.body);
    assert_eq!(here.get("/v1/auth/me", &person(&session.body)).await?.body["name"], "Asha");
    let form = issuer.form.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let proved = BASE64_URL_SAFE_NO_PAD.encode(sha256(form["code_verifier"].as_bytes()));
    assert_eq!(proved, query["code_challenge"], "PKCE");
    assert_eq!(form["redirect_uri"], BACK);
    assert_eq!(
        callback(BROWSER, "code-1", &state).await?.reason(),
        "oauth_state_invalid",
        "a state is good once"
    );
    let (state, _) = begun(&here).await?;
    assert_eq!(callback(BROWSER, "code-1", &state).await?.reason(), "authorization_code_refused");
    Ok(())
}

#[tokio::test]
async fn an_identity_token_of_another_sign_in_or_for_another_client_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    for (what, more) in [
        ("another nonce", json!({ "aud": "kitemate", "nonce": "another" })),
        ("no nonce", json!({ "aud": "kitemate" })),
        ("another client", json!({ "aud": "somebody", "nonce": "mine" })),
        ("no audience", json!({ "nonce": "mine" })),
    ] {
        let (state, query) = begun(&here).await?;
        let mut more = more.clone();
        if more["nonce"] == "mine" {
            more["nonce"] = json!(query["nonce"]);
        }
        let identity = issuer.token("user_1", &more)?;
        issuer.codes.lock().unwrap_or_else(PoisonError::into_inner).insert("code".into(), identity);
        let asked = json!({ "code": "code", "state": state, "browserVerifier": BROWSER });
        let reply = here.post("/v1/auth/oauth/test/callback", None, &asked).await?;
        assert_eq!((reply.status, reply.reason()), (401, "external_token_invalid"), "{what}");
    }
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(sha256(BROWSER.as_bytes()));
    let asked = json!({ "browserChallenge": challenge, "redirectUri": "https://evil.example" });
    let refused = here.post("/v1/auth/oauth/test/start", None, &asked).await?;
    assert_eq!((refused.status, refused.reason()), (422, "redirect_uri_not_allowed"));
    let unknown = here.post("/v1/auth/oauth/nobody/start", None, &asked).await?;
    assert_eq!((unknown.status, unknown.reason()), (404, "not_found"));
    Ok(())
}
