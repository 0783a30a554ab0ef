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
    /// One build at a time: they would only wait for each other.
    one: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeSet<String>,
    built: BTreeSet<String>,
    /// Built before their code changed: they serve on when the new code does not compile.
    outdated: BTreeSet<String>,
    building: Option<String>,
    failed: Option<String>,
}

/// What the builder is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything is built.
    Done,
    /// It builds this.
    Building(String),
    /// The compiler said this.
    Failed(String),
}

impl Builder {
    /// Everything is built already, by whoever started us.
    pub fn done(functions: impl IntoIterator<Item = String>) -> Self {
        let state = State { built: functions.into_iter().collect(), ..State::default() };
        Self { state: Mutex::new(state), ..Self::default() }
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
                match &state.failed {
                    Some(_) if state.outdated.contains(function) => return Ok(()),
                    Some(err) => bail!("{err}"),
                    None => {}
                }
                state.waiting.insert(function.to_owned());
            }
            changed.await;
        }
    }

    /// What it is at.
    pub fn status(&self) -> Status {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (&state.failed, &state.building) {
            (Some(err), _) => Status::Failed(err.clone()),
            (None, Some(what)) => Status::Building(what.clone()),
            (None, None) => Status::Done,
        }
    }

    /// The code of these functions has changed: who asks for one waits for its new build. Answers
    /// what of all is to be built now, with what a build that failed has left.
    pub fn outdate(&self, functions: &[String], all: &[String]) -> Vec<String> {
        self.note(|state| {
            state.failed = None;
            for function in functions {
                if state.built.remove(function) {
                    state.outdated.insert(function.clone());
                }
            }
        });
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|function| !state.built.contains(*function)).cloned().collect()
    }

    /// Builds the functions first in the list first, then those that are waited for, then the rest.
    pub async fn build(
        &self,
        root: &Path,
        first: &[String],
        mut rest: Vec<String>,
        say: impl Fn(&str),
        built: impl Fn(&[String]),
    ) {
        let _one = self.one.lock().await;
        let mut next: Vec<String> =
            if first.is_empty() { std::mem::take(&mut rest) } else { first.to_vec() };
        rest.retain(|function| !first.contains(function));
        while !next.is_empty() {
            let what = if let [one] = next.as_slice() {
                one.clone()
            } else {
                format!("{} functions", next.len())
            };
            self.note(|state| state.building = Some(what));
            match cargo(root, &next, &say).await {
                Ok(()) => {
                    // Before anybody who waits goes on.
                    built(&next);
                    self.note(|state| state.built(&next));
                }
                Err(err) => {
                    return self.note(|state| {
                        (state.failed, state.building) = (Some(format!("{err:#}")), None);
                    });
                }
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

impl State {
    fn built(&mut self, functions: &[String]) {
        self.building = None;
        for function in functions {
            self.built.insert(function.clone());
            self.outdated.remove(function);
            self.waiting.remove(function);
        }
    }
}

/// Builds some binaries; progress goes line by line to `say`, an error carries what cargo said.
async fn cargo(root: &Path, binaries: &[String], say: &impl Fn(&str)) -> Result<()> {
    let mut command = Command::new(crate::home::setting("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).arg("build").args(crate::home::profile());
    command.args(["--color", "never"]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_failed_build_has_left_is_built_with_the_next_change() {
        let (a, b, never) = ("a".to_owned(), "b".to_owned(), "never".to_owned());
        let all = [a.clone(), b.clone(), never.clone()];
        let builder = Builder::done([a.clone(), b.clone()]);
        let wanted = builder.outdate(&all[..2], &all);
        assert_eq!(wanted, all);
        // There is nothing to build in a folder without a Cargo.toml.
        let nowhere = std::env::temp_dir();
        builder.build(&nowhere, &wanted, Vec::new(), |_| {}, |_| {}).await;
        assert!(matches!(builder.status(), Status::Failed(_)));
        assert!(builder.ready("a").await.is_ok(), "old code serves on");
        assert!(builder.ready("never").await.is_err(), "and what never was built says why not");
        assert_eq!(builder.outdate(std::slice::from_ref(&b), &all), all);
        assert!(builder.state.lock().unwrap().failed.is_none());
    }
}
