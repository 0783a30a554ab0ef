//! Calls to AWS are held to the function's role, as AWS would.

use anyhow::Result;
use shared::problem::reasons;
use testkit::Here;

#[tokio::test]
async fn a_function_may_only_what_its_role_grants() -> Result<()> {
    let here = Here::start().await?;
    let issuer = here.app("auth-login")?;
    let secret = issuer.config().need("SIGNING_KEY_SECRET")?.to_owned();
    assert!(issuer.secrets().get(&secret).await.is_ok());
    let other = here.app("auth-me")?;
    let refused = other.secrets().get(&secret).await.unwrap_err();
    assert_eq!(refused.reason(), reasons::UNAVAILABLE);
    let denied = here.cloud.permissions.denied();
    let denied: Vec<_> =
        denied.iter().map(|one| (one.function.as_str(), one.action.as_str())).collect();
    assert_eq!(denied, [("auth-me", "secretsmanager:GetSecretValue")]);
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_no_functions_may_nothing() -> Result<()> {
    let here = Here::start().await?;
    let mut settings = vec![("AWS_ENDPOINT_URL", here.cloud.aws_url.clone())];
    for key in ["AKIDEXAMPLE", "KM.x.auth-login", "KM.1.nobody"] {
        settings.push(("AWS_ACCESS_KEY_ID", key.to_owned()));
        let stranger = shared::App::new(shared::Config::from_pairs(settings.clone()));
        assert!(stranger.secrets().get("kitemate-signing-key-secret").await.is_err(), "{key}");
    }
    Ok(())
}
