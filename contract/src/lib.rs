//! openapi.json, api.json, docs/query.md and the HTTP samples in events/, from the services' routes.

mod gateway;
mod openapi;
mod samples;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use aws_lc_rs::digest;
use serde_json::Value;
use shared::Reason;
use shared::http::Route;

/// A service: its name, its routes, and what it refuses with.
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Its routes.
    pub routes: Vec<Route>,
    /// Its reasons.
    pub reasons: &'static [Reason],
}

/// Every service of this workspace.
pub fn services() -> Vec<Service> {
    let service = |name, routes, reasons| Service { name, routes, reasons };
    vec![
        service("access", access::routes(), access::reasons::ALL),
        service("auth", auth::routes(), auth::reasons::ALL),
        service("brokers", brokers::routes(), brokers::reasons::ALL),
        service("platform", platform::routes(), &[]),
        service("portfolio", portfolio::routes(), portfolio::reasons::ALL),
        service("imports", imports::routes(), imports::reasons::ALL),
        service("market", market::routes(), market::REASONS),
        // Its functions are called by queues so far.
        service("notifications", Vec::new(), &[]),
        service("query", query::routes(), query::REASONS),
        service("chat", chat::routes(), chat::REASONS),
        service("transactions", transactions::routes(), transactions::reasons::ALL),
        service("workspaces", workspaces::routes(), workspaces::reasons::ALL),
    ]
}

/// What is generated, by its path in the checkout.
pub fn generate() -> Result<BTreeMap<String, String>> {
    let services = services();
    let contract = openapi::document(&services)?;
    let mut files: BTreeMap<String, String> = samples::events(&contract)?
        .into_iter()
        .map(|(function, event)| Ok((format!("events/{function}.json"), pretty(&event)?)))
        .collect::<Result<_>>()?;
    files.insert("api.json".into(), pretty(&gateway::body(&services, &contract)?)?);
    files.insert("openapi.json".into(), pretty(&contract)?);
    files.insert("docs/query.md".into(), portfolio_query::reference());
    Ok(files)
}

/// template.yaml with the hash of the migrations, whose change makes CloudFormation run them.
fn template(root: &Path) -> Result<String> {
    let (mut names, mut folders) = (Vec::new(), vec![root.join("migrations")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { names.push(path) }
        }
    }
    names.sort();
    let mut all = Vec::new();
    for file in names {
        all.extend(std::fs::read(file)?);
    }
    let hash = digest::digest(&digest::SHA256, &all);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let text = std::fs::read_to_string(root.join("template.yaml"))?;
    let lines = text.lines().map(|line| match line.split_once("MigrationsSha256: ") {
        Some((indent, _)) => format!("{indent}MigrationsSha256: {hash}\n"),
        None => format!("{line}\n"),
    });
    Ok(lines.collect())
}

fn pretty(value: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes what differs and answers its paths; with `check` it only answers them.
pub fn write(root: &Path, check: bool) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    let mut files = generate()?;
    files.insert("template.yaml".into(), template(root)?);
    for (path, text) in files {
        let file = root.join(&path);
        if std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
            continue;
        }
        if !check {
            std::fs::write(&file, text)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        stale.push(path);
    }
    Ok(stale)
}
