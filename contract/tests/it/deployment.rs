//! The templates: what they promise of the deployment, and what the guide says of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use shared::events::Queue;

use super::{root, template, template_with};

/// Services by their names, with their templates.
fn services() -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for service in std::fs::read_dir(root().join("functions"))? {
        let service = service?;
        let text = std::fs::read_to_string(service.path().join("template.yaml"))?;
        all.insert(service.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(all)
}

/// The lines of a resource, or of whatever else begins with its name by two spaces.
fn block<'a>(text: &'a str, id: &str) -> Vec<&'a str> {
    let begins = format!("  {id}:");
    let lines = text.lines().skip_while(|line| *line != begins).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with("   ")).collect()
}

#[test]
fn a_service_waits_for_the_migration_and_is_given_what_every_other_is() -> Result<()> {
    let text = std::fs::read_to_string(root().join("template.yaml"))?;
    let api = block(&text, "Api").join("\n");
    let mut shared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (service, template) in services()? {
        let id = service[..1].to_uppercase() + &service[1..];
        let stack = block(&text, &id);
        assert!(stack.contains(&"    DependsOn: Migration"), "{service} does not wait");
        assert!(api.contains(&id), "the API does not wait for {service}");
        let location = format!("      Location: functions/{service}/template.yaml");
        assert!(stack.contains(&location.as_str()), "{service}");
        for line in stack.iter().filter_map(|line| line.strip_prefix("        ")) {
            let (name, value) = line.split_once(": ").context("a parameter")?;
            shared.entry(name.to_owned()).or_default().insert(value.to_owned());
        }
        let alarms = format!(
            "  {id}Alarms:\n    Type: AWS::Serverless::Application\n    Properties:\n      \
             Location: ../../deploy/alarms.yaml\n      Parameters: {{Stack: !Ref Stack, Service: {service}, \
             LogGroup: !Ref {id}Logs, AlarmTopic: !Ref AlarmTopic}}\n"
        );
        assert!(template.contains(&alarms), "{service} has no alarms");
        assert!(
            template.contains(&format!("      LogGroupName: !Sub \"/${{Stack}}/{service}\"\n"))
        );
    }
    let differing: Vec<_> = shared.into_iter().filter(|(_, values)| values.len() > 1).collect();
    assert!(differing.is_empty(), "services are given different things by one name: {differing:?}");
    Ok(())
}

#[test]
fn what_services_have_in_common_stands_alike_in_each() -> Result<()> {
    let mut commons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (service, template) in services()? {
        let between = |from: &str, to: &str| {
            let (_, rest) = template.split_once(from).unwrap_or_default();
            rest.split(to).next().unwrap_or_default().to_owned()
        };
        let id = service[..1].to_uppercase() + &service[1..];
        let globals = between("\nGlobals:\n", "        DATABASE_ADDRESS:")
            .replace(&format!("{id}Logs"), "Logs");
        let parameters = between("\nParameters:\n", "  Concurrency:");
        commons.entry(globals + &parameters).or_default().push(service);
    }
    let groups: Vec<_> = commons.values().collect();
    assert_eq!(groups.len(), 1, "these differ in what all have in common: {groups:?}");
    Ok(())
}

#[test]
fn every_queue_has_its_dead_letters_its_alarms_and_one_consumer() -> Result<()> {
    let model = template()?;
    let consumers: Vec<&str> =
        model.functions.iter().filter_map(|one| Some(one.queue.as_ref()?.queue.as_str())).collect();
    let (queues, dead): (Vec<_>, Vec<_>) =
        model.queues.iter().partition(|queue| queue.redrive.is_some());
    for queue in &queues {
        assert_eq!(
            consumers.iter().filter(|name| **name == queue.name).count(),
            1,
            "{}",
            queue.name
        );
        let name = format!("{}-dead-letters", queue.name);
        assert!(dead.iter().any(|one| one.name == name), "{name}");
        let consumer = model
            .functions
            .iter()
            .find(|one| one.queue.as_ref().is_some_and(|trigger| trigger.queue == queue.name));
        let longest = consumer.context("a consumer")?.timeout.as_secs();
        assert!(u64::from(queue.visibility_s) >= 6 * longest, "{}", queue.name);
    }
    assert_eq!(dead.len(), queues.len(), "queues are made by deploy/queue.yaml, alarms included");
    for queue in Queue::ALL {
        let name = format!("kitemate-{}", queue.name());
        assert!(queues.iter().any(|one| one.name == name), "there is no {name}");
    }
    Ok(())
}

#[test]
fn names_fit_with_the_longest_name_that_a_stack_may_have() -> Result<()> {
    let model = template()?;
    // The guide tells how long a stack's name may be.
    let longest = |name: &str| name.len() - "kitemate".len() + 28;
    for function in &model.functions {
        let name = function.arn.rsplit(':').next().unwrap_or_default();
        assert!(longest(name) <= 64, "{name}");
    }
    for queue in &model.queues {
        assert!(longest(&queue.name) <= 80, "{}", queue.name);
    }
    Ok(())
}

#[test]
fn functions_never_open_more_connections_than_a_database_of_the_deployer_has() -> Result<()> {
    let guide = std::fs::read_to_string(root().join("docs/deployment.md"))?;
    for connections in [200, 400, 800, 1600] {
        let functions = template_with("DatabaseConnections", &connections.to_string())?.functions;
        let users = functions.iter().filter(|one| one.environment.contains_key("DATABASE_USER"));
        // One migrates, as the administrator.
        let users = users.filter(|one| one.name != "platform-migrate");
        let places: Vec<usize> = users.filter_map(|one| one.reserved).collect();
        let (sum, each) = (places.iter().sum::<usize>() + 1, places.iter().min().context("some")?);
        assert!(sum <= connections, "{sum} is more than {connections}");
        // And the hundred that Lambda keeps for functions without a reservation.
        let quota = functions.iter().filter_map(|one| one.reserved).sum::<usize>() + 100;
        let row = format!("| {connections} | {each} | {sum} | {quota} |");
        assert!(guide.contains(&row), "docs/deployment.md is to have the row {row}");
    }
    let shared = template_with("DatabaseConnections", "proxied")?.functions;
    let reserved = shared.iter().filter(|one| one.reserved.is_some());
    let reserved: Vec<&str> = reserved.map(|one| one.name.as_str()).collect();
    assert_eq!(reserved, ["chat-stream"], "a proxy shares them out, and streams have their own");
    Ok(())
}

#[test]
fn every_path_answers_preflights_and_only_public_ones_let_pages_of_any_origin_read() -> Result<()> {
    let api = template()?.api;
    let paths: BTreeSet<&str> = api.routes.iter().map(|route| route.path.as_str()).collect();
    assert_eq!(paths, api.preflights.keys().map(String::as_str).collect());
    let public = api.preflights.iter().filter(|(_, preflight)| preflight.origins.is_none());
    let public: Vec<&str> = public.map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        public,
        [
            "/.well-known/jwks.json",
            "/docs",
            "/docs/{file}",
            "/health",
            "/openapi.json",
            "/v1/query/schema"
        ]
    );
    for path in public {
        let any = ("Access-Control-Allow-Origin".to_owned(), "*".to_owned());
        assert!(api.preflights[path].headers.contains(&any), "{path}");
    }
    Ok(())
}

#[test]
fn the_dashboard_is_json() -> Result<()> {
    let text = std::fs::read_to_string(root().join("template.yaml"))?;
    let body = text.split("DashboardBody: !Sub |\n").nth(1).unwrap_or_default();
    let body = body.split("\n\n").next().unwrap_or_default();
    let body =
        body.replace("${AWS::Region}", "ap-south-1").replace("${AWS::StackName}", "kitemate-dev");
    let board: serde_json::Value = serde_json::from_str(&body)?;
    assert!(
        board["widgets"].as_array().is_some_and(|widgets| widgets.len() > 5)
            && !body.contains("${")
    );
    Ok(())
}

/// Whether a metric filter of optional terms, `?"one" ?"other"`, takes a line: any of them is in it, cases told apart.
fn takes(pattern: &str, line: &str) -> bool {
    let mut terms = pattern.split('?').skip(1).map(|term| term.trim().trim_matches('"'));
    terms.any(|term| line.contains(term))
}

#[test]
fn what_lambda_ends_is_counted_from_its_own_log_lines() -> Result<()> {
    let text = std::fs::read_to_string(root().join("deploy/alarms.yaml"))?;
    let mut lines = text.lines();
    let pattern =
        lines.find_map(|line| line.trim().strip_prefix("FilterPattern: '")?.strip_suffix('\''));
    let pattern = pattern.context("a filter")?;
    for ended in [
        "2026-11-30T09:00:00.000Z 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a Task timed out after 29.03 seconds",
        "RequestId: 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a Error: Runtime exited with error: signal: killed",
        "RequestId: 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a Error: Runtime exited with error: exit status 101",
        "REPORT RequestId: 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a\tDuration: 812.40 ms\tBilled Duration: 813 ms\t\
         Memory Size: 256 MB\tMax Memory Used: 256 MB\tStatus: error\tError Type: Runtime.OutOfMemory",
    ] {
        assert!(takes(pattern, ended), "{ended}");
    }
    for fine in [
        "START RequestId: 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a Version: $LATEST",
        "END RequestId: 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a",
        "REPORT RequestId: 7d4e7a6c-5a1c-4f0e-9d53-3c0a6a4e3b8a\tDuration: 12.40 ms\tBilled Duration: 13 ms\t\
         Memory Size: 256 MB\tMax Memory Used: 31 MB",
        r#"{"level":"INFO","message":"invocation ended","outcome":"timeout","service":"imports"}"#,
    ] {
        assert!(!takes(pattern, fine), "{fine}");
    }
    Ok(())
}
