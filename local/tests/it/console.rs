//! The console of a cloud that runs, and the check after a deployment.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use local::home::setting;
use local::web::{self, Answer};

use crate::journey::{Running, until};

impl Running {
    /// A page of the console, or what comes of a form on one.
    async fn console(&self, method: &str, path: &str) -> Result<Answer> {
        let origin = format!("http://127.0.0.1:{}", self.port);
        let request = Request::builder().method(method).uri(format!("{origin}/_console{path}"));
        web::send(request.header("origin", origin).body(Bytes::new())?).await
    }
}

/// The import's trace from the gateway to the snapshot, found as a person would.
pub(crate) async fn the_console_shows_it(cloud: &Running) -> Result<()> {
    for page in ["", "/traces", "/queues", "/schedules", "/mails", "/permissions", "/explorer"] {
        let answer = cloud.console("GET", page).await?;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
    }
    let mails = cloud.console("GET", "/mails").await?.text();
    assert!(mails.contains(local::seed::EMAIL), "{mails}");
    let traces = cloud.console("GET", "/traces?function=imports-create").await?.text();
    let trace = traces.split("/_console/traces/1-").nth(1).and_then(|rest| rest.split('"').next());
    let trace = format!("/traces/1-{}", trace.context("a trace of the import")?);
    let trace = cloud.console("GET", &trace).await?.text();
    for part in [
        "gateway POST /v1/portfolio/import",
        "tenant.enter",
        "sqs SendMessageBatch",
        "queue kitemate-snapshot",
        "tenant.enter_event",
    ] {
        assert!(trace.contains(part), "{part} is not in {trace}");
    }
    let sent = cloud.console("POST", "/schedules/brokers-refresh-daily/run").await?;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let foreign = Request::get(format!("http://127.0.0.1:{}/_console", cloud.port));
    let foreign = web::send(foreign.header("host", "kitemate.example").body(Bytes::new())?).await?;
    assert_eq!(foreign.status, 403);
    Ok(())
}

/// `deploy/check` against this cloud, with a stand-in for the AWS CLI; and that it says what is wrong.
pub(crate) fn the_check_after_a_deployment_passes_here(cloud: &Running) -> Result<()> {
    let folder = cloud.home.with_extension("bin");
    std::fs::create_dir_all(&folder)?;
    let stub = |alarms: &str| {
        format!(
            "#!/bin/sh\ncase \"$*\" in\n\
             *ApiUrl*) echo http://127.0.0.1:{} ;;\n\
             *SessionPinned*) echo 0.0 ;;\n\
             *ProxyName*) echo kitemate-dev ;;\n\
             *export-credentials*) echo AWS_ACCESS_KEY_ID=operator; echo AWS_SECRET_ACCESS_KEY=local-operator ;;\n\
             *describe-alarms*) echo \"{alarms}\" ;;\n\
             *) exit 1 ;;\nesac\n",
            cloud.port
        )
    };
    let check = |alarms: &str| -> Result<(bool, String)> {
        let aws = folder.join("aws");
        std::fs::write(&aws, stub(alarms))?;
        Command::new("chmod").arg("+x").arg(&aws).status()?;
        let path = format!("{}:{}", folder.display(), setting("PATH").unwrap_or_default());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/check");
        let output = Command::new(script).arg("kitemate").env("PATH", path).output()?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    let (well, said) = check("")?;
    ensure!(well && said.lines().count() == 5 && !said.contains("WRONG"), "{said}");
    let (well, said) = check("kitemate-AuthErrorsAlarm-1")?;
    ensure!(!well && said.contains("WRONG  alarms"), "{said}");
    Ok(())
}

/// What has failed for good is put back, fails again, and is a dead letter again.
pub(crate) async fn the_poison_is_redriven(cloud: &Running) -> Result<()> {
    let dead = async || {
        let page = cloud.console("GET", "/queues").await?.text();
        Ok(page.contains("<pre>poison</pre>").then_some(()))
    };
    until("the dead letter on the page", dead).await?;
    let redriven = cloud.console("POST", "/queues/kitemate-snapshot/redrive").await?;
    assert_eq!(redriven.status, 303, "{}", redriven.text());
    assert!(!cloud.console("GET", "/queues").await?.text().contains("<pre>poison</pre>"));
    until("the dead letter once more", dead).await
}
