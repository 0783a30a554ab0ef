//! Keys and tokens at the door, before anything is asked; and the keys that tokens are checked with.

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::State;
use http::Request;
use serde_json::json;
use shared::auth::{ApiKey, PublicKey};
use shared::db::statement;
use shared::http::{Reply, Route};
use shared::routes;
use shared::{Access, App, Caller, Db, Permission};
use testkit::Here;
use tower::ServiceExt;

/// Reads nothing.
#[utoipa::path(get, path = "/reads")]
async fn reads(caller: Caller) -> Reply {
    shared::http::ok(caller.request_id)
}

fn route() -> Route {
    Route::new(routes!(reads), Access::MemberOrKey(Permission::ReadPortfolio))
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

/// Counts what is there for whoever calls.
#[utoipa::path(get, path = "/counts")]
async fn counts(State(db): State<Db>, caller: Caller) -> Reply {
    let count = statement("select count(*) as holdings from imports.holdings", []);
    let [rows] = db.read(&caller, [count]).await?;
    shared::http::ok(rows.first().map(|row| row.get::<_, i64>("holdings")))
}

#[tokio::test]
async fn a_key_is_checked_and_its_use_written_down_in_the_one_round_trip_of_the_read() -> Result<()>
{
    let here = Here::start().await?;
    let asha = here.person().await?;
    let made = json!({ "name": "Report", "scopes": ["portfolio:read"] });
    let made = here.post("/v1/api-keys", &asha, &made).await?.body;
    let key = made["key"].as_str().unwrap_or_default();
    let app = here.app("portfolio-summary")?;
    let route = Route::new(routes!(counts), Access::MemberOrKey(Permission::ReadPortfolio));
    let router = route.into_router(app.clone());
    let status = async || -> Result<u16> {
        let request = Request::get("/counts").header("x-api-key", key).body(Body::empty())?;
        Ok(router.clone().oneshot(request).await?.status().as_u16())
    };
    assert_eq!(status().await?, 200);
    assert_eq!(app.db().round_trips(), 1);
    let admin = here.admin().await?;
    let admitted = asha.workspace_id.to_string();
    let entered =
        "select count(*) from access.audit where workspace_id::text = $1 and action = 'key.used'";
    assert_eq!(admin.query_one(entered, &[&admitted]).await?.get::<_, i64>(0), 1);
    let used = "select count(*) from access.audit where action = 'key.used'";
    assert_eq!(admin.query_one(used, &[]).await?.get::<_, i64>(0), 1);
    // Whatever changes counts on the very next request, and costs nothing more.
    for (change, expected) in [
        ("update workspaces.members set role = 'viewer'", 200),
        ("update access.api_keys set scopes = '{}'", 403),
        ("update access.api_keys set revoked_at = now()", 401),
    ] {
        let before = app.db().round_trips();
        admin.batch_execute(change).await?;
        assert_eq!(status().await?, expected, "{change}");
        // A refusal undoes what was begun.
        assert!(app.db().round_trips() - before <= 2, "{change}");
    }
    Ok(())
}

/// The id of a key that is published.
async fn published(app: &App) -> Result<String> {
    let keys = PublicKey::all(app.db()).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    Ok(keys.into_iter().next().context("there is no key")?.kid)
}

#[tokio::test]
async fn keys_that_are_on_their_way_are_waited_for_and_not_asked_for_again() -> Result<()> {
    let here = Here::start().await?;
    let app = here.app("portfolio-summary")?;
    let kid = published(&app).await?;
    let before = app.db().round_trips();
    let find = || app.keys().find(app.db(), &kid);
    let ((), one, two) = tokio::join!(app.keys().warm(app.db()), find(), find());
    assert!(one.is_ok_and(|key| key.is_some()) && two.is_ok_and(|key| key.is_some()));
    assert_eq!(app.db().round_trips() - before, 1);
    Ok(())
}

#[tokio::test]
async fn keys_that_do_not_come_ahead_are_asked_for_by_whoever_needs_them() -> Result<()> {
    let here = Here::start().await?;
    let app = here.app("portfolio-summary")?;
    let kid = published(&app).await?;
    let before = app.db().round_trips();
    let (mut admin, other) = (here.admin().await?, here.admin().await?);
    let held = admin.transaction().await?;
    held.batch_execute("lock table auth.signing_keys in access exclusive mode").await?;
    let hang_up = async {
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where wait_event_type = 'Lock' and datname = current_database()";
        while other.query_one(kill, &[]).await?.get::<_, i64>(0) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    let (hung_up, ()) = tokio::join!(hang_up, app.keys().warm(app.db()));
    hung_up?;
    held.rollback().await?;
    let found = app.keys().find(app.db(), &kid).await;
    assert!(found.is_ok_and(|key| key.is_some()));
    assert_eq!(app.db().round_trips() - before, 2);
    Ok(())
}
