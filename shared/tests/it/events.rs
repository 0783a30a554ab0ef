//! The outbox, and events claimed by their consumers.

use anyhow::{Context, Result};
use serde_json::json;
use shared::db::{Entry, statement};
use shared::events::{self, AccountRefreshDue, Envelope, UploadAwaited};
use shared::problem::reasons;
use shared::queue::Consumer;
use shared::{Permission, Problem};
use testkit::Here;
use uuid::Uuid;

#[tokio::test]
async fn an_event_is_claimed_once_and_only_with_its_effect() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("brokers-sync-account")?;
    let event = Envelope::new(
        Some(asha.workspace_id),
        &AccountRefreshDue { account_id: Uuid::now_v7(), put_off: 0, unless_read_since: None },
    )
    .unwrap();
    let (tx, []) = app.db().enter(&asha.caller(Permission::Enter), []).await?;
    tx.commit([event.publish()]).await?;
    let entry = Entry::Event { event: event.event_id, consumer: "brokers-sync-account" };
    let (tx, []) = app.db().enter(entry, []).await?;
    assert!(tx.fresh());
    drop(tx);
    let (tx, []) = app.db().enter(entry, []).await?;
    assert!(tx.fresh(), "the claim of an undone effect is undone with it");
    tx.commit([]).await?;
    let (tx, []) = app.db().enter(entry, []).await?;
    assert!(!tx.fresh());
    let other = Entry::Event { event: event.event_id, consumer: "another" };
    tx.rollback().await?;
    let (tx, []) = app.db().enter(other, []).await?;
    assert!(tx.fresh(), "each consumer claims for itself");
    Ok(())
}

#[tokio::test]
async fn an_event_that_was_never_published_opens_no_workspace() -> Result<()> {
    let here = Here::start().await?;
    let app = here.app("brokers-sync-account")?;
    let entry = Entry::Event { event: Uuid::now_v7(), consumer: "brokers-sync-account" };
    assert!(app.db().enter(entry, []).await.is_err());
    Ok(())
}

#[tokio::test]
async fn an_event_cannot_be_published_into_another_workspace() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let app = here.app("brokers-sync-account")?;
    let event = Envelope::new(
        Some(ravi.workspace_id),
        &AccountRefreshDue { account_id: Uuid::now_v7(), put_off: 0, unless_read_since: None },
    )
    .unwrap();
    let (tx, []) = app.db().enter(&asha.caller(Permission::Enter), []).await?;
    let publish = event.publish();
    let (sql, params) = publish.parts();
    let (sql, params) = (format!("{sql} /* refused on purpose */"), params.to_vec());
    let params: [_; 6] = params.try_into().ok().context("six parameters")?;
    assert!(tx.commit([statement(&sql, params)]).await.is_err());
    Ok(())
}

#[tokio::test]
async fn what_is_sent_is_marked_and_what_fails_is_left() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("brokers-refresh-daily")?;
    let event = Envelope::new(
        Some(asha.workspace_id),
        &AccountRefreshDue { account_id: Uuid::now_v7(), put_off: 0, unless_read_since: None },
    )
    .unwrap();
    let (tx, []) = app.db().enter(&asha.caller(Permission::Enter), []).await?;
    tx.commit([event.publish()]).await?;
    let unsent = async || -> Result<i64> {
        let rows = here
            .admin()
            .await?
            .query("select count(*) from shared.outbox where sent_at is null", &[])
            .await?;
        Ok(rows[0].get(0))
    };
    let nowhere = here.app("portfolio-summary")?;
    events::dispatch(&nowhere, std::slice::from_ref(&event)).await;
    assert_eq!(unsent().await?, 1, "a function without the queue's URL cannot send it");
    assert_eq!(events::send(&app, &[event]).await.unwrap(), 1);
    assert_eq!(unsent().await?, 0);
    Ok(())
}

#[tokio::test]
async fn what_a_transaction_publishes_is_sent_once_it_is_committed_and_not_when_it_is_undone()
-> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("brokers-refresh-daily")?;
    let due = AccountRefreshDue { account_id: Uuid::now_v7(), put_off: 0, unless_read_since: None };
    let sent = async || -> Result<Vec<bool>> {
        let outbox = "select sent_at is not null from shared.outbox";
        let rows = here.admin().await?.query(outbox, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    };
    let (tx, []) = app.db().enter(&asha.caller(Permission::Enter), []).await?;
    tx.publish(Envelope::new(Some(asha.workspace_id), &due).unwrap());
    drop(tx);
    app.settle().await;
    assert!(sent().await?.is_empty(), "what is undone is not published");
    let (tx, []) = app.db().enter(&asha.caller(Permission::Enter), []).await?;
    tx.publish(Envelope::new(Some(asha.workspace_id), &due).unwrap());
    let before = app.db().round_trips();
    tx.commit([]).await?;
    assert_eq!(app.db().round_trips() - before, 1);
    assert_eq!(sent().await?, [false]);
    app.settle().await;
    assert_eq!(sent().await?, [true]);
    Ok(())
}

#[tokio::test]
async fn an_event_that_no_queue_wants_costs_nothing_after_its_commit() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("imports-upload")?;
    let (tx, []) = app.db().enter(&asha.caller(Permission::Enter), []).await?;
    let event = UploadAwaited { upload_id: Uuid::now_v7() };
    tx.publish(Envelope::new(Some(asha.workspace_id), &event).unwrap());
    tx.commit([]).await?;
    let before = app.db().round_trips();
    app.settle().await;
    assert_eq!(app.db().round_trips(), before);
    let sent = "select sent_at is not null from shared.outbox";
    assert!(here.admin().await?.query_one(sent, &[]).await?.get::<_, bool>(0));
    Ok(())
}

#[tokio::test]
async fn a_message_that_fails_in_its_transaction_leaves_no_lock_and_the_next_is_consumed()
-> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let app = here.app("portfolio-snapshot")?;
    let caller = asha.caller(Permission::ReadPortfolio);
    let consumer = Consumer::new(move |app, body| {
        let caller = caller.clone();
        Box::pin(async move {
            let lock = statement("select pg_advisory_xact_lock(30)", []);
            let (tx, [_]) = app.db().enter(&caller, [lock]).await?;
            if body == "fails" {
                return Err(Problem::new(reasons::NOT_FOUND));
            }
            Ok(tx.commit([]).await.map(drop)?)
        })
    });
    let record = |id: &str| json!({ "messageId": id, "body": id });
    let batch = json!({ "Records": [record("fails"), record("passes"), record("fails")] });
    let delivered = consumer.deliver(&app, batch).await?;
    assert_eq!(delivered.failed, 2);
    let free = "select pg_try_advisory_lock(30)";
    assert!(here.admin().await?.query_one(free, &[]).await?.get::<_, bool>(0));
    Ok(())
}
