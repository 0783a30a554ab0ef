//! The relay and the sweep.

use anyhow::{Context, Result};
use serde_json::json;
use testkit::Here;

const LEFT_BEHIND: &str =
    "insert into shared.outbox (event_id, workspace_id, event, body, created_at)
    select gen_random_uuid(), null, 'registration.requested',
           jsonb_build_object('registrationId', gen_random_uuid()), now() - interval '1 minute'
    from generate_series(1, 23)";

#[tokio::test]
async fn what_was_left_behind_is_sent_once() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    admin.batch_execute(LEFT_BEHIND).await?;
    let answer = here.invoke("platform-outbox", &Here::sample("platform-outbox")?).await?;
    assert_eq!(answer, json!({ "sent": 23 }));
    let answer = here.invoke("platform-outbox", &Here::sample("platform-outbox")?).await?;
    assert_eq!(answer, json!({ "sent": 0 }));
    admin.batch_execute(&LEFT_BEHIND.replace("registration.requested", "export.requested")).await?;
    let answer = here.invoke("platform-outbox", &Here::sample("platform-outbox")?).await?;
    assert_eq!(answer, json!({ "sent": 23 }));
    Ok(())
}

#[tokio::test]
async fn a_queue_that_is_gone_leaves_its_events_for_later() -> Result<()> {
    let here = Here::start().await?;
    here.admin().await?.batch_execute(LEFT_BEHIND).await?;
    let queue = here.cloud.model.queues.iter().find(|queue| queue.name.ends_with("-mail")).unwrap();
    here.cloud.aws.sqs.delete_queue().queue_url(here.cloud.queue_url(&queue.name)).send().await?;
    assert!(here.invoke("platform-outbox", &Here::sample("platform-outbox")?).await.is_err());
    let rows = here
        .admin()
        .await?
        .query_one("select count(*) from shared.outbox where sent_at is null", &[])
        .await?;
    assert_eq!(rows.get::<_, i64>(0), 23);
    Ok(())
}

#[tokio::test]
async fn a_queue_that_is_gone_does_not_keep_the_others_from_theirs() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    admin.batch_execute(LEFT_BEHIND).await?;
    admin
        .batch_execute(&LEFT_BEHIND.replace("registration.requested", "account.refresh_due"))
        .await?;
    admin.batch_execute(&LEFT_BEHIND.replace("registration.requested", "account.synced")).await?;
    let queue = here.cloud.model.queues.iter().find(|queue| queue.name.ends_with("-mail")).unwrap();
    here.cloud.aws.sqs.delete_queue().queue_url(here.cloud.queue_url(&queue.name)).send().await?;
    assert!(here.invoke("platform-outbox", &Here::sample("platform-outbox")?).await.is_err());
    let left =
        admin.query("select distinct event from shared.outbox where sent_at is null", &[]).await?;
    assert_eq!(
        left.iter().map(|row| row.get(0)).collect::<Vec<&str>>(),
        ["registration.requested"]
    );
    Ok(())
}

#[tokio::test]
async fn the_sweep_deletes_what_has_aged_and_nothing_else() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    let tenant = here.tenant().await?;
    let (workspace, account) =
        (tenant.owner().workspace_id, tenant.ids["accountId"].as_str().context("an account")?);
    admin
        .batch_execute(&format!(
            "insert into imports.uploads (workspace_id, upload_id, user_id, bytes, request, created_at) values
                 ('{workspace}', gen_random_uuid(), '{workspace}', 1, '{{}}', now() - interval '31 days');
             insert into brokers.syncs (workspace_id, account_id, day, tried_at) values
                 ('{workspace}', '{account}', current_date - 401, now()),
                 ('{workspace}', '{account}', current_date - 399, now())"
        ))
        .await?;
    admin
        .batch_execute(
            "insert into auth.registrations (registration_id, email, password_hash, expires_at) values
                 (gen_random_uuid(), 'old@example.in', 'x', now() - interval '2 days'),
                 (gen_random_uuid(), 'new@example.in', 'x', now() + interval '1 hour');
             insert into shared.outbox (event_id, event, body, created_at, sent_at) values
                 (gen_random_uuid(), 'x', '{}', now() - interval '31 days', now() - interval '31 days'),
                 (gen_random_uuid(), 'x', '{}', now() - interval '31 days', null),
                 (gen_random_uuid(), 'x', '{}', now(), now());
             insert into access.audit (entry_id, at, action) values
                 (gen_random_uuid(), now() - interval '7 years 1 day', 'x'),
                 (gen_random_uuid(), now() - interval '7 years' + interval '1 day', 'x')",
        )
        .await?;
    let asha = here.person().await?;
    for days in [89, 91] {
        let sql = "insert into query.queries (workspace_id, query_id, user_id, asked_at, query)
                   values ($1, gen_random_uuid(), $2, now() - make_interval(days => $3), '{}')";
        admin.execute(sql, &[&asha.workspace_id, &asha.user_id, &days]).await?;
    }
    let answer = here.invoke("platform-cleanup", &Here::sample("platform-cleanup")?).await?;
    let all = json!({
        "registrations": 1, "idempotencyKeys": 0, "eventClaims": 0, "outbox": 1, "uploads": 1, "syncs": 1,
        "auditEntries": 1, "queries": 1,
    });
    assert_eq!(answer, all);
    let old = "select count(*) from access.audit where at < now() - interval '6 years'";
    assert_eq!(admin.query_one(old, &[]).await?.get::<_, i64>(0), 1, "seven years are kept");
    let again = here.invoke("platform-cleanup", &Here::sample("platform-cleanup")?).await?;
    assert_eq!(again["registrations"], 0);
    Ok(())
}

#[tokio::test]
async fn a_sweep_that_is_refused_fails_and_deletes_nothing() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    admin
        .batch_execute(
            "insert into auth.registrations (registration_id, email, password_hash, expires_at)
                 values (gen_random_uuid(), 'old@example.in', 'x', now() - interval '2 days');
             alter function tenant.sweep rename to swept",
        )
        .await?;
    let refused = here.invoke("platform-cleanup", &Here::sample("platform-cleanup")?).await;
    assert!(refused.unwrap_err().to_string().contains("internal"));
    let left = admin.query_one("select count(*) from auth.registrations", &[]).await?;
    assert_eq!(left.get::<_, i64>(0), 1);
    Ok(())
}
