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
async fn a_function_is_as_its_file_says_whatever_it_was_before() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    let changes = "
        -- It answers something else, and there are another form of it and one that no file has any more.
        drop function tenant.mark_sent(uuid[]);
        create function tenant.mark_sent(p_events uuid[]) returns int language sql as 'select 1';
        create function tenant.mark_sent(p_event text) returns int language sql as 'select 1';
        create function tenant.left_over() returns int language sql as 'select 1';
        alter function tenant.mark_sent(uuid[]) owner to km_system;
        alter function tenant.mark_sent(text) owner to km_system;
        alter function tenant.left_over() owner to km_system;
        grant select on auth.credentials to svc_portfolio;
        update platform.definitions set sha256 = 'other' where name = 'tenant.mark_sent';
        insert into platform.definitions (name, sha256) values ('tenant.left_over', 'x');";
    admin.batch_execute(changes).await?;
    let answer = here.invoke("platform-migrate", &json!({})).await?;
    assert_eq!(answer["applied"], json!(["tenant.mark_sent", "tenant.left_over"]));
    let forms =
        "select p.oid::regprocedure::text || ' ' || p.prorettype::regtype::text from pg_proc p
         where p.pronamespace = 'tenant'::regnamespace and p.proname in ('mark_sent', 'left_over')";
    let forms: Vec<String> = admin.query(forms, &[]).await?.iter().map(|row| row.get(0)).collect();
    assert_eq!(forms, ["tenant.mark_sent(uuid[]) void"]);
    let may = "select has_function_privilege('svc_auth', 'tenant.mark_sent(uuid[])', 'execute'),
         has_table_privilege('svc_portfolio', 'auth.credentials', 'select')";
    let may = admin.query_one(may, &[]).await?;
    assert_eq!((may.get::<_, bool>(0), may.get::<_, bool>(1)), (true, false));
    let again = here.invoke("platform-migrate", &json!({})).await?;
    assert_eq!(again["applied"], json!([]));
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

/// What CloudFormation sends, with its mailbox on this machine.
fn order(kind: &str, mailbox: &str) -> serde_json::Value {
    json!({
        "RequestType": kind,
        "ResponseURL": format!("{mailbox}/answer?signature=x"),
        "StackId": "arn:aws:cloudformation:ap-south-1:000000000000:stack/kitemate/1",
        "RequestId": "2",
        "ResourceType": "Custom::Migration",
        "LogicalResourceId": "Migration",
        "ResourceProperties": { "MigrationsSha256": "x" },
    })
}

/// A mailbox for one answer.
async fn mailbox() -> Result<(String, tokio::task::JoinHandle<Result<String>>)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let taken = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            let mut some = [0; 4096];
            let read = stream.read(&mut some).await?;
            anyhow::ensure!(read > 0, "cut off");
            request.extend_from_slice(&some[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
        Ok(String::from_utf8(request)?)
    });
    Ok((url, taken))
}

#[tokio::test]
async fn cloudformation_is_told_what_came_of_a_migration() -> Result<()> {
    let here = Here::start().await?;
    for (kind, breaks, status) in
        [("Create", false, "SUCCESS"), ("Update", true, "FAILED"), ("Delete", true, "SUCCESS")]
    {
        if breaks {
            let sql = "update platform.schema_history set checksum = '1' where version = 2";
            here.admin().await?.batch_execute(sql).await?;
        }
        let (url, taken) = mailbox().await?;
        let answer = here.invoke("platform-migrate", &order(kind, &url)).await;
        assert_eq!(answer.is_ok(), status == "SUCCESS", "the log and its metrics know it too");
        let request = taken.await??;
        assert!(request.starts_with("PUT /answer?signature=x "), "{request}");
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_str(body)?;
        assert_eq!((&body["Status"], &body["RequestId"]), (&json!(status), &json!("2")), "{kind}");
        assert_eq!(body["PhysicalResourceId"], "migration", "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_whose_private_half_is_not_there_is_made_anew() -> Result<()> {
    let here = Here::start().await?;
    let name = here.cloud.model.secrets.iter().find(|name| name.contains("signing")).unwrap();
    // The emulator knows no secret without a value; one that is nobody's current is as good.
    let secrets = &here.cloud.aws.secrets;
    let value = secrets.get_secret_value().secret_id(name).send().await?;
    let remove = secrets.update_secret_version_stage().secret_id(name).version_stage("AWSCURRENT");
    let version = value.version_id().unwrap_or_default();
    remove.remove_from_version_id(version).send().await?;
    let answer = here.invoke("platform-migrate", &json!({})).await?;
    assert_eq!(answer["signingKey"], "made");
    let admin = here.admin().await?;
    let live = "select count(*) from auth.signing_keys where retired_at is null";
    assert_eq!(admin.query_one(live, &[]).await?.get::<_, i64>(0), 1);
    let asha = here.person().await?;
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn after_a_rollback_old_code_leaves_a_newer_schema_alone() -> Result<()> {
    let here = Here::start().await?;
    let newer = "insert into platform.schema_history (version, name, applied_on, checksum)
         values (9999, 'from_the_future', '2026-11-21T10:00:00Z', '1')";
    here.admin().await?.batch_execute(newer).await?;
    let answer = here.invoke("platform-migrate", &json!({})).await?;
    assert_eq!(answer["applied"], json!([]));
    Ok(())
}
