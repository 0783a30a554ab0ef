//! Builds functions with cargo, those that are wanted first.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::Notify;

/// What is built, what failed, and what somebody waits for.
#[derive(Debug, Default)]
pub struct Builder {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeSet<String>,
    built: BTreeSet<String>,
    failed: Option<String>,
}

impl Builder {
    /// Everything is built already, by whoever started us.
    pub fn done(functions: impl IntoIterator<Item = String>) -> Self {
        let state = State { built: functions.into_iter().collect(), ..State::default() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Waits until a function is built; an error carries what the compiler said.
    pub async fn ready(&self, function: &str) -> Result<()> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if state.built.contains(function) {
                    return Ok(());
                }
                if let Some(err) = &state.failed {
                    bail!("{err}");
                }
                state.waiting.insert(function.to_owned());
            }
            changed.await;
        }
    }

    /// Builds the functions first in the list first, then those that are waited for, then the rest.
    pub async fn build(
        &self,
        root: &Path,
        first: &[String],
        mut rest: Vec<String>,
        say: impl Fn(&str),
    ) {
        let mut next: Vec<String> = first.to_vec();
        rest.retain(|function| !first.contains(function));
        while !next.is_empty() {
            match cargo(root, &next, &say).await {
                Ok(()) => self.note(|state| state.built.extend(next.iter().cloned())),
                Err(err) => return self.note(|state| state.failed = Some(format!("{err:#}"))),
            }
            let wanted = {
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                rest.iter()
                    .filter(|function| state.waiting.contains(*function))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            // Nobody waits: all the rest at once is the fastest.
            next = if wanted.is_empty() { rest.clone() } else { wanted };
            rest.retain(|function| !next.contains(function));
        }
    }

    fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
    }
}

/// Builds some binaries; progress goes line by line to `say`, an error carries what cargo said.
async fn cargo(root: &Path, binaries: &[String], say: &impl Fn(&str)) -> Result<()> {
    let mut command = Command::new(crate::home::setting("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).arg("build").args(["--color", "never"]);
    for binary in binaries {
        command.args(["--bin", binary]);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let Some(stderr) = child.stderr.take() else { bail!("cargo has no output") };
    let mut lines = BufReader::new(stderr).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await? {
        say(&line);
        said.push(line);
    }
    if child.wait().await?.success() {
        return Ok(());
    }
    let from = said
        .iter()
        .position(|line| line.starts_with("error"))
        .unwrap_or(said.len().saturating_sub(20));
    bail!("the build failed:\n{}", said[from..].join("\n"))
}
