//! Direct SQL as each service, over every table of somebody else's: nothing is read, nothing is written. And proof that
//! these tests would notice: each wall is taken down in turn, and each time they are red.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::{Here, Tenant};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::catalogue::{Kind, Table, declared, faults};

/// Puts a row of everything that no route makes into a tenant's workspace.
async fn filled(here: &Here) -> Result<Tenant> {
    let tenant = here.tenant().await?;
    let (workspace, account) =
        (tenant.owner().workspace_id, tenant.ids["accountId"].as_str().context("an account")?);
    here.admin()
        .await?
        .batch_execute(&format!(
            "insert into portfolio.account_values (workspace_id, account_id, day, value, invested, holdings, unpriced)
             values ('{workspace}', '{account}', '2026-11-20', 1, 1, 1, 0);
             insert into market.asset_kinds (workspace_id, isin, from_on, kind, set_by)
             values ('{workspace}', 'INE002A01018', '2026-11-20', 'listed_share', '{workspace}');
             insert into brokers.account_links (workspace_id, kind, id, account_id)
             values ('{workspace}', 'demat', 'IN30039412345678', '{account}');
             insert into imports.folio_units (workspace_id, import_id, account_id, isin, folio, name, statement_on, units)
             select workspace_id, import_id, account_id, 'INF204KB14I2', '1', 'Fund', '2026-11-20', 1 from imports.imports
             where workspace_id = '{workspace}' limit 1;
             insert into imports.stated_gains (workspace_id, import_id, account_id, from_on, to_on, whole, exits)
             select workspace_id, import_id, account_id, '2025-04-01', '2026-03-31', true, '[]' from imports.imports
             where workspace_id = '{workspace}' limit 1;
             insert into brokers.syncs (workspace_id, account_id, day, tried_at) values ('{workspace}', '{account}', '2026-11-20', now());
             insert into portfolio.snapshots (workspace_id, day, value, invested, unrealised_gain, day_change, holdings, unpriced)
             values ('{workspace}', '2026-11-20', 1, 1, 0, 0, 1, 0);
             insert into shared.event_claims (workspace_id, consumer, event_id) values ('{workspace}', 'test', '{workspace}');
             insert into shared.idempotency_keys (workspace_id, user_id, route, key, body_sha256)
             values ('{workspace}', '{workspace}', 'test', 'test', '')"
        ))
        .await?;
    Ok(tenant)
}

/// Two tenants, and what tries to get from one to the other.
struct Siege {
    here: Here,
    admin: Client,
    theirs: Tenant,
    own: Tenant,
}

impl Siege {
    async fn begin() -> Result<Self> {
        let here = Here::start().await?;
        let (theirs, own) = (filled(&here).await?, filled(&here).await?);
        Ok(Self { admin: here.admin().await?, here, theirs, own })
    }

    /// Which rows of a table are theirs: by workspace, or by person where it has no workspace.
    async fn of_theirs(&self, table: &str) -> Result<(&'static str, Vec<Uuid>)> {
        let sql = "select count(*) from pg_attribute where attrelid = $1::text::regclass and attname = 'workspace_id'";
        let has: i64 = self.admin.query_one(sql, &[&table]).await?.get(0);
        let people = self.theirs.people.iter().map(|one| one.user_id).collect();
        Ok(match has {
            0 => ("user_id", people),
            _ => ("workspace_id", vec![self.theirs.owner().workspace_id]),
        })
    }

    /// What services could do in a table that is not theirs; empty when the wall holds.
    async fn breaches(&self, name: &str, table: &Table) -> Result<Vec<String>> {
        let (column, ids) = self.of_theirs(name).await?;
        let sql = format!("select to_jsonb(x) from {name} x where {column} = any ($1) limit 1");
        let row = self.admin.query_opt(&sql, &[&ids]).await?;
        let row: Value = row.with_context(|| format!("{name} has no row to try"))?.get(0);
        let mut found = Vec::new();
        for (service, grants) in table.services() {
            let client = self.here.service(service).await?;
            let nowhere = ("", String::new(), String::new());
            let owner = self.own.owner();
            let elsewhere =
                (" elsewhere", owner.workspace_id.to_string(), owner.user_id.to_string());
            let theirs = self.theirs.owner().workspace_id.to_string();
            // Another member of the same workspace, even an admin, is as far from a person's rows as anybody.
            let beside = (" beside", theirs, self.theirs.people[1].user_id.to_string());
            let mut places = vec![nowhere, elsewhere];
            places.extend((table.kind == Kind::Personal).then_some(beside));
            for (place, workspace, user) in places {
                for grant in grants {
                    let begin = format!(
                        "begin; set local app.workspace_id = '{workspace}'; set local app.user_id = '{user}'"
                    );
                    client.batch_execute(&begin).await?;
                    let through = match grant.as_str() {
                        "insert" => inserted(&client, name, &row).await?,
                        "select" => {
                            touched(&client, &format!("select 1 from {name}"), column, &ids).await?
                        }
                        "update" => {
                            let update = format!("update {name} set {column} = {column}");
                            touched(&client, &update, column, &ids).await?
                                || moved(&client, name, &ids).await?
                        }
                        _ => touched(&client, &format!("delete from {name}"), column, &ids).await?,
                    };
                    client.batch_execute("rollback").await?;
                    found.extend(through.then(|| format!("{service}{place} {grant} {name}")));
                }
            }
        }
        Ok(found)
    }

    /// Whether anything of the suite is red.
    async fn is_red(&self, name: &str, table: &Table) -> Result<bool> {
        Ok(!self.breaches(name, table).await?.is_empty() || !faults(&self.admin).await?.is_empty())
    }
}

/// What comes of a statement, which is undone either way.
async fn tried(
    client: &Client,
    sql: &str,
    parameter: &(dyn ToSql + Sync),
) -> Result<Result<u64, tokio_postgres::Error>> {
    client.batch_execute("savepoint before").await?;
    let outcome = client.execute(&format!("{sql} /* refused on purpose */"), &[parameter]).await;
    client.batch_execute("rollback to savepoint before").await?;
    Ok(outcome)
}

/// Whether a statement reaches a row of theirs. One that is refused by a policy has written nothing.
async fn touched(client: &Client, statement: &str, column: &str, ids: &[Uuid]) -> Result<bool> {
    match tried(client, &format!("{statement} where {column} = any ($1)"), &ids).await? {
        Ok(rows) => Ok(rows > 0),
        refused => past_the_policy(refused),
    }
}

/// Whether a row of theirs can be written: anything but a refusal by the policy has got past it.
async fn inserted(client: &Client, table: &str, row: &Value) -> Result<bool> {
    let sql = format!("insert into {table} select * from jsonb_populate_record(null::{table}, $1)");
    past_the_policy(tried(client, &sql, row).await?)
}

/// Whether a row of one's own can be moved to them.
async fn moved(client: &Client, table: &str, ids: &[Uuid]) -> Result<bool> {
    match tried(client, &format!("update {table} set workspace_id = $1"), &ids[0]).await? {
        // Nothing of one's own is seen, so nothing moves.
        Ok(0) => Ok(false),
        moving => past_the_policy(moving),
    }
}

fn past_the_policy(outcome: Result<u64, tokio_postgres::Error>) -> Result<bool> {
    let refused = outcome.as_ref().err().and_then(tokio_postgres::Error::code);
    Ok(refused != Some(&SqlState::INSUFFICIENT_PRIVILEGE))
}

#[tokio::test]
async fn a_service_neither_reads_nor_writes_what_is_somebody_elses() -> Result<()> {
    let siege = Siege::begin().await?;
    let mut tried = 0;
    for (name, table) in declared()? {
        if table.kind != Kind::Reference && table.services().next().is_some() {
            assert_eq!(siege.breaches(&name, &table).await?, Vec::<String>::new());
            tried += table.services().map(|(_, grants)| 2 * grants.len()).sum::<usize>();
        }
    }
    assert!(tried > 60, "{tried} ways were tried");
    Ok(())
}

#[tokio::test]
async fn each_wall_that_is_taken_down_turns_the_suite_red() -> Result<()> {
    let siege = Siege::begin().await?;
    let of_workspace = "workspace_id = tenant.workspace()";
    let of_person = "user_id = tenant.person()";
    for (name, table) in declared()? {
        let (policy, wall) = match table.kind {
            Kind::Tenant => ("tenant", of_workspace.to_owned()),
            Kind::Personal => ("personal", format!("{of_workspace} and {of_person}")),
            _ => continue,
        };
        assert!(!siege.is_red(&name, &table).await?, "{name} is green to begin with");
        let by_workspace_alone = (
            format!(
                "alter policy {policy} on {name} using ({of_workspace}) with check ({of_workspace})"
            ),
            format!("alter policy {policy} on {name} using ({wall}) with check ({wall})"),
        );
        let mut mutations = vec![
            (
                format!("alter policy {policy} on {name} using (true)"),
                format!("alter policy {policy} on {name} using ({wall})"),
            ),
            (
                format!("alter policy {policy} on {name} with check (true)"),
                format!("alter policy {policy} on {name} with check ({wall})"),
            ),
            (
                format!("alter table {name} disable row level security"),
                format!("alter table {name} enable row level security"),
            ),
        ];
        mutations.extend((table.kind == Kind::Personal).then_some(by_workspace_alone));
        for (mutate, mend) in &mutations {
            siege.admin.batch_execute(mutate).await?;
            let red = siege.is_red(&name, &table).await?;
            // By what services can do, too, not by the look of the policy alone.
            let granted = |which: &[&str]| {
                table.services().any(|(_, all)| which.iter().any(|one| all.contains(*one)))
            };
            let writes = mutate.contains("with check");
            let behaves = if writes {
                granted(&["insert", "update"])
            } else {
                granted(&["select", "update", "delete"])
            };
            let breaches = siege.breaches(&name, &table).await?;
            siege.admin.batch_execute(mend).await?;
            ensure!(red, "nobody noticed: {mutate}");
            ensure!(!behaves || !breaches.is_empty(), "only the catalogue noticed: {mutate}");
        }
    }
    Ok(())
}
