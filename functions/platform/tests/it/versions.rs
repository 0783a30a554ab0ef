//! Versions of what figures are worked out from.

use anyhow::Result;
use testkit::{Form, Here};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::catalogue::declared;

async fn version(admin: &Client, workspace: Option<Uuid>) -> Result<i64> {
    let sql = "select version from shared.versions where workspace_id is not distinct from $1";
    let row = admin.query_opt(sql, &[&workspace]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

#[tokio::test]
async fn a_change_of_every_declared_table_is_marked_and_of_no_other() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    for (name, table) in declared()? {
        let sql = "select tgname::text from pg_trigger where tgrelid = $1::text::regclass and tgname ~ '^marked_by_' order by 1";
        let rows = admin.query(sql, &[&name]).await?;
        let marks: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        let raises = table.version.as_deref().is_some_and(|version| version != "none");
        let expected: &[&str] = match raises {
            true => &["marked_by_delete", "marked_by_insert", "marked_by_update"],
            false => &[],
        };
        assert_eq!(marks, expected, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_committed_raises_a_version_once_and_what_is_undone_does_not() -> Result<()> {
    let here = Here::start().await?;
    let mut admin = here.admin().await?;
    let asha = here.person().await?;
    let of = Some(asha.workspace_id);
    let import = here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    assert_eq!(import.status, 200, "{}", import.body);
    let imported = version(&admin, of).await?;
    assert!(imported > 0);
    here.get("/v1/portfolio/holdings", &asha).await?;
    assert_eq!(version(&admin, of).await?, imported, "a read");
    let label = "update brokers.accounts set label = label || '!' where workspace_id = $1";
    let two = admin.transaction().await?;
    two.execute(label, &[&asha.workspace_id]).await?;
    two.execute("delete from brokers.account_links where workspace_id = $1", &[&asha.workspace_id])
        .await?;
    two.execute(label, &[&asha.workspace_id]).await?;
    two.commit().await?;
    assert_eq!(version(&admin, of).await?, imported + 1);
    let undone = admin.transaction().await?;
    undone.execute(label, &[&asha.workspace_id]).await?;
    undone.rollback().await?;
    let none = "update brokers.accounts set label = '' where workspace_id = $1";
    admin.execute(none, &[&Uuid::now_v7()]).await?;
    assert_eq!(version(&admin, of).await?, imported + 1);
    let left = admin.query("select from shared.changes", &[]).await?;
    assert!(left.is_empty(), "what was marked is raised and gone");
    Ok(())
}

#[tokio::test]
async fn writers_of_one_workspace_wait_for_each_other_only_to_commit() -> Result<()> {
    let here = Here::start().await?;
    let (mut one, mut other) = (here.admin().await?, here.admin().await?);
    let asha = here.person().await?;
    let begin = "insert into brokers.accounts (workspace_id, account_id, broker, client_id, label)
                 values ($1, $2, 'zerodha', $3, '')";
    let (first, second) = (one.transaction().await?, other.transaction().await?);
    first.execute(begin, &[&asha.workspace_id, &Uuid::now_v7(), &"AB1001"]).await?;
    second.execute(begin, &[&asha.workspace_id, &Uuid::now_v7(), &"AB1002"]).await?;
    second.commit().await?;
    first.commit().await?;
    assert_eq!(version(&one, Some(asha.workspace_id)).await?, 2);
    Ok(())
}

#[tokio::test]
async fn prices_that_are_replaced_on_their_day_raise_the_version_of_the_market() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    here.load_prices().await?;
    let loaded = version(&admin, None).await?;
    assert!(loaded > 0);
    let workspace = here.person().await?.workspace_id;
    admin.execute("update market.prices set close = close + 1", &[]).await?;
    assert_eq!(version(&admin, None).await?, loaded + 1, "quotes follow in the same transaction");
    assert_eq!(version(&admin, Some(workspace)).await?, 0);
    Ok(())
}
