//! Template, binaries, events, openapi.json and documents agree one to one.

mod deployment;
mod doors;
mod isolation;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use local::iam::matches;
use local::template::{Function, Model, Surroundings, read};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn template() -> Result<Model> {
    template_with("DatabaseHost", "db")
}

/// The template with a database of the deployer's and one more parameter.
fn template_with(parameter: &str, value: &str) -> Result<Model> {
    let given = [("DatabaseHost", "db"), (parameter, value)];
    let given = given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let here = Surroundings {
        parameters: given.collect(),
        emulator_url: "http://emulator".into(),
        prefix: "kitemate".into(),
    };
    read(&root().join("template.yaml"), &here)
}

/// Names of files with this ending in a folder.
fn names(folder: &Path, ending: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(ending).map(str::to_owned));
    }
    Ok(names)
}

fn binaries() -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for service in std::fs::read_dir(root().join("functions"))? {
        let service = service?;
        let found = names(&service.path().join("src/bin"), ".rs")?;
        let prefix = format!("{}-", service.file_name().to_string_lossy());
        assert!(found.iter().all(|name| name.starts_with(&prefix)), "{found:?} of {prefix}");
        all.extend(found);
    }
    Ok(all)
}

#[test]
fn template_binaries_and_events_agree() -> Result<()> {
    let functions: Vec<String> =
        template()?.functions.into_iter().map(|function| function.name).collect();
    let distinct: BTreeSet<String> = functions.iter().cloned().collect();
    assert_eq!(functions.len(), distinct.len(), "a function stands twice in the template");
    assert_eq!(distinct, binaries()?);
    assert_eq!(distinct, names(&root().join("events"), ".json")?);
    Ok(())
}

#[test]
fn routes_of_the_template_are_those_of_the_contract() -> Result<()> {
    let contract: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("openapi.json"))?)?;
    let mut documented = BTreeSet::new();
    for (path, item) in contract["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let signed = operation["security"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one.get("awsSignature").is_some()));
            let function = operation["operationId"].as_str().unwrap_or_default().to_owned();
            documented.insert((function, method.to_uppercase(), path.clone(), signed));
        }
    }
    let routes = |function: Function| {
        let name = function.name.clone();
        function
            .routes
            .into_iter()
            .map(move |route| (name.clone(), route.method, route.path, route.signed))
    };
    let deployed: BTreeSet<_> = template()?.functions.into_iter().flat_map(routes).collect();
    assert_eq!(deployed, documented);
    Ok(())
}

#[test]
fn what_is_generated_is_up_to_date() -> Result<()> {
    let stale = contract::write(&root(), true)?;
    assert!(stale.is_empty(), "run `cargo run -p contract`: {stale:?}");
    Ok(())
}

#[test]
fn a_service_has_at_most_fifteen_endpoints_and_distinct_reasons() {
    let mut reasons: BTreeSet<&str> =
        shared::problem::reasons::ALL.iter().map(|reason| reason.name).collect();
    for service in contract::services() {
        assert!(service.routes.len() <= 15, "{}", service.name);
        for reason in service.reasons {
            assert!(reasons.insert(reason.name), "{} of {} is taken", reason.name, service.name);
        }
    }
}

#[test]
fn metrics_are_asked_for_every_service() {
    let mut names: Vec<&str> = contract::services().iter().map(|service| service.name).collect();
    names.sort_unstable();
    assert_eq!(names, platform::metrics::SERVICES);
}

#[test]
fn every_function_is_in_the_readme_of_its_service() -> Result<()> {
    for name in binaries()? {
        let (service, _) = name.split_once('-').unwrap_or((&name, ""));
        let readme =
            std::fs::read_to_string(root().join("functions").join(service).join("README.md"))?;
        assert!(
            readme.contains(&format!("`{name}`")),
            "functions/{service}/README.md does not name `{name}`"
        );
    }
    Ok(())
}

/// Which functions may read a secret.
fn readers(of: &str) -> Result<BTreeSet<String>> {
    let model = template()?;
    let secret = model.secrets.iter().find(|name| name.contains(of)).cloned().unwrap_or_default();
    let may = |role: &local::iam::Role| {
        role.allows.iter().any(|allow| {
            matches("secretsmanager:GetSecretValue", &allow.action)
                && matches(&allow.resource, &secret)
        })
    };
    let roles: BTreeSet<&str> =
        model.roles.iter().filter(|role| may(role)).map(|role| role.name.as_str()).collect();
    let functions = model.functions.iter().filter(|one| roles.contains(one.role.as_str()));
    Ok(functions.map(|one| one.name.clone()).collect())
}

#[test]
fn a_secret_is_read_by_the_functions_that_need_it_and_no_others() -> Result<()> {
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let issuers = [
        "auth-exchange",
        "auth-login",
        "auth-oauth-callback",
        "auth-refresh",
        "auth-verify-email",
        "workspaces-switch",
    ];
    assert_eq!(readers("signing-key")?, of(&issuers));
    let sealers = [
        "brokers-connection-expire",
        "brokers-sync-account",
        "brokers-zerodha-callback",
        "brokers-zerodha-disconnect",
        "brokers-zerodha-status",
    ];
    assert_eq!(readers("sealing-key")?, of(&sealers));
    let models = ["chat-ask", "chat-model-get", "chat-model-set", "chat-stream"];
    assert_eq!(readers("models")?, of(&models));
    assert_eq!(
        readers("kite-apps")?,
        of(&["brokers-zerodha-callback", "brokers-zerodha-initiate"])
    );
    Ok(())
}

#[test]
fn a_function_signs_in_to_the_database_as_its_own_service_alone() -> Result<()> {
    let model = template()?;
    for function in &model.functions {
        let service = function.name.split('-').next().unwrap_or_default();
        let role = model.roles.iter().find(|role| role.name == function.role);
        let users: Vec<&str> = role
            .into_iter()
            .flat_map(|role| &role.allows)
            .filter(|allow| allow.action == "rds-db:connect")
            .filter_map(|allow| allow.resource.rsplit('/').next())
            .collect();
        let own = format!("svc_{service}");
        match function.environment.get("DATABASE_USER").map(String::as_str) {
            Some(user) if function.name == "platform-migrate" => assert_eq!(users, [user]),
            Some(user) => {
                assert_eq!((user, users), (own.as_str(), vec![own.as_str()]), "{}", function.name);
            }
            None => assert!(users.is_empty(), "{} needs no database", function.name),
        }
    }
    Ok(())
}
