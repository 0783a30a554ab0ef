//! Postgres: the one at `DATABASE_URL`, or one of our own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use tokio_postgres::{Config, NoTls};

/// A database to run on.
#[derive(Clone, Debug)]
pub struct Database {
    /// Where it listens.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub name: String,
    /// The role that may create roles.
    pub admin: String,
    /// Its password, and that of the services' roles: on one machine they are one person's.
    pub password: String,
}

impl Database {
    /// The database a URL names.
    pub fn at(url: &str) -> Result<Self> {
        let config: Config =
            url.parse().map_err(|_| anyhow!("DATABASE_URL is not a postgres:// URL"))?;
        let host = match config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            _ => bail!("DATABASE_URL must name a host"),
        };
        if !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1") {
            bail!(
                "DATABASE_URL must be on this machine: the local cloud sets passwords of its roles, svc_*"
            );
        }
        Ok(Self {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            name: config.get_dbname().unwrap_or("kitemate").to_owned(),
            admin: config.get_user().unwrap_or("postgres").to_owned(),
            password: config
                .get_password()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .unwrap_or_default(),
        })
    }

    /// How to connect as the administrator.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .user(&self.admin)
            .password(&self.password)
            .dbname(database);
        config
    }

    /// The URL without its password.
    pub fn url(&self) -> String {
        format!("postgres://{}@{}:{}/{}", self.admin, self.host, self.port, self.name)
    }

    /// Runs statements as the administrator, in any database.
    pub async fn run(&self, database: &str, sql: &str) -> Result<()> {
        let (client, connection) = self.config(database).connect(NoTls).await?;
        let connection = tokio::spawn(connection);
        let ran = client.batch_execute(sql).await;
        drop(client);
        let _ = connection.await;
        Ok(ran?)
    }

    /// Lets the services' roles sign in with the local password.
    pub async fn set_passwords(&self) -> Result<()> {
        let password = self.password.replace('\'', "''");
        let sql = format!(
            "do $$ declare name text; begin
                 for name in select rolname from pg_roles where rolname like 'svc\\_%' loop
                     execute format('alter role %I password %L', name, '{password}');
                 end loop;
             end $$"
        );
        self.run(&self.name, &sql).await
    }
}

/// A Postgres of our own, stopped when dropped or when this process is gone however it went.
#[derive(Debug)]
pub struct Postgres {
    keeper: Child,
    /// The database in it.
    pub database: Database,
}

/// Waits for the end of its standard input, which comes with our end, and stops the server.
const KEEPER: &str = "cat > /dev/null; exec \"$0\" -D \"$1\" -s -w -m fast stop";

impl Postgres {
    /// Starts it, on any free port, making its data folder the first time. `careful` keeps data over
    /// a power cut; tests do without.
    pub fn start(binaries: &Path, folder: &Path, log: &Path, careful: bool) -> Result<Self> {
        let data = folder.join("data");
        std::fs::create_dir_all(folder)?;
        let password = password(&folder.join("password"))?;
        if !data.join("PG_VERSION").exists() {
            initialise(binaries, folder, &data)?;
        }
        own(folder)?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let database = Database {
            host: "127.0.0.1".into(),
            port,
            name: "kitemate".into(),
            admin: "postgres".into(),
            password,
        };
        let pg_ctl = binaries.join("pg_ctl");
        // One that was left behind when the machine, not only the local cloud, went down.
        if data.join("postmaster.pid").exists() {
            let _ = control(&pg_ctl, &data, &["stop", "-m", "fast", "-w"], None);
        }
        let fast = if careful {
            ""
        } else {
            " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        };
        let options = format!(
            "-h 127.0.0.1 -p {port} -k '' -c max_connections=300 -c shared_buffers=128MB \
             -c logging_collector=off -c log_line_prefix='%e|'{fast}"
        );
        control(&pg_ctl, &data, &["start", "-w", "-t", "60", "-o", &options], Some(log))
            .with_context(|| format!("Postgres did not start; its log is {}", log.display()))?;
        let mut keeper = unprivileged(Path::new("sh"));
        keeper.arg("-c").arg(KEEPER).arg(&pg_ctl).arg(&data);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        detached(&mut keeper);
        Ok(Self { keeper: keeper.spawn()?, database })
    }

    /// Makes the database if it is not there.
    pub async fn ensure_database(&self) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        let (client, connection) = loop {
            match self.database.config("postgres").connect(NoTls).await {
                Ok(connected) => break connected,
                Err(_) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(50)).await
                }
                Err(err) => return Err(err.into()),
            }
        };
        tokio::spawn(connection);
        let name = &self.database.name;
        if client.query("select from pg_database where datname = $1", &[name]).await?.is_empty() {
            client.batch_execute(&format!("create database {name}")).await?;
        }
        Ok(())
    }

    /// psql, for people.
    pub fn psql(binaries: &Path, database: &Database) -> Command {
        let mut psql = Command::new(binaries.join("psql"));
        psql.arg(database.url()).env("PGPASSWORD", &database.password);
        psql
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn control(pg_ctl: &Path, data: &Path, arguments: &[&str], log: Option<&Path>) -> Result<()> {
    let mut command = unprivileged(pg_ctl);
    command.arg("-D").arg(data).arg("-s").args(arguments);
    if let Some(log) = log {
        // The server inherits it; as another user it could not open it.
        command
            .stdout(std::fs::File::create(log)?)
            .stderr(std::fs::File::options().append(true).open(log)?);
    } else {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    detached(&mut command);
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { bail!("pg_ctl {} failed", arguments[0]) }
}

/// Keeps Ctrl-C in the terminal from reaching a child: it is stopped in its turn.
pub fn detached(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

fn initialise(binaries: &Path, folder: &Path, data: &Path) -> Result<()> {
    own(folder)?;
    let output = unprivileged(&binaries.join("initdb"))
        .arg("-D")
        .arg(data)
        .args([
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--auth=scram-sha-256",
        ])
        .arg(format!("--pwfile={}", folder.join("password").display()))
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let _ = std::fs::remove_dir_all(data);
    bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr).trim())
}

/// The password of this installation, made the first time and readable only by its owner.
fn password(file: &Path) -> Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Ok(password) = std::fs::read_to_string(file) {
        return Ok(password.trim().to_owned());
    }
    let password = uuid::Uuid::new_v4().simple().to_string();
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(file, "{password}")?;
    Ok(password)
}

/// How a program runs that refuses to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// As who we are.
    Ourselves,
    /// In a user namespace in which root is nobody: it reads what root reads.
    Namespace,
    /// As the user nobody, who must be given the files.
    Nobody,
}

fn run_as() -> As {
    static AS: std::sync::OnceLock<As> = std::sync::OnceLock::new();
    let succeeds = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let root = || {
        Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
    };
    *AS.get_or_init(|| {
        if !root() {
            As::Ourselves
        } else if succeeds("unshare", &["--user", "--map-user=65534", "--map-group=65534", "true"])
        {
            As::Namespace
        } else {
            As::Nobody
        }
    })
}

fn unprivileged(program: &Path) -> Command {
    let (wrapper, arguments): (&str, &[&str]) = match run_as() {
        As::Ourselves => return Command::new(program),
        As::Namespace => ("unshare", &["--user", "--map-user=65534", "--map-group=65534", "--"]),
        As::Nobody => ("setpriv", &["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]),
    };
    let mut command = Command::new(wrapper);
    command.args(arguments).arg(program);
    command
}

/// Gives the folder to the user Postgres runs as, where that is another.
fn own(folder: &Path) -> Result<()> {
    if run_as() != As::Nobody {
        return Ok(());
    }
    let status = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(folder).status()?;
    if status.success() {
        Ok(())
    } else {
        bail!("cannot give {} to nobody; run as another user than root", folder.display())
    }
}
