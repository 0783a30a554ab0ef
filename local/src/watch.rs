//! Builds what changes while the local cloud runs, and puts it in the old one's place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use notify::{EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::builder::{Builder, Status};
use crate::lambda::Lambda;

/// What functions are made of.
const FOLDERS: &[&str] = &["clients", "domain", "functions", "migrations", "shared", "stores"];
/// An editor writes several times when it saves once.
const QUIET_FOR: Duration = Duration::from_millis(80);

/// When each function's binary was linked.
type Stamps = BTreeMap<String, SystemTime>;

/// Watches the checkout's code and builds and replaces what it changes, until it is aborted.
pub struct Watch {
    /// The checkout.
    pub root: PathBuf,
    /// Where the binaries are.
    pub binaries: PathBuf,
    /// Who builds.
    pub builder: Arc<Builder>,
    /// Whose processes are replaced.
    pub lambda: Lambda,
}

impl Watch {
    /// Begins to watch; the future that is returned does the rest.
    pub fn begin(self) -> Result<impl Future<Output = ()> + Send> {
        let (sender, receiver) = unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let Ok(event) = event else { return };
                // Reading is no change, and the compiler reads everything.
                if !matches!(event.kind, EventKind::Access(_)) {
                    event.paths.into_iter().for_each(|path| drop(sender.send(path)));
                }
            })?;
        for folder in FOLDERS {
            watcher.watch(&self.root.join(folder), RecursiveMode::Recursive)?;
        }
        watcher.watch(&self.root, RecursiveMode::NonRecursive)?;
        Ok(async move {
            self.follow(receiver).await;
            drop(watcher);
        })
    }

    async fn follow(&self, mut changes: UnboundedReceiver<PathBuf>) {
        // What the processes that run, or will be started, are made of.
        let stamp = |name: &str| Some((name.to_owned(), self.stamp(name)?));
        let mut running: Stamps = self.lambda.names().filter_map(stamp).collect();
        while let Some(first) = changes.recv().await {
            let mut changed = BTreeSet::from([first]);
            while let Ok(Some(more)) = tokio::time::timeout(QUIET_FOR, changes.recv()).await {
                changed.insert(more);
            }
            let affected: BTreeSet<String> =
                changed.iter().flat_map(|path| self.affected(path)).collect();
            if !affected.is_empty() {
                self.rebuild(&mut running, affected.into_iter().collect()).await;
            }
        }
    }

    /// The functions a file is part of; cargo knows better which of them it changes.
    fn affected(&self, file: &Path) -> Vec<String> {
        let path = file.strip_prefix(&self.root).unwrap_or(file);
        let code = ["rs", "toml", "lock", "json", "sql", "html", "pem"];
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        if !code.contains(&ending) || parts.contains(&"tests") {
            return Vec::new();
        }
        let names = self.lambda.names().map(str::to_owned);
        match parts.as_slice() {
            ["openapi.json"] => names.filter(|name| name == "platform-openapi").collect(),
            ["Cargo.toml" | "Cargo.lock"] => names.collect(),
            [_] => Vec::new(),
            ["functions", _, "src", "bin", binary] => {
                names.filter(|name| binary.strip_suffix(".rs") == Some(name)).collect()
            }
            ["functions", service, ..] => {
                names.filter(|name| name.split('-').next() == Some(service)).collect()
            }
            ["migrations", ..] => names.filter(|name| name == "platform-migrate").collect(),
            _ => names.collect(),
        }
    }

    async fn rebuild(&self, running: &mut Stamps, affected: Vec<String>) {
        let began = Instant::now();
        let all: Vec<String> = self.lambda.names().map(str::to_owned).collect();
        let functions = self.builder.outdate(&affected, &all);
        self.lambda.record().touch();
        // Those that run are those that somebody works on.
        let (first, rest): (Vec<_>, Vec<_>) =
            functions.into_iter().partition(|name| self.lambda.processes(name) > 0);
        let replaced = Mutex::new(BTreeMap::new());
        let replace = |built: &[String]| {
            let mut replaced = replaced.lock().unwrap_or_else(PoisonError::into_inner);
            for name in built {
                let stamp = self.stamp(name);
                if stamp != running.get(name).copied() {
                    self.lambda.replace(name);
                    replaced.extend(stamp.map(|stamp| (name.clone(), stamp)));
                }
            }
        };
        self.builder.build(&self.root, &first, rest, |_| {}, replace).await;
        self.lambda.record().touch();
        let replaced = replaced.into_inner().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<&str> = replaced.keys().map(String::as_str).collect();
        let seconds = began.elapsed().as_secs_f64();
        match (self.builder.status(), names.len()) {
            (Status::Failed(said), _) => {
                println!("  {said}\n  The functions run on as they were.");
            }
            (_, 0) => {}
            (_, 1..=4) => println!("  replaced {} in {seconds:.1} s", names.join(", ")),
            (_, count) => println!("  replaced {count} functions in {seconds:.1} s"),
        }
        running.extend(replaced);
    }

    fn stamp(&self, function: &str) -> Option<SystemTime> {
        std::fs::metadata(self.binaries.join(function)).and_then(|file| file.modified()).ok()
    }
}
