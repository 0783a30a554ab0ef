//! Migrations: again, and at once.

use anyhow::Result;
use serde_json::json;
use testkit::Here;

#[tokio::test]
async fn migrating_again_changes_nothing_and_keeps_the_key() -> Result<()> {
    let here = Here::start().await?;
    let answer = here.invoke("platform-migrate", &json!({})).await?;
    assert_eq!(
        answer,
        json!({ "applied": [], "version": platform::migrate::LATEST, "signingKey": "kept" })
    );
    Ok(())
}

#[tokio::test]
async fn of_two_runs_at_once_one_waits_for_the_other() -> Result<()> {
    let here = Here::start().await?;
    let empty = json!({});
    let (one, other) = tokio::join!(
        here.invoke("platform-migrate", &empty),
        here.invoke("platform-migrate", &empty)
    );
    assert_eq!(
        (one?["signingKey"].clone(), other?["signingKey"].clone()),
        (json!("kept"), json!("kept"))
    );
    Ok(())
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_ran_is_an_error() -> Result<()> {
    let here = Here::start().await?;
    here.admin()
        .await?
        .batch_execute("update platform.schema_history set checksum = '1' where version = 2")
        .await?;
    let refused = here.invoke("platform-migrate", &json!({})).await.unwrap_err();
    assert!(refused.to_string().contains("internal"), "{refused}");
    Ok(())
}
