//! A process that Lambda froze between two requests, and whose session the database ended meanwhile.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::Here;

/// The process of a function on this database.
fn process(function: &str, database: &str) -> Result<String> {
    let runs = |folder: &PathBuf| {
        let read = |file: &str| std::fs::read(folder.join(file)).unwrap_or_default();
        let has = |text: Vec<u8>, part: &str| String::from_utf8_lossy(&text).contains(part);
        has(read("cmdline"), function) && has(read("environ"), &format!("/{database}\0"))
    };
    let folders = std::fs::read_dir("/proc")?.filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders.into_iter().find(runs).context("no such process")?;
    Ok(found.file_name().context("a number")?.to_string_lossy().into_owned())
}

fn signal(name: &str, process: &str) -> Result<()> {
    ensure!(Command::new("kill").args([name, process]).status()?.success(), "kill {name}");
    Ok(())
}

#[tokio::test]
async fn a_process_whose_session_ended_while_it_was_frozen_connects_again_and_answers() -> Result<()>
{
    let here = Here::start().await?;
    let asha = here.person().await?;
    assert_eq!(here.get("/v1/portfolio", &asha).await?.status, 200);
    let process = process("portfolio-get", &here.database.name)?;
    signal("-STOP", &process)?;
    let admin = here.admin().await?;
    let sessions =
        "from pg_stat_activity where usename = 'svc_portfolio' and datname = current_database()";
    let ended = format!("select count(pg_terminate_backend(pid)) {sessions}");
    assert_eq!(admin.query_one(&ended, &[]).await?.get::<_, i64>(0), 1);
    while admin.query_one(&format!("select count(*) {sessions}"), &[]).await?.get::<_, i64>(0) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    signal("-CONT", &process)?;
    assert_eq!(here.get("/v1/portfolio", &asha).await?.status, 200);
    assert_eq!(here.cloud.lambda.processes("portfolio-get"), 1, "the same process answered");
    Ok(())
}
