//! Lists what is in migrations/, so that a new file is applied without being named anywhere else, and writes the grants that
//! tables.toml declares as SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// migrations/tables.toml, as far as grants go.
#[derive(Deserialize)]
struct Declaration {
    functions: BTreeMap<String, BTreeSet<String>>,
    #[serde(rename = "readers_of_members")]
    _readers: toml::Table,
    #[serde(flatten)]
    tables: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
struct Table {
    kind: String,
    version: Option<Version>,
    #[serde(default)]
    grants: BTreeMap<String, BTreeSet<String>>,
}

/// The version that a change of a table raises.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Version {
    Ledger,
    Market,
    None,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut text = String::new();
    let mut migrations = sql_files(&root)?;
    migrations.retain(|file| name(file).starts_with('V'));
    migrations.sort_by_key(|file| version(&name(file)));
    // The newest number is the version that the code needs.
    let numbers = migrations.iter().map(|file| version(&name(file)));
    if !numbers.eq(1..=u32::try_from(migrations.len())?) {
        return Err(
            "migrations are numbered from 1 without a gap: V1__tenancy.sql and so on".into()
        );
    }
    list(&mut text, "MIGRATIONS", migrations.iter().map(|file| (name(file), file.clone())))?;
    let mut functions = Vec::new();
    for schema in std::fs::read_dir(root.join("functions"))? {
        let schema = schema?;
        let of = schema.file_name().to_string_lossy().into_owned();
        let files = sql_files(&schema.path())?;
        functions.extend(files.into_iter().map(|file| (format!("{of}.{}", name(&file)), file)));
    }
    functions.sort();
    list(&mut text, "FUNCTIONS", functions.into_iter())?;
    let declaration: Declaration =
        toml::from_str(&std::fs::read_to_string(root.join("tables.toml"))?)?;
    writeln!(text, "const GRANTS: &str = {:?};", grants(&declaration)?)?;
    writeln!(text, "const VERSIONS: &str = {:?};", versions(&declaration)?)?;
    #[expect(clippy::disallowed_methods, reason = "cargo says there where to write")]
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("migrations.rs"), text)?;
    Ok(())
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let files: Vec<PathBuf> = files.collect::<std::io::Result<_>>()?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "sql")).collect())
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The number in `V12__name`.
fn version(name: &str) -> u32 {
    let number = name.trim_start_matches('V').split("__").next().unwrap_or_default();
    number.parse().unwrap_or(u32::MAX)
}

fn list(
    text: &mut String,
    name: &str,
    files: impl Iterator<Item = (String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    writeln!(text, "const {name}: &[(&str, &str)] = &[")?;
    for (name, file) in files {
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    writeln!(text, "];")?;
    Ok(())
}

/// Takes everything in a schema from everybody but its owner, roles that no declaration names any more among them.
const REVOKE: &str = "
do $$
declare
    role text;
begin
    for role in select rolname from pg_roles where rolname ~ '^(km|svc)_' and rolname <> 'OWNER' loop
        execute format('revoke all on schema SCHEMA from %I', role);
        execute format('revoke all on all tables in schema SCHEMA from %I', role);
        execute format('revoke all on all functions in schema SCHEMA from %I', role);
    end loop;
end $$;
";

/// Takes every grant away, and gives those that are declared.
fn grants(declaration: &Declaration) -> Result<String, Box<dyn Error>> {
    let (mut tables, mut functions) = (String::new(), String::new());
    let mut usages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (table, Table { kind, grants, .. }) in &declaration.tables {
        let schema = schema(table);
        if ["identity", "person", "system"].contains(&kind.as_str())
            && !grants.contains_key("km_system")
        {
            writeln!(tables, "grant select, insert, update, delete on {table} to km_system;")?;
            usages.entry(schema).or_default().insert("km_system");
        }
        for (role, privileges) in grants {
            let privileges: Vec<&str> = privileges.iter().map(String::as_str).collect();
            writeln!(tables, "grant {} on {table} to {role};", privileges.join(", "))?;
            usages.entry(schema).or_default().insert(role);
        }
    }
    for (function, roles) in &declaration.functions {
        for role in roles {
            let schema = schema(function);
            let owner = owner(schema);
            writeln!(
                functions,
                "set local role {owner}; grant execute on function {function} to {role};"
            )?;
            usages.entry(schema).or_default().insert(role);
        }
    }
    let mut text = String::new();
    for (schema, roles) in usages {
        writeln!(text, "set local role {};", owner(schema))?;
        text.push_str(&REVOKE.replace("SCHEMA", schema).replace("OWNER", owner(schema)));
        for role in roles {
            writeln!(text, "grant usage on schema {schema} to {role};")?;
        }
    }
    Ok(format!("{text}set local role km_owner;\n{tables}{functions}"))
}

/// The triggers that note a change of what a version is of. A table that no service may forget says which it raises.
fn versions(declaration: &Declaration) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    for (table, Table { kind, version, .. }) in &declaration.tables {
        let has_version = ["tenant", "reference"].contains(&kind.as_str());
        let argument = match version {
            Some(Version::Ledger) if kind == "tenant" => Some("ledger"),
            Some(Version::Market) if kind == "reference" => Some("market"),
            Some(Version::None) if has_version => None,
            None if !has_version => None,
            _ => {
                return Err(format!(
                    "{table}: a tenant table says `version = \"ledger\"` or \"none\", a reference table \
                     \"market\" or \"none\", and no other table has one"
                )
                .into());
            }
        };
        for (event, rows) in [("insert", "new"), ("update", "new"), ("delete", "old")] {
            writeln!(text, "drop trigger if exists marked_by_{event} on {table};")?;
            if let Some(argument) = argument {
                writeln!(
                    text,
                    "create trigger marked_by_{event} after {event} on {table} referencing {rows} table as changed \
                     for each statement execute function tenant.mark_change('{argument}');"
                )?;
            }
        }
    }
    Ok(text)
}

fn schema(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// Who owns what is in a schema: definer functions have an owner of their own.
fn owner(schema: &str) -> &'static str {
    if schema == "tenant" { "km_system" } else { "km_owner" }
}
