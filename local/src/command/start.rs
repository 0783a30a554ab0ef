//! `cargo run`: builds, boots, seeds, serves, until Ctrl-C.

use std::io::IsTerminal;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Options, parts};
use crate::builder::Builder;
use crate::cloud::{Cloud, Ground};
use crate::emulator::Emulator;
use crate::home::{Home, setting};
use crate::postgres::{Database, Postgres};
use crate::running::{Running, forget};
use crate::watch::Watch;
use crate::{invoke_api, seed, template};

/// The functions that booting and the commands on the screen need; built before the others.
const FIRST: &[&str] = &[
    "platform-migrate",
    "auth-register",
    "notifications-mail",
    "auth-verify-email",
    "auth-login",
    "market-prices-load",
    "market-instrument-search",
    "imports-create",
    "portfolio-summary",
    "portfolio-snapshot",
];

pub(super) async fn run(home: &Home, options: Options) -> Result<()> {
    let began = Instant::now();
    let _lock = Running::take(home)?;
    let gateway = gateway_listener(options.port).await?;
    let invoke = invoke_api::bind(options.invoke_port).await.with_context(|| {
        format!(
            "port {} of the Invoke API is taken; choose another: cargo run -- --invoke-port {}",
            options.invoke_port,
            options.invoke_port + 1
        )
    })?;
    let mut stop = Stop::listen()?;
    let booted = tokio::select! {
        booted = boot(home, gateway, &options) => Some(booted?),
        () = stop.wait() => None,
    };
    if let Some((cloud, standing)) = booted {
        invoke_api::serve(invoke, &cloud.lambda)?;
        standing.running(&cloud, &options).note(home)?;
        screen(home, &cloud, &standing, &options, began);
        stop.wait().await;
        println!("\n  stopping");
        cloud.aws.keep_secrets(&cloud.model, &secrets(home)).await?;
        drop(cloud);
        // Waiting for the emulator and Postgres to end.
        tokio::task::spawn_blocking(move || drop(standing)).await?;
        forget(home)?;
    }
    Ok(())
}

async fn gateway_listener(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await.with_context(|| {
        format!(
            "port {port} is taken; choose another: cargo run -- --port {}",
            port.saturating_add(1)
        )
    })
}

/// Ctrl-C, or a request to terminate.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What was started for this cloud and ends with it.
struct Standing {
    _postgres: Option<Postgres>,
    _emulator: Option<Emulator>,
    database: Database,
    emulator_url: String,
    postgres_binaries: PathBuf,
}

impl Standing {
    fn running(&self, cloud: &Cloud, options: &Options) -> Running {
        let Database { host, port, name, admin, password } = self.database.clone();
        Running {
            pid: std::process::id(),
            gateway_url: cloud.url.clone(),
            invoke_url: format!("http://127.0.0.1:{}", options.invoke_port),
            emulator_url: self.emulator_url.clone(),
            database: (host, port, name, admin, password),
            postgres_binaries: self.postgres_binaries.clone(),
        }
    }
}

async fn boot(home: &Home, gateway: TcpListener, options: &Options) -> Result<(Cloud, Standing)> {
    println!("KiteMate's local cloud starts.");
    let names = template::functions(&home.root.join("template.yaml"))?;
    // Tests have built everything and must not have it replaced under them.
    let built = setting("KITEMATE_BUILT").is_some();
    let builder =
        Arc::new(if built { Builder::done(names.iter().cloned()) } else { Builder::default() });
    if !built {
        // What is not needed for booting is built while the first requests are answered.
        tokio::spawn(build(home.root.clone(), names, builder.clone()));
    }
    let standing = stand(home).await?;
    let ground = Ground {
        root: home.root.clone(),
        binaries: home.binaries(),
        logs: home.logs(),
        secrets: secrets(home),
        database: standing.database.clone(),
        emulator_url: standing.emulator_url.clone(),
        allowed_origins: options.allowed_origins.clone().into(),
        limits_times: options.limits_times,
        prefix: "kitemate".into(),
        uses: None,
    };
    let mut cloud = Cloud::assemble(ground, builder.clone(), gateway, true).await?;
    builder
        .ready("platform-migrate")
        .await
        .map_err(|err| anyhow!("{err:#}\n\nMend it and `cargo run` again."))?;
    cloud.migrate().await?;
    cloud.feed_metrics();
    cloud.poll_queues();
    for function in FIRST {
        builder.ready(function).await?;
    }
    seed::seed(&cloud, &standing.emulator_url, &home.root.join("examples"))
        .await
        .context("the demo was not seeded")?;
    cloud.keep_schedules()?;
    if !built {
        let (root, binaries, lambda) = (home.root.clone(), home.binaries(), cloud.lambda.clone());
        cloud.watch(Watch { root, binaries, builder, lambda })?;
    }
    Ok((cloud, standing))
}

async fn stand(home: &Home) -> Result<Standing> {
    let (python, postgres_binaries, emulator_package) = parts(home).await?;
    let (postgres, database) = match setting("DATABASE_URL") {
        Some(url) => (None, Database::at(&url)?),
        None => {
            let (binaries, folder, log) = (
                postgres_binaries.clone(),
                home.data.join("postgres"),
                home.logs().join("postgres.log"),
            );
            let start = move || Postgres::start(&binaries, &folder, &log, true);
            let postgres = tokio::task::spawn_blocking(start).await??;
            postgres.ensure_database().await?;
            let database = postgres.database.clone();
            (Some(postgres), database)
        }
    };
    let (emulator, emulator_url) = match setting("AWS_ENDPOINT_URL") {
        Some(url) => (None, url),
        None => {
            let (state, log) = (home.data.join("emulator"), home.logs().join("emulator.log"));
            let emulator = Emulator::start(&python, &emulator_package, &state, &log).await?;
            let url = emulator.url.clone();
            (Some(emulator), url)
        }
    };
    Ok(Standing {
        _postgres: postgres,
        _emulator: emulator,
        database,
        emulator_url,
        postgres_binaries,
    })
}

fn secrets(home: &Home) -> PathBuf {
    home.data.join("secrets.json")
}

/// Builds the functions with a line of progress: in place on a terminal, now and then elsewhere.
async fn build(root: PathBuf, names: Vec<String>, builder: Arc<Builder>) {
    let terminal = std::io::stdout().is_terminal();
    let compiled = AtomicUsize::new(0);
    let say = |line: &str| {
        if !line.trim_start().starts_with("Compiling") {
            return;
        }
        let count = compiled.fetch_add(1, Ordering::Relaxed) + 1;
        let line = line.trim().split(" (").next().unwrap_or_default();
        if terminal {
            print!("\r\x1b[2K  {line} ({count})");
            let _ = std::io::stdout().flush();
        } else if count % 50 == 1 {
            println!("  {line} ({count})");
        }
    };
    let first: Vec<String> = FIRST.iter().map(|name| (*name).to_owned()).collect();
    builder.build(&root, &first, names.clone(), say, |_| {}).await;
    if terminal && compiled.load(Ordering::Relaxed) > 0 {
        print!("\r\x1b[2K");
    }
    // What booting needs is reported by the boot; the rest only here.
    for name in FIRST {
        if builder.ready(name).await.is_err() {
            return;
        }
    }
    for name in &names {
        if let Err(err) = builder.ready(name).await {
            println!("  {err:#}");
            return;
        }
    }
    if compiled.load(Ordering::Relaxed) > 0 {
        println!("  all {} functions are built", names.len());
    }
}

/// One screen that says what runs where, and the three commands to try.
fn screen(home: &Home, cloud: &Cloud, standing: &Standing, options: &Options, began: Instant) {
    let url = &cloud.url;
    println!(
        "\n\
         KiteMate runs, {seconds:.1} s after the start. Ctrl-C stops everything; data stays in {data}.\n\n\
         \x20 API            {url}   (explorer: {url}/docs)\n\
         \x20 Console        {url}/_console\n\
         \x20 Invoke API     http://localhost:{invoke}\n\
         \x20 Postgres       {database}   (cargo run -- psql)\n\
         \x20 AWS emulator   {emulator}\n\
         \x20 Mails          cargo run -- mails\n\
         \x20 Logs           {logs}\n\n\
         Sign in as the demo person, import a file, ask a question:\n\n\
         TOKEN=$(curl -s {url}/v1/auth/login -H 'content-type: application/json' \\\n\
         \x20 -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' | sed 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/')\n\n\
         curl -s {url}/v1/portfolio/import -H \"authorization: Bearer $TOKEN\" -F file=@examples/tradebook-DEMO01-EQ.csv\n\n\
         curl -s {url}/v1/chat/query -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n\
         \x20 -d '{{\"question\":\"How much did I make this year?\"}}'\n",
        seconds = began.elapsed().as_secs_f64(),
        data = home.data.display(),
        invoke = options.invoke_port,
        database = standing.database.url(),
        emulator = standing.emulator_url,
        logs = home.logs().display(),
        email = seed::EMAIL,
        password = seed::PASSWORD,
    );
}
