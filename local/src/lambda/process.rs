//! A process of a function: its environment, its log, its end.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::sync::oneshot;

use crate::proxy::access_key;
use crate::template::{Function, REGION};

/// What every process is given besides its function's own environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Where the binaries are.
    pub binaries: PathBuf,
    /// Where logs go.
    pub logs: PathBuf,
    /// Where AWS calls go: what stands before the emulator.
    pub aws_url: String,
    /// The password of the services' database roles.
    pub database_password: String,
    /// `host:port` of the Runtime API.
    pub runtime_api: String,
    /// Whoever hears what processes write.
    pub listeners: Listeners,
}

impl Environment {
    fn of(&self, function: &Function, number: u64) -> BTreeMap<String, String> {
        let mut variables = function.environment.clone();
        // With a path of its own; a bare host and port could have none.
        let runtime_api = format!("http://{}/{}/{number}", self.runtime_api, function.name);
        let own = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory_mb.to_string()),
            ("_HANDLER", &function.name),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &self.aws_url),
            ("AWS_ACCESS_KEY_ID", &access_key(&function.name, number)),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("DATABASE_PASSWORD", &self.database_password),
            // It listens on this machine only.
            ("DATABASE_TLS", "off"),
            ("DATABASE_AUTH", ""),
            ("LOG_LEVEL", "info,trace=debug"),
            ("TZ", ":UTC"),
        ];
        for (name, value) in own {
            variables.insert(name.to_owned(), value.to_owned());
        }
        variables
    }
}

/// Runs a process until it ends or is to be stopped, and says how it ended.
pub(super) async fn run(
    function: &Function,
    number: u64,
    environment: &Environment,
    stopped: oneshot::Receiver<()>,
) -> String {
    let log = environment.logs.join(format!("{}.log", function.name));
    let out = match std::fs::File::options().create(true).append(true).open(&log) {
        Ok(out) => out,
        Err(err) => return format!("its log {} cannot be written: {err}", log.display()),
    };
    let mut command = Command::new(environment.binaries.join(&function.name));
    command
        .env_clear()
        .envs(environment.of(function, number))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match out.try_clone() {
        Ok(err) => command.stdout(Stdio::piped()).stderr(err),
        Err(err) => return format!("its log cannot be written: {err}"),
    };
    command.process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(err) => return format!("it cannot be started: {err}"),
    };
    if let Some(lines) = child.stdout.take() {
        tokio::spawn(keep(lines, out, function.name.clone(), environment.listeners.clone()));
    }
    let id = child.id();
    tokio::select! {
        ended = child.wait() => match ended {
            Ok(status) => format!("it ended ({status}); its log is {}", log.display()),
            Err(err) => format!("it was lost: {err}"),
        },
        _ = stopped => {
            let _ = child.kill().await;
            "it was stopped".into()
        }
        () = outgrown(id, function.memory_mb) => {
            let _ = child.kill().await;
            format!("it used more than its {} MB of memory and was stopped", function.memory_mb)
        }
    }
}

/// Hears what processes write: the function, and the line.
pub type Listener = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Writes what a process says to its log, line by line, and tells it to whoever listens.
async fn keep(lines: ChildStdout, mut log: std::fs::File, function: String, listeners: Listeners) {
    let mut lines = BufReader::new(lines).split(b'\n');
    while let Ok(Some(mut line)) = lines.next_segment().await {
        listeners.tell(&function, &String::from_utf8_lossy(&line));
        line.push(b'\n');
        // A full disk is seen elsewhere first.
        let _ = log.write_all(&line);
    }
}

/// Everybody who listens, cheap to clone.
#[derive(Clone, Default)]
pub struct Listeners(Arc<Mutex<Vec<Listener>>>);

impl Listeners {
    /// Tells somebody every line from now on.
    pub fn add(&self, listener: Listener) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    /// Tells everybody a line.
    pub fn tell(&self, function: &str, line: &str) {
        for listener in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(function, line);
        }
    }
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listeners")
    }
}

/// How often a process' memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until a process uses more memory than its function has; for ever where that cannot be seen.
async fn outgrown(process: Option<u32>, memory_mb: u32) {
    let status = format!("/proc/{}/status", process.unwrap_or_default());
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Ok(text) = std::fs::read_to_string(&status) else {
            return std::future::pending().await;
        };
        let resident = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes =
            resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
        if kilobytes.is_some_and(|kilobytes| kilobytes > u64::from(memory_mb) * 1024) {
            return;
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_outgrows_its_memory_is_stopped() {
        let folder = std::env::temp_dir().join(format!("kitemate-memory-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let binary = folder.join("hog");
        // Without a line end there, tail keeps all it has read.
        std::fs::write(&binary, "#!/bin/sh\nexec tail /dev/zero\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&binary, mode).unwrap();
        let function = Function {
            name: "hog".into(),
            environment: BTreeMap::new(),
            memory_mb: 64,
            timeout: Duration::from_secs(3),
            routes: Vec::new(),
            queue: None,
            schedules: Vec::new(),
            arn: String::new(),
            reserved: None,
            role: String::new(),
            log_group: String::new(),
            place: String::new(),
        };
        let environment = Environment {
            binaries: folder.clone(),
            logs: folder.clone(),
            aws_url: String::new(),
            database_password: String::new(),
            runtime_api: String::new(),
            listeners: Listeners::default(),
        };
        let (_stop, stopped) = oneshot::channel();
        let ended = run(&function, 0, &environment, stopped).await;
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(ended, "it used more than its 64 MB of memory and was stopped");
    }
}
