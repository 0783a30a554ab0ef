//! The catalogue and the grants are as migrations/tables.toml declares them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;
use testkit::Here;
use tokio_postgres::Client;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) grants: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Tenant,
    Person,
    Personal,
    Identity,
    System,
    Reference,
}

const SERVICES: [&str; 7] = [
    "svc_access",
    "svc_auth",
    "svc_brokers",
    "svc_platform",
    "svc_portfolio",
    "svc_transactions",
    "svc_workspaces",
];
/// Privileges a service may have on a table; more than these nobody has.
const PRIVILEGES: [&str; 7] =
    ["select", "insert", "update", "delete", "truncate", "references", "trigger"];

pub(crate) fn declared() -> Result<BTreeMap<String, Table>> {
    Ok(toml::from_str(include_str!("../../../../migrations/tables.toml"))?)
}

/// Every table that is ours, as `schema.table`.
async fn tables(admin: &Client) -> Result<BTreeSet<String>> {
    let rows = admin
        .query(
            "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

#[tokio::test]
async fn every_table_is_declared_and_every_declared_table_is_there() -> Result<()> {
    let here = Here::start().await?;
    let there = tables(&here.admin().await?).await?;
    assert_eq!(there, declared()?.into_keys().collect());
    Ok(())
}

/// What is not as the kinds of the tables want it.
pub(crate) async fn faults(admin: &Client) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (name, table) in declared()? {
        let row = admin
            .query_one(
                "select relrowsecurity and relforcerowsecurity as walled, pg_get_userbyid(relowner) as owner,
                        (select count(*) from pg_policy p where p.polrelid = c.oid and 0 = any (p.polroles)
                             and pg_get_expr(p.polqual, p.polrelid) like '%app.workspace_id%'
                             and pg_get_expr(p.polwithcheck, p.polrelid) like '%app.workspace_id%') as tenant_policies,
                        (select count(*) from pg_policy p where p.polrelid = c.oid and 0 = any (p.polroles)
                             and pg_get_expr(p.polqual, p.polrelid) like '%app.user_id%'
                             and pg_get_expr(p.polwithcheck, p.polrelid) like '%app.user_id%') as person_policies,
                        (select count(*) from pg_policy p where p.polrelid = c.oid and 0 = any (p.polroles)) as public_policies
                 from pg_class c where c.oid = $1::text::regclass",
                &[&name],
            )
            .await?;
        let (walled, owner): (bool, &str) = (row.get("walled"), row.get("owner"));
        let (of_tenants, of_all): (i64, i64) =
            (row.get("tenant_policies"), row.get("public_policies"));
        let of_people: i64 = row.get("person_policies");
        let fault = match table.kind {
            _ if owner != "km_owner" => Some("has another owner"),
            kind if walled != (kind != Kind::Reference) => Some("has row-level security wrong"),
            Kind::Tenant if (of_tenants, of_all) != (1, 1) => {
                Some("has other policies than its own")
            }
            Kind::Personal if (of_tenants, of_people, of_all) != (1, 1, 1) => {
                Some("has other policies than its own")
            }
            Kind::Identity if of_all != 0 => Some("is open to somebody"),
            Kind::Identity if !table.grants.is_empty() => Some("is for definer functions only"),
            _ => None,
        };
        faults.extend(fault.map(|fault| format!("{name} {fault}")));
    }
    Ok(faults)
}

#[tokio::test]
async fn row_level_security_is_as_each_tables_kind_wants_it() -> Result<()> {
    let here = Here::start().await?;
    assert_eq!(faults(&here.admin().await?).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn keys_of_tenant_tables_begin_with_the_workspace() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    for (name, _) in declared()?
        .into_iter()
        .filter(|(_, table)| matches!(table.kind, Kind::Tenant | Kind::Personal))
    {
        // Unique and foreign keys are checked past the policies: a global one would leak.
        let rows = admin
            .query(
                "select conname, (select array_agg(attname::text) from pg_attribute a
                                  where a.attrelid = conrelid and a.attnum = any (conkey)) as columns
                 from pg_constraint where conrelid = $1::text::regclass and contype in ('p', 'u', 'f')",
                &[&name],
            )
            .await?;
        for row in &rows {
            let columns: Vec<String> = row.get("columns");
            assert!(
                columns.contains(&"workspace_id".to_owned()),
                "{name}: {}",
                row.get::<_, &str>("conname")
            );
        }
        assert!(!rows.is_empty(), "{name} has no key");
    }
    Ok(())
}

#[tokio::test]
async fn grants_are_exactly_the_declared_ones() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    for (name, table) in declared()? {
        for service in SERVICES {
            for privilege in PRIVILEGES {
                let row = admin
                    .query_one(
                        "select has_table_privilege($1, $2, $3)",
                        &[&service, &name, &privilege],
                    )
                    .await?;
                let declared =
                    table.grants.get(service).is_some_and(|grants| grants.contains(privilege));
                assert_eq!(row.get::<_, bool>(0), declared, "{service} {privilege} {name}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn nobody_bypasses_row_level_security_and_definer_functions_have_a_fixed_path() -> Result<()>
{
    let here = Here::start().await?;
    let admin = here.admin().await?;
    let rows = admin
        .query("select rolname from pg_roles where rolname ~ '^(km|svc)_' and (rolbypassrls or rolsuper or rolcreaterole)", &[])
        .await?;
    assert!(rows.is_empty(), "{rows:?}");
    let rows = admin
        .query(
            "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where p.prosecdef and n.nspname !~ '^pg_'
               and (p.proconfig is null or not 'search_path=pg_catalog, pg_temp' = any (p.proconfig)
                    or has_function_privilege('public', p.oid, 'execute'))",
            &[],
        )
        .await?;
    assert!(rows.is_empty(), "{rows:?}");
    Ok(())
}

#[tokio::test]
async fn tenant_columns_exist_where_they_are_needed() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    for (name, table) in declared()? {
        let row = admin
            .query_opt(
                "select attnotnull from pg_attribute where attrelid = $1::text::regclass and attname = 'workspace_id'",
                &[&name],
            )
            .await?;
        if matches!(table.kind, Kind::Tenant | Kind::Personal) {
            assert!(
                row.with_context(|| name.clone())?.get::<_, bool>(0),
                "{name}.workspace_id may be null"
            );
        } else if table.kind == Kind::Reference {
            assert!(row.is_none(), "{name} is the same for every workspace");
        }
    }
    Ok(())
}
