//! One boot, one journey: sign in, import, read, a schedule, a poison message, a clean stop.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::Request;
use local::home::setting;
use local::resources::Aws;
use local::web::{self, Answer};
use serde_json::{Value, json};

use crate::console::{
    the_check_after_a_deployment_passes_here, the_console_shows_it, the_poison_is_redriven,
};

/// A running local cloud, killed when a test ends early.
pub(crate) struct Running {
    child: Child,
    pub(crate) home: PathBuf,
    output: PathBuf,
    pub(crate) port: u16,
    invoke_port: u16,
}

impl Running {
    fn command(home: &PathBuf) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command
            .env("KITEMATE_HOME", home)
            .env("KITEMATE_BUILT", "1")
            .env_remove("DATABASE_URL")
            .env_remove("AWS_ENDPOINT_URL");
        command
    }

    async fn start(name: &str) -> Result<Self> {
        let folder =
            PathBuf::from(setting("KITEMATE_TEST_FOLDER").context("run `cargo run -- test`")?);
        let home = folder.join(name);
        std::fs::create_dir_all(&home)?;
        let output = folder.join(format!("{name}.log"));
        let free = || {
            Ok::<_, std::io::Error>(
                std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port(),
            )
        };
        let (port, invoke_port) = (free()?, free()?);
        let child = Self::command(&home)
            .args(["--port", &port.to_string(), "--invoke-port", &invoke_port.to_string()])
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&output)?)
            .stderr(std::fs::File::options().append(true).open(&output)?)
            .spawn()?;
        let mut running = Self { child, home, output, port, invoke_port };
        let until = Instant::now() + Duration::from_secs(180);
        while !running.said()?.contains("KiteMate runs") {
            ensure!(
                running.child.try_wait()?.is_none() && Instant::now() < until,
                "it did not boot:\n{}",
                running.said()?
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(running)
    }

    fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.output)?)
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        kind: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer> {
        let request =
            Request::builder().method(method).uri(format!("http://127.0.0.1:{}{path}", self.port));
        let request =
            request.header("authorization", format!("Bearer {token}")).header("content-type", kind);
        web::send(request.body(body.into())?).await
    }

    async fn invoke(&self, function: &str, event: &Value) -> Result<Answer> {
        let url = format!(
            "http://127.0.0.1:{}/2015-03-31/functions/{function}/invocations",
            self.invoke_port
        );
        web::post(&url, event).await
    }

    /// Stops it as Ctrl-C does, and answers what it had started that still runs.
    fn stop(&mut self) -> Result<Vec<u32>> {
        let started = descendants(self.child.id())?;
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        let until = Instant::now() + Duration::from_secs(30);
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < until, "it did not stop");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(started.into_iter().filter(|pid| alive(*pid)).collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processes below this one, as `ps` knows them.
fn descendants(of: u32) -> Result<Vec<u32>> {
    let output = Command::new("ps").args(["-eo", "pid=,ppid="]).output()?;
    let pairs: Vec<(u32, u32)> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().filter_map(|number| number.parse().ok());
            Some((numbers.next()?, numbers.next()?))
        })
        .collect();
    let mut found = vec![of];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    Ok(found.split_off(1))
}

fn alive(pid: u32) -> bool {
    let mut command = Command::new("kill");
    command
        .args(["-0", &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) async fn until<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("waited in vain for {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn form(file: &str) -> Result<(String, Vec<u8>)> {
    let content = std::fs::read(format!("{}/../examples/{file}", env!("CARGO_MANIFEST_DIR")))?;
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\r\n"
    )
    .into_bytes();
    body.extend(content);
    body.extend(b"\r\n--b--\r\n");
    Ok(("multipart/form-data; boundary=b".into(), body))
}

#[tokio::test]
async fn a_person_signs_in_imports_and_reads_and_everything_stops_with_the_cloud() -> Result<()> {
    let mut cloud = Running::start("journey").await?;
    let login = json!({ "email": local::seed::EMAIL, "password": local::seed::PASSWORD });
    let answer =
        cloud.call("POST", "/v1/auth/login", "", "application/json", login.to_string()).await?;
    ensure!(answer.status == 200, "{}", answer.text());
    let token = answer.json()?["accessToken"].as_str().context("a token")?.to_owned();

    let (kind, body) = form("zerodha-console-holdings.xlsx")?;
    let answer = cloud.call("POST", "/v1/portfolio/import", &token, &kind, body).await?;
    ensure!(answer.status == 200 && answer.json()?["counts"]["added"] == 10, "{}", answer.text());
    let summary = cloud.call("GET", "/v1/portfolio/summary", &token, "", "").await?.json()?;
    assert_eq!(summary["totals"]["value"], "474084.89");
    until("the snapshot that follows the import", async || {
        let portfolio = cloud.call("GET", "/v1/portfolio", &token, "", "").await?.json()?;
        Ok((portfolio["lastSnapshot"]["value"] == "474084.89").then_some(()))
    })
    .await?;

    let running: Value =
        serde_json::from_str(&std::fs::read_to_string(cloud.home.join("running.json"))?)?;
    a_consumed_event_is_delivered_again(&cloud, &running, &token).await?;
    the_console_shows_it(&cloud).await?;

    // A schedule, called as `cargo lambda invoke` calls.
    let sample = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../events/market-revalue.json"
    ))?;
    let answer = cloud.invoke("market-revalue", &serde_json::from_str(&sample)?).await?;
    let asked = answer.json()?;
    assert_eq!((answer.status, asked["workspaces"].as_i64()), (200, Some(1)), "{asked}");
    until("the account's value that follows the import", async || {
        let accounts = cloud.call("GET", "/v1/accounts", &token, "", "").await?.json()?;
        Ok(accounts["items"][0]["lastValue"]["value"].is_string().then_some(()))
    })
    .await?;
    assert_eq!(cloud.invoke("no-such-function", &json!({})).await?.status, 404);

    poison_ends_in_the_dead_letters(running["emulator_url"].as_str().context("a URL")?).await?;
    the_poison_is_redriven(&cloud).await?;

    let second = Running::command(&cloud.home).args(["--port", "0"]).output()?;
    assert!(
        !second.status.success()
            && String::from_utf8_lossy(&second.stderr).contains("runs already")
    );

    the_check_after_a_deployment_passes_here(&cloud)?;

    assert_eq!(cloud.stop()?, Vec::<u32>::new(), "nothing it started is left");

    data_survives_a_stop(&login).await
}

async fn data_survives_a_stop(login: &Value) -> Result<()> {
    let mut again = Running::start("journey").await?;
    let login = again
        .call("POST", "/v1/auth/login", "", "application/json", login.to_string())
        .await?
        .json()?;
    let token = login["accessToken"].as_str().context("a token")?.to_owned();
    let summary = again.call("GET", "/v1/portfolio/summary", &token, "", "").await?.json()?;
    assert_eq!(summary["totals"]["value"], "474084.89");
    assert_eq!(again.stop()?, Vec::<u32>::new());
    let reset = Running::command(&again.home).arg("reset").output()?;
    assert!(reset.status.success() && !again.home.exists());
    Ok(())
}

/// The snapshot's event once more, as SQS may deliver it: nothing happens.
async fn a_consumed_event_is_delivered_again(
    cloud: &Running,
    running: &Value,
    token: &str,
) -> Result<()> {
    let (host, port, name, admin, password): (String, u16, String, String, String) =
        serde_json::from_value(running["database"].clone())?;
    let mut config = tokio_postgres::Config::new();
    config.host(&host).port(port).dbname(&name).user(&admin).password(&password);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let envelope = "select jsonb_build_object('eventId', event_id, 'event', event,
        'workspaceId', workspace_id, 'body', body)::text
        from shared.outbox where event = 'statement.imported'";
    let envelope: String = client.query_one(envelope, &[]).await?.get(0);
    let taken = "select taken_at::text from portfolio.snapshots";
    let before: String = client.query_one(taken, &[]).await?.get(0);

    let emulator_url = running["emulator_url"].as_str().context("a URL")?;
    let aws = Aws::at(emulator_url);
    let url = format!("{emulator_url}/000000000000/kitemate-snapshot");
    aws.sqs.send_message().queue_url(&url).message_body(envelope).send().await?;
    until("the message to be consumed", async || {
        let left = aws
            .sqs
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(aws_sdk_sqs::types::QueueAttributeName::All)
            .send()
            .await?;
        let mut counts = left.attributes().into_iter().flatten();
        let none = counts
            .all(|(name, value)| !name.as_str().starts_with("ApproximateNumber") || value == "0");
        Ok(none.then_some(()))
    })
    .await?;
    let after: String = client.query_one(taken, &[]).await?.get(0);
    assert_eq!(after, before, "the event was consumed before");
    let summary = cloud.call("GET", "/v1/portfolio/summary", token, "", "").await?;
    assert_eq!(summary.status, 200);
    Ok(())
}

async fn poison_ends_in_the_dead_letters(emulator_url: &str) -> Result<()> {
    let aws = Aws::at(emulator_url);
    let url = |name: &str| format!("{emulator_url}/000000000000/kitemate-{name}");
    aws.sqs.send_message().queue_url(url("snapshot")).message_body("poison").send().await?;
    let letter = until("the poison message among the dead letters", async || {
        let receive = aws.sqs.receive_message().queue_url(url("snapshot-dead-letters"));
        let received = receive.visibility_timeout(0).send().await?;
        Ok(received.messages().first().and_then(|message| message.body().map(str::to_owned)))
    })
    .await?;
    assert_eq!(letter, "poison");
    Ok(())
}

#[tokio::test]
async fn a_cloud_that_is_killed_leaves_nothing_running() -> Result<()> {
    let mut cloud = Running::start("killed").await?;
    let started = descendants(cloud.child.id())?;
    assert!(started.len() > 2, "{started:?}");
    let data = std::fs::canonicalize(&cloud.home)?;
    cloud.child.kill()?;
    cloud.child.wait()?;
    until("its end", async || {
        let server = data.join("postgres/data/postmaster.pid").exists();
        Ok((!server && started.iter().all(|pid| !alive(*pid))).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_with_the_way_out() -> Result<()> {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let port = taken.local_addr()?.port().to_string();
    let folder = PathBuf::from(setting("KITEMATE_TEST_FOLDER").context("run `cargo run -- test`")?);
    let output = Running::command(&folder.join("taken")).args(["--port", &port]).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        said.contains(&format!("port {port} is taken")) && said.contains("cargo run -- --port"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn a_python_that_is_missing_or_too_old_is_said_with_the_way_out() -> Result<()> {
    let folder = PathBuf::from(setting("KITEMATE_TEST_FOLDER").context("run `cargo run -- test`")?);
    let old = folder.join("python-of-old");
    std::fs::write(&old, "#!/bin/sh\necho 3 8\n")?;
    Command::new("chmod").arg("+x").arg(&old).status()?;
    for (python, expected) in [(folder.join("no-python"), "was not found"), (old, "is Python 3.8")]
    {
        let output = Running::command(&folder.join("python"))
            .args(["--port", "0", "--invoke-port", "0"])
            .env("KITEMATE_PYTHON", &python)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected) && said.contains("KITEMATE_PYTHON"), "{said}");
    }
    Ok(())
}
