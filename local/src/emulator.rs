//! The AWS emulator: the one at `AWS_ENDPOINT_URL`, or one of our own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::python::Python;
use crate::web;

/// Ends the emulator, which then saves its state, when we are gone however we went.
const WATCH_STDIN: &str = "import os, runpy, signal, sys, threading\n\
    def watch():\n    sys.stdin.buffer.read()\n    os.kill(os.getpid(), signal.SIGTERM)\n\
    threading.Thread(target=watch, daemon=True).start()\n\
    sys.argv = ['ministack']\n\
    runpy.run_module('ministack', run_name='__main__')\n";

/// An emulator of our own, stopped when dropped.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    /// Its base URL.
    pub url: String,
}

impl Emulator {
    /// Starts it on any free port; it keeps its state in `state` over a stop.
    pub async fn start(python: &Python, package: &Path, state: &Path, log: &Path) -> Result<Self> {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        std::fs::create_dir_all(state)?;
        let out = std::fs::File::create(log)?;
        let mut command = Command::new(python.command());
        command
            .args(["-c", WATCH_STDIN])
            .env("PYTHONPATH", package)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("PERSIST_STATE", "1")
            .env("STATE_DIR", state)
            .env("LOG_LEVEL", "WARNING")
            // It would listen on every interface, whatever BIND_HOST says.
            .env("IOT_MTLS_ENABLED", "0")
            .env_remove("SERVICES")
            .stdin(Stdio::piped())
            .stdout(out.try_clone()?)
            .stderr(out);
        crate::postgres::detached(&mut command);
        let mut emulator =
            Self { child: command.spawn()?, url: format!("http://127.0.0.1:{port}") };
        emulator.wait(log).await?;
        Ok(emulator)
    }

    async fn wait(&mut self, log: &Path) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        let url = format!("{}/_ministack/health", self.url);
        while web::get(&url).await.is_ok_and(|answer| answer.status == 200).eq(&false) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the AWS emulator ended ({status}); its log is {}", log.display());
            }
            if Instant::now() > until {
                bail!("the AWS emulator did not answer in 30 s; its log is {}", log.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of its standard input asks it to save and stop.
        drop(self.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
