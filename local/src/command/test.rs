//! `cargo run -- test`: every test, on a Postgres and an emulator of their own that end with it.

mod afterwards;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

use super::{cargo, parts};
use crate::builder::Builder;
use crate::cloud::{Cloud, Ground};
use crate::emulator::Emulator;
use crate::home::{Home, RELEASE, profile};
use crate::postgres::Postgres;
use crate::template::{Surroundings, read};

/// The database that every test's own is cloned from.
pub(super) const TEMPLATE: &str = "km_template";
/// The file in the tests' folder that lists the grants that were used.
pub const USES: &str = "uses.txt";

pub(super) async fn run(home: &Home, arguments: &[&str]) -> Result<()> {
    if RELEASE {
        bail!("tests run on debug builds, which check more: cargo run -- test");
    }
    let targets = ["--workspace", "--lib", "--test", "it"];
    // Built first: the functions' binaries come with their packages' tests.
    succeed(cargo(home).arg("test").args(targets).arg("--no-run"))?;
    let bed = Bed::make(home).await?;
    let outcome = bed.run(cargo(home).arg("test").args(targets).args(arguments));
    let whole = !arguments.iter().any(|argument| !argument.starts_with('-'));
    let outcome = match outcome {
        Ok(()) if whole => bed
            .run(cargo(home).arg("test").args(["--workspace", "--doc"]))
            .and_then(|()| bed.look_afterwards(home)),
        outcome => outcome,
    };
    if outcome.is_err() {
        println!("The logs of the functions are kept in {}", bed.folder.0.display());
        std::mem::forget(bed.folder);
    }
    outcome
}

/// Measures what `bench` compares, built as it is deployed.
pub(super) async fn bench(home: &Home) -> Result<()> {
    // The local cloud's own functions stay as they are; those that are measured are as deployed.
    succeed(cargo(home).arg("build").args(profile()).args(["--bin", "platform-migrate"]))?;
    println!("Building in release; the first time that takes some minutes.");
    succeed(cargo(home).args(["build", "--release", "--bin", "bench"]))?;
    if !cfg!(target_os = "linux") {
        bail!("what is measured is built for Lambda: it runs on Linux alone");
    }
    let arch = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
    let measured = ["platform-health", "auth-me", "portfolio-holdings"];
    let mut build = Command::new(home.root.join("deploy/build"));
    succeed(build.args([arch, "--only"]).args(measured))?;
    let node = home.root.join("bench/node");
    let mut npm = Command::new("npm");
    let npm = npm.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(node);
    succeed(npm).context("the comparison needs Node 20 with npm")?;
    let bed = Bed::make(home).await?;
    // Its tables are on standard error; on standard output it logs, as functions do.
    let mut bench = bed.apart(&home.target().join("release/bench"))?;
    bed.run(bench.stdout(Stdio::null()))
}

/// What an evening's refresh calls.
const REFRESHING: &[&str] =
    &["brokers-refresh-daily", "brokers-sync-account", "portfolio-snapshot", "market-revalue"];

/// Simulates an evening of so many accounts, so many percent of them connected, with release builds.
pub(super) async fn simulate(home: &Home, accounts: &str, connected: &str) -> Result<()> {
    succeed(cargo(home).arg("build").args(profile()).args(["--bin", "platform-migrate"]))?;
    println!("Building in release; the first time that takes some minutes.");
    let mut build = cargo(home);
    build.args(["build", "--release", "--bin", "bench"]);
    for name in REFRESHING {
        build.args(["--bin", name]);
    }
    succeed(&mut build)?;
    let bed = Bed::make(home).await?;
    let release = home.target().join("release");
    let mut simulate = Command::new(release.join("bench"));
    simulate.args(["simulate", accounts, connected]).env("KITEMATE_TEST_BINARIES", &release);
    bed.run(simulate.stdout(Stdio::null()))
}

/// What tests and measurements stand on: Postgres with a migrated template, and the emulator.
struct Bed {
    postgres: Postgres,
    emulator: Emulator,
    parts: PathBuf,
    /// Last: it is deleted when what keeps its data in it has ended.
    folder: Scratch,
}

impl Bed {
    async fn make(home: &Home) -> Result<Self> {
        let folder = Scratch::make()?;
        let (python, binaries, emulator) = parts(home).await?;
        let (data, log) = (folder.0.join("postgres"), folder.0.join("postgres.log"));
        let postgres = Postgres::start(&binaries, &data, &log, false)?;
        postgres.ensure_database().await?;
        postgres.database.run("postgres", &format!("create database {TEMPLATE}")).await?;
        let (state, log) = (folder.0.join("state"), folder.0.join("emulator.log"));
        let emulator = Emulator::start(&python, &emulator, &state, &log).await?;
        migrate_template(home, &folder.0, &postgres, &emulator).await?;
        Ok(Self { postgres, emulator, parts: home.parts.clone(), folder })
    }

    /// Runs something that stands on it.
    fn run(&self, command: &mut Command) -> Result<()> {
        let database = &self.postgres.database;
        command
            .env("KITEMATE_TEST_DATABASE", format!("{}:{}", database.host, database.port))
            .env("KITEMATE_TEST_PASSWORD", &database.password)
            .env("KITEMATE_TEST_EMULATOR", &self.emulator.url)
            .env("KITEMATE_TEST_FOLDER", &self.folder.0)
            .env("KITEMATE_PARTS", &self.parts);
        succeed(command)
    }

    /// Puts Postgres on a processor of its own, and a program on the others. Once deployed they are on different machines;
    /// here the system would have them take turns on one, and who asks would read the first row after the last was sent.
    fn apart(&self, program: &Path) -> Result<Command> {
        let processors = processors()?;
        let Some((last, others @ [_, ..])) = processors.split_last() else {
            return Ok(Command::new(program));
        };
        let pids = std::fs::read_to_string(self.folder.0.join("postgres/data/postmaster.pid"))?;
        let pid = pids.lines().next().unwrap_or_default();
        // What it starts from now on stays there with it.
        let mut there = Command::new("taskset");
        succeed(there.args(["-acp", &last.to_string(), pid]).stdout(Stdio::null()))?;
        let others: Vec<_> = others.iter().map(u32::to_string).collect();
        let mut here = Command::new("taskset");
        here.args(["-c", &others.join(",")]).arg(program);
        Ok(here)
    }

    /// Grants that nobody used, and secrets in logs.
    fn look_afterwards(&self, home: &Home) -> Result<()> {
        let (database, url) = (&self.postgres.database, &self.emulator.url);
        let here = Surroundings::of(database, url, "kitemate", "", "");
        let model = read(&home.root.join("template.yaml"), &here)?;
        afterwards::no_secret_was_logged(&self.folder.0)?;
        afterwards::no_permission_was_missing(&self.folder.0.join("postgres.log"))?;
        afterwards::grants_are_used(&home.root, &model, &self.folder.0.join(USES))
    }
}

async fn migrate_template(
    home: &Home,
    folder: &Path,
    postgres: &Postgres,
    emulator: &Emulator,
) -> Result<()> {
    let mut database = postgres.database.clone();
    database.name = TEMPLATE.into();
    let ground = Ground {
        root: home.root.clone(),
        binaries: home.binaries(),
        logs: folder.to_owned(),
        secrets: folder.join("secrets.json"),
        emulator_url: emulator.url.clone(),
        allowed_origins: Default::default(),
        limits_times: 1,
        prefix: "kitemate".into(),
        uses: Some(folder.join(USES)),
        database,
    };
    let surroundings = Surroundings::of(&ground.database, &ground.emulator_url, "kitemate", "", "");
    let names = read(&home.root.join("template.yaml"), &surroundings)?
        .functions
        .into_iter()
        .map(|one| one.name);
    let gateway = TcpListener::bind(("127.0.0.1", 0)).await?;
    let cloud = Cloud::assemble(ground, Arc::new(Builder::done(names)), gateway, false).await?;
    cloud.migrate().await
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { bail!("it did not go well ({status})") }
}

/// The processors this process may use: `Cpus_allowed_list` of proc(5).
fn processors() -> Result<Vec<u32>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let ranges = list.context("no Cpus_allowed_list: not Linux?")?.trim().split(',');
    let ranges = ranges.map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Ok(from.parse()?..=to.parse()?)
    });
    Ok(ranges.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// A folder that is deleted at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("kitemate-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
