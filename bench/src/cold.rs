//! From exec to the first response, and what it takes of memory.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use local::home::Home;
use local::postgres::Database;
use serde_json::Value;
use testkit::{Here, Person};
use tokio::process::{Child, Command};

use crate::FUNCTIONS;
use crate::kept;
use crate::runtime::Runtime;
use crate::table::{median, row};
use crate::warm::bare;

/// Starts of each kind.
const RUNS: usize = 31;

/// Whose connections holdings are asked over.
const PORTFOLIO: &str = "svc_portfolio";

/// One start.
pub(crate) struct Start {
    /// Exec to the first question for an event.
    init_ms: f64,
    /// Exec to the first answer.
    first_ms: f64,
    /// The most memory it had.
    peak_mb: f64,
}

/// Has an executable in memory as it came from a disk, which is how functions have theirs, and Node its own here: what was
/// just written lies there in the pieces in which it was written, and takes longer to map.
pub(crate) fn read_from_disk(executable: &Path) -> Result<()> {
    File::open(executable)?.sync_all()?;
    let mut forget = std::process::Command::new("dd");
    forget.args(["iflag=nocache", "count=0", "status=none"]);
    let forgotten = forget.arg(format!("if={}", executable.display())).status()?;
    ensure!(forgotten.success(), "dd cannot have {} forgotten", executable.display());
    std::fs::read(executable)?;
    Ok(())
}

/// Starts on a new server process of Postgres each, as a function meets them that connects by itself.
pub(crate) async fn measure(here: &Here, home: &Home, person: &Person) -> Result<()> {
    heading();
    for function in FUNCTIONS {
        compare(here, home, person, function, &here.database).await?;
    }
    postgres_alone(person, &here.database).await
}

/// The same on a server process that was asked before.
pub(crate) async fn measure_kept(here: &Here, home: &Home, person: &Person) -> Result<()> {
    heading();
    for (function, role) in [("auth-me", "svc_auth"), ("portfolio-holdings", PORTFOLIO)] {
        let kept = kept::lend(here, role).await?;
        compare(here, home, person, function, &kept).await?;
    }
    postgres_alone(person, &kept::lend(here, PORTFOLIO).await?).await
}

fn heading() {
    row(&["", "init", "first response", "Node", "Node / Rust", "peak memory", "Node"]);
    row(&["---"; 7]);
}

async fn compare(
    here: &Here,
    home: &Home,
    person: &Person,
    function: &str,
    database: &Database,
) -> Result<()> {
    let event = event(function, person)?;
    let (mut rust, mut node) = (Vec::new(), Vec::new());
    for _ in 0..=RUNS {
        rust.push(start(command(here, home, function, false, database)?, &event).await?);
        node.push(start(command(here, home, function, true, database)?, &event).await?);
    }
    // What the first of each kind finds, files in memory among it, nobody finds again.
    let of = |starts: &[Start], what: fn(&Start) -> f64| median(starts[1..].iter().map(what));
    let (first, nodes) = (of(&rust, |one| one.first_ms), of(&node, |one| one.first_ms));
    row(&[
        function,
        &format!("{:.1} ms", of(&rust, |one| one.init_ms)),
        &format!("**{first:.1} ms**"),
        &format!("{nodes:.1} ms"),
        &format!("**{:.1}**", nodes / first),
        &format!("{:.1} MB", of(&rust, |one| one.peak_mb)),
        &format!("{:.1} MB", of(&node, |one| one.peak_mb)),
    ]);
    Ok(())
}

/// What Postgres takes by itself: until a connection is there, and until the first answer on it.
async fn postgres_alone(person: &Person, database: &Database) -> Result<()> {
    let (mut connected, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..=RUNS {
        let began = Instant::now();
        let client = kept::connect(database, PORTFOLIO).await?;
        connected.push(began.elapsed().as_secs_f64() * 1000.0);
        let rows = bare(&client, person).await?;
        asked.push(began.elapsed().as_secs_f64() * 1000.0);
        ensure!(rows == 50, "{rows} rows");
    }
    let of = |all: &[f64]| median(all[1..].iter().copied());
    let (connected, asked) = (of(&connected), of(&asked));
    row(&[
        "connecting and the SQL of 50 holdings, nothing else",
        &format!("{connected:.1} ms"),
        &format!("**{asked:.1} ms**"),
        "",
        "",
        "",
        "",
    ]);
    Ok(())
}

/// A sample event, signed in as somebody.
pub(crate) fn event(function: &str, person: &Person) -> Result<Bytes> {
    let event = Here::sample(function)?.to_string();
    Ok(event.replace("DEMO_TOKEN", &person.token).into())
}

/// The binary of a function as it is deployed, or its counterpart in Node, with the function's environment.
pub(crate) fn command(
    here: &Here,
    home: &Home,
    function: &str,
    node: bool,
    database: &Database,
) -> Result<Command> {
    let mut command = if node {
        let mut command = Command::new("node");
        command.arg(home.root.join("bench/node/runtime.mjs")).arg(function);
        command
    } else {
        Command::new(home.deployed(function))
    };
    let spec = here.cloud.model.functions.iter().find(|one| one.name == function);
    let spec = spec.context("there is no such function")?;
    command.env_clear().envs(&spec.environment).envs([
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("_HANDLER", function),
        ("AWS_REGION", "ap-south-1"),
        ("AWS_ENDPOINT_URL", &here.cloud.aws_url),
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("DATABASE_ADDRESS", &format!("{}:{}/{}", database.host, database.port, database.name)),
        ("DATABASE_PASSWORD", &database.password),
        ("DATABASE_TLS", "off"),
        ("DATABASE_AUTH", ""),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    Ok(command)
}

async fn start(mut command: Command, event: &Bytes) -> Result<Start> {
    let mut runtime = Runtime::start().await?;
    runtime.give(event.clone());
    command.env("AWS_LAMBDA_RUNTIME_API", &runtime.address);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let (asked, answered, body) = runtime.answered().await?;
    let answer: Value = serde_json::from_slice(&body)?;
    ensure!(answer["statusCode"] == 200, "{answer}");
    let peak_mb = peak_mb(&child)?;
    child.kill().await?;
    // Whoever served it lets go of it now, and not while the next one starts.
    drop(runtime);
    tokio::task::yield_now().await;
    let ms = |at: Instant| at.duration_since(began).as_secs_f64() * 1000.0;
    let init = asked.context("it answered without asking")?;
    Ok(Start { init_ms: ms(init), first_ms: ms(answered), peak_mb })
}

/// The most resident memory a process had: `VmHWM` of proc(5).
pub(crate) fn peak_mb(child: &Child) -> Result<f64> {
    let id = child.id().context("it has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    Ok(kilobytes.context("no VmHWM: not Linux?")? / 1024.0)
}
