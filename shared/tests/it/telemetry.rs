//! The line of an invocation, its metrics, and traces over a queue.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::Here;

/// The lines a function of this cloud logged, once its invocation has ended.
async fn lines(here: &Here, function: &str) -> Result<Vec<local::record::Line>> {
    for _ in 0..100 {
        let latest = here.cloud.lambda.record().latest(1, |one| one.function == function);
        let lines = latest.into_iter().flat_map(|one| one.lines).collect::<Vec<_>>();
        if lines.iter().any(|line| line.message == "invocation ended") {
            return Ok(lines);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    anyhow::bail!("{function} logged no end")
}

#[tokio::test]
async fn an_invocation_has_one_line_that_says_what_it_was() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200);
    let lines = lines(&here, "auth-me").await?;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let fields = &lines[0].fields;
    for part in ["cold=true", "outcome=ok", "round_trips=1", "duration_ms=", "database_ms="] {
        assert!(fields.contains(part), "{fields}");
    }
    assert!(fields.contains(&format!("workspace={}", asha.workspace_id)), "{fields}");
    Ok(())
}

#[tokio::test]
async fn statements_and_calls_are_steps_of_their_invocation() -> Result<()> {
    let here = Here::start().await?;
    let login = json!({ "email": "asha@example.in", "password": "planted-and-wrong" });
    here.post("/v1/auth/login", None, &login).await?;
    lines(&here, "auth-login").await?;
    let latest = here.cloud.lambda.record().latest(1, |one| one.function == "auth-login");
    let one = latest.first().context("the invocation")?;
    let labels: Vec<_> =
        one.steps.iter().map(|step| (step.kind.as_str(), step.label.as_str())).collect();
    assert!(labels.contains(&("call", "dynamodb UpdateItem")), "{labels:?}");
    assert!(labels.iter().any(|(kind, sql)| *kind == "sql" && sql.contains("tenant.credential")));
    let shown = format!("{}{}", one.event, one.answer);
    assert!(!shown.contains("planted"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn a_trace_goes_on_over_the_outbox_and_the_queue() -> Result<()> {
    let mut here = Here::start().await?;
    here.poll_queues();
    let person =
        json!({ "email": "asha@example.in", "password": "planted-monsoon-27", "name": "A" });
    assert_eq!(here.post("/v1/auth/register", None, &person).await?.status, 202);
    let record = here.cloud.lambda.record().clone();
    lines(&here, "notifications-mail").await?;
    let register = record.latest(1, |one| one.function == "auth-register");
    let trace = register.first().and_then(|one| one.traces.first()).context("a trace")?;
    let (asked, invocations) = record.trace(trace);
    assert_eq!(asked.len(), 1);
    let functions: Vec<_> = invocations.iter().map(|one| one.function.as_str()).collect();
    assert_eq!(functions, ["auth-register", "notifications-mail"]);
    Ok(())
}

#[tokio::test]
async fn metrics_have_the_embedded_format_and_their_values() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let (heard, hears) = std::sync::mpsc::channel::<Value>();
    let heard = std::sync::Mutex::new(heard);
    here.cloud.hear(std::sync::Arc::new(move |_: &str, line: &str| {
        if let (Ok(line), Ok(heard)) = (serde_json::from_str(line), heard.lock()) {
            let _ = heard.send(line);
        }
    }));
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200);
    lines(&here, "auth-me").await?;
    let line = hears.try_iter().find(|line| line["message"] == "invocation ended");
    let line = line.context("the invocation's line")?;
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Dimensions"], json!([["service"]]));
    for metric in directive["Metrics"].as_array().context("metrics")? {
        let name = metric["Name"].as_str().unwrap_or_default();
        assert!(line[name].is_number() || line[name].is_array(), "{name} has no value: {line}");
    }
    assert_eq!((&line["service"], &line["ColdStarts"]), (&json!("auth"), &json!(1)));
    assert_eq!(line["QueryDuration"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn an_invocation_ends_though_nobody_waits_for_it() -> Result<()> {
    let here = Here::start().await?;
    let event = Here::sample("platform-health")?.to_string();
    let cause = local::record::Cause::default();
    let call = here.cloud.lambda.call("platform-health", event.into(), cause);
    let left = tokio::time::timeout(std::time::Duration::from_millis(1), call).await;
    assert!(left.is_err(), "the caller was to leave first");
    let lines = lines(&here, "platform-health").await?;
    assert_eq!(lines.len(), 1);
    for _ in 0..100 {
        let one = here.cloud.lambda.record().latest(1, |_| true).remove(0);
        if one.ended_us.is_some() {
            assert_eq!(one.end, local::record::End::Ok(Some(200)));
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    anyhow::bail!("it is under way for ever")
}

#[tokio::test]
async fn processes_are_replaced_between_two_events() -> Result<()> {
    let here = Here::start().await?;
    let event = Here::sample("platform-health")?;
    let process = async || -> Result<(Option<u64>, bool)> {
        here.invoke("platform-health", &event).await?;
        let one = here.cloud.lambda.record().latest(1, |_| true).remove(0);
        Ok((one.process, one.init_us.is_some()))
    };
    let (old, cold) = process().await?;
    assert!(old.is_some() && cold);
    here.cloud.lambda.replace("platform-health");
    let (new, cold) = process().await?;
    assert!(new.is_some() && new != old && cold, "{old:?} {new:?}");
    Ok(())
}
