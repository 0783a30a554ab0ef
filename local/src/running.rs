//! What a running local cloud tells the other commands: where its parts listen.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::postgres::Database;
use crate::resources::write_private;

/// A running local cloud.
#[derive(Debug, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// The API.
    pub gateway_url: String,
    /// The Invoke API.
    pub invoke_url: String,
    /// The AWS emulator.
    pub emulator_url: String,
    /// Host, port, name, administrator and password of the database.
    pub database: (String, u16, String, String, String),
    /// Where psql is.
    pub postgres_binaries: PathBuf,
}

impl Running {
    /// Notes it for the other commands.
    pub fn note(&self, home: &Home) -> Result<()> {
        write_private(&file(home), &serde_json::to_string(self)?)
    }

    /// The one that runs, or how to start it.
    pub fn find(home: &Home) -> Result<Self> {
        let text = std::fs::read_to_string(file(home)).ok();
        let running: Option<Self> = text.and_then(|text| serde_json::from_str(&text).ok());
        match running {
            Some(running) if running.is_alive() => Ok(running),
            _ => bail!(
                "the local cloud is not running; start it with `cargo run` in another terminal"
            ),
        }
    }

    /// Takes the data for this process until the file is dropped, or refuses to go on beside another.
    pub fn take(home: &Home) -> Result<std::fs::File> {
        let lock = std::fs::File::create(home.data.join("lock"))?;
        if lock.try_lock().is_ok() {
            return Ok(lock);
        }
        match Self::find(home) {
            Ok(other) => bail!(
                "the local cloud runs already at {} (process {}); stop it with Ctrl-C where it runs, or `kill {}`",
                other.gateway_url,
                other.pid,
                other.pid
            ),
            Err(_) => bail!(
                "the local cloud is starting already with the data in {}",
                home.data.display()
            ),
        }
    }

    /// Its database.
    pub fn database(&self) -> Database {
        let (host, port, name, admin, password) = self.database.clone();
        Database { host, port, name, admin, password }
    }

    fn is_alive(&self) -> bool {
        let mut ask = Command::new("kill");
        ask.args(["-0", &self.pid.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    }
}

fn file(home: &Home) -> PathBuf {
    home.data.join("running.json")
}

/// Forgets it at the end.
pub fn forget(home: &Home) -> Result<()> {
    std::fs::remove_file(file(home)).context("running.json was gone")
}
