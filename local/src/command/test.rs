//! `cargo run -- test`: every test, on a Postgres and an emulator of their own that end with it.

mod afterwards;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::net::TcpListener;

use super::{cargo, parts};
use crate::builder::Builder;
use crate::cloud::{Cloud, Ground};
use crate::emulator::Emulator;
use crate::home::Home;
use crate::postgres::Postgres;
use crate::template::{Surroundings, read};

/// The database that every test's own is cloned from.
pub(super) const TEMPLATE: &str = "km_template";
/// The file in the tests' folder that lists the grants that were used.
pub const USES: &str = "uses.txt";

pub(super) async fn run(home: &Home, arguments: &[&str]) -> Result<()> {
    let targets = ["--workspace", "--lib", "--test", "it"];
    // Built first: the functions' binaries come with their packages' tests.
    succeed(cargo(home).arg("test").args(targets).arg("--no-run"))?;
    let folder = Scratch::make()?;
    let (python, binaries, emulator) = parts(home).await?;
    let postgres = Postgres::start(
        &binaries,
        &folder.0.join("postgres"),
        &folder.0.join("postgres.log"),
        false,
    )?;
    postgres.ensure_database().await?;
    postgres.database.run("postgres", &format!("create database {TEMPLATE}")).await?;
    let emulator = Emulator::start(
        &python,
        &emulator,
        &folder.0.join("state"),
        &folder.0.join("emulator.log"),
    )
    .await?;
    migrate_template(home, &folder.0, &postgres, &emulator).await?;
    let database = &postgres.database;
    let tests = |command: &mut std::process::Command| {
        command
            .env("KITEMATE_TEST_DATABASE", format!("{}:{}", database.host, database.port))
            .env("KITEMATE_TEST_PASSWORD", &database.password)
            .env("KITEMATE_TEST_EMULATOR", &emulator.url)
            .env("KITEMATE_TEST_FOLDER", &folder.0)
            .env("KITEMATE_PARTS", &home.parts);
        succeed(command)
    };
    let outcome = tests(cargo(home).arg("test").args(targets).args(arguments));
    let outcome = match outcome {
        Ok(()) if !arguments.iter().any(|argument| !argument.starts_with('-')) => {
            tests(cargo(home).args(["test", "--workspace", "--doc"])).and_then(|()| {
                let (database, url) = (&postgres.database, &emulator.url);
                let here = Surroundings::of(database, url, "kitemate", "");
                let model = read(&home.root.join("template.yaml"), &here)?;
                afterwards::no_secret_was_logged(&folder.0)?;
                afterwards::grants_are_used(&home.root, &model, &folder.0.join(USES))
            })
        }
        outcome => outcome,
    };
    if outcome.is_err() {
        println!("The logs of the functions are kept in {}", folder.0.display());
        std::mem::forget(folder);
    }
    outcome
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
        prefix: "kitemate".into(),
        uses: Some(folder.join(USES)),
        database,
    };
    let surroundings = Surroundings::of(&ground.database, &ground.emulator_url, "kitemate", "");
    let names = read(&home.root.join("template.yaml"), &surroundings)?
        .functions
        .into_iter()
        .map(|one| one.name);
    let gateway = TcpListener::bind(("127.0.0.1", 0)).await?;
    let cloud = Cloud::assemble(ground, Arc::new(Builder::done(names)), gateway, false).await?;
    cloud.migrate().await
}

fn succeed(command: &mut std::process::Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { bail!("the tests did not pass ({status})") }
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
