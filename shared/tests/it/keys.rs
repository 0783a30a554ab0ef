//! Keys and tokens at the door, before anything is asked.

use anyhow::Result;
use axum::body::Body;
use http::Request;
use shared::auth::ApiKey;
use shared::http::{Reply, Route};
use shared::{Access, Caller, Permission};
use testkit::Here;
use tower::ServiceExt;
use utoipa_axum::routes;

/// Reads nothing.
#[utoipa::path(get, path = "/reads")]
async fn reads(caller: Caller) -> Reply {
    shared::http::ok(caller.request_id)
}

fn route() -> Route {
    Route::new(routes!(reads), Access::member_or_key(Permission::ReadPortfolio))
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_refused_without_asking_anybody() -> Result<()> {
    let here = Here::start().await?;
    let app = here.app("auth-login")?;
    let router = route().into_router(app.clone());
    let (_, good) = ApiKey::make().map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let mut wrong = good.expose().to_owned();
    wrong.replace_range(20..21, if &wrong[20..21] == "a" { "b" } else { "a" });
    let status = async |headers: &[(&str, &str)]| -> Result<u16> {
        let request = headers
            .iter()
            .fold(Request::get("/reads"), |request, (name, value)| request.header(*name, *value));
        Ok(router.clone().oneshot(request.body(Body::empty())?).await?.status().as_u16())
    };
    for text in [wrong.as_str(), "km_live_", "abc", ""] {
        assert_eq!(status(&[("x-api-key", text)]).await?, 401, "{text}");
    }
    assert_eq!(
        status(&[("x-api-key", good.expose())]).await?,
        200,
        "the door looks at its form alone"
    );
    assert_eq!(status(&[("x-api-key", good.expose()), ("authorization", "Bearer x")]).await?, 400);
    assert_eq!(app.db().round_trips(), 0);
    Ok(())
}
