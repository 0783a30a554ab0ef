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
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) grants: BTreeMap<String, BTreeSet<String>>,
}

impl Table {
    /// What each service may do; `km_system` crosses walls, and no service is it.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&String, &BTreeSet<String>)> {
        self.grants.iter().filter(|(role, _)| role.as_str() != "km_system")
    }
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

/// The roles that rights are granted to; km_owner owns tables and has them all.
const ROLES: [&str; 13] = [
    "km_system",
    "svc_access",
    "svc_auth",
    "svc_brokers",
    "svc_chat",
    "svc_imports",
    "svc_market",
    "svc_notifications",
    "svc_platform",
    "svc_portfolio",
    "svc_query",
    "svc_transactions",
    "svc_workspaces",
];
/// Privileges a service may have on a table; more than these nobody has.
const PRIVILEGES: [&str; 7] =
    ["select", "insert", "update", "delete", "truncate", "references", "trigger"];

/// migrations/tables.toml.
#[derive(Debug, Deserialize)]
struct Declaration {
    /// Which services may call each function; one that none is named for is called by functions and triggers alone.
    functions: BTreeMap<String, BTreeSet<String>>,
    /// Why a function reads members itself, instead of asking `tenant.places` who may enter.
    readers_of_members: BTreeMap<String, String>,
    #[serde(flatten)]
    tables: BTreeMap<String, Table>,
}

fn declaration() -> Result<Declaration> {
    Ok(toml::from_str(include_str!("../../../../migrations/tables.toml"))?)
}

pub(crate) fn declared() -> Result<BTreeMap<String, Table>> {
    Ok(declaration()?.tables)
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
                             and pg_get_expr(p.polqual, p.polrelid) like '%tenant.workspace()%'
                             and pg_get_expr(p.polwithcheck, p.polrelid) like '%tenant.workspace()%') as tenant_policies,
                        (select count(*) from pg_policy p where p.polrelid = c.oid and 0 = any (p.polroles)
                             and pg_get_expr(p.polqual, p.polrelid) like '%tenant.person()%'
                             and pg_get_expr(p.polwithcheck, p.polrelid) like '%tenant.person()%') as person_policies,
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
            Kind::Identity if table.services().next().is_some() => {
                Some("is for definer functions only")
            }
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
        let undeclared = |role: &str, privilege: &str| {
            let crossed = [Kind::Identity, Kind::Person, Kind::System].contains(&table.kind);
            role == "km_system" && crossed && PRIVILEGES[..4].contains(&privilege)
        };
        for role in ROLES {
            for privilege in PRIVILEGES {
                let row = admin
                    .query_one(
                        "select has_table_privilege($1, $2, $3)",
                        &[&role, &name, &privilege],
                    )
                    .await?;
                let declared = match table.grants.get(role) {
                    Some(grants) => grants.contains(privilege),
                    None => undeclared(role, privilege),
                };
                assert_eq!(row.get::<_, bool>(0), declared, "{role} {privilege} {name}");
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

/// Every function that is ours, as `schema.name`, and the text of its body.
async fn functions(admin: &Client) -> Result<Vec<(String, String)>> {
    let rows = admin
        .query(
            "select n.nspname || '.' || p.proname, p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public') order by 1",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

#[tokio::test]
async fn functions_are_granted_to_exactly_the_declared_services() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    let rows = admin
        .query(
            "select n.nspname || '.' || p.proname,
                    array(select s from unnest($1::text[]) s where has_function_privilege(s, p.oid, 'execute'))
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public')
               and p.prokind = 'f'",
            &[&ROLES[1..].iter().map(|role| (*role).to_owned()).collect::<Vec<_>>()],
        )
        .await?;
    let granted: BTreeMap<String, BTreeSet<String>> = rows
        .iter()
        .map(|row| (row.get(0), row.get::<_, Vec<String>>(1).into_iter().collect()))
        .collect();
    let declared = declaration()?.functions;
    for (name, services) in &granted {
        let mut roles =
            declared.get(name).with_context(|| format!("{name} is not declared"))?.clone();
        // Whoever makes a trigger may call its function.
        roles.remove("km_owner");
        assert_eq!(&roles, services, "{name}");
    }
    assert_eq!(granted.len(), declared.len(), "a function is declared that is not there");
    Ok(())
}

/// The text of everything that may call a function of the database: the code of the services, and its own functions.
fn sources() -> Result<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("shared/src"), root.join("stores/src")];
    for service in std::fs::read_dir(root.join("functions"))? {
        folders.push(service?.path().join("src"));
    }
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(&std::fs::read_to_string(path)?);
            }
        }
    }
    Ok(text)
}

#[tokio::test]
async fn every_function_has_one_form_and_somebody_who_calls_it() -> Result<()> {
    let here = Here::start().await?;
    let admin = here.admin().await?;
    let all = functions(&admin).await?;
    let mut callers = sources()?;
    for (_, body) in &all {
        callers.push_str(body);
    }
    let rows = admin
        .query(
            "select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
             union all select pg_get_expr(polqual, polrelid) from pg_policy where polqual is not null",
            &[],
        )
        .await?;
    rows.iter().for_each(|row| callers.push_str(row.get(0)));
    let mut seen = BTreeSet::new();
    for (name, _) in &all {
        assert!(seen.insert(name.clone()), "{name} has two forms: the older one skips later rules");
        let called = callers.contains(&format!("{name}(")) || name.starts_with("platform.protect_");
        assert!(called, "nobody calls {name}");
    }
    Ok(())
}

#[tokio::test]
async fn who_may_enter_is_asked_of_one_function_alone() -> Result<()> {
    let here = Here::start().await?;
    let all = functions(&here.admin().await?).await?;
    let readers: BTreeSet<&str> = all
        .iter()
        .filter(|(_, body)| body.contains("workspaces.members"))
        .map(|(name, _)| name.as_str())
        .collect();
    let declared = declaration()?.readers_of_members;
    let declared: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
    assert_eq!(
        readers, declared,
        "a function that reads members either asks tenant.places, or says why it does not"
    );
    Ok(())
}
