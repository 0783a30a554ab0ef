//! A warm request: over the bare SQL on the same connection, through the whole binary, and per core.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Request;
use local::home::Home;
use shared::{App, Permission, clock};
use stores::ledger::BookOn;
use testkit::{Here, Person};
use tokio::process::Child;
use tokio_postgres::Client;
use tower::ServiceExt;

use crate::cold::{command, event, peak_mb};
use crate::runtime::Runtime;
use crate::table::{median, row};

/// Requests of each kind.
const RUNS: usize = 3_000;
/// Requests before the count.
const WARM_UP: usize = 300;

pub(crate) async fn measure(here: &Here, home: &Home, person: &Person) -> Result<()> {
    let (bare, entered, whole) = in_process(here, person).await?;
    let rust = binary(here, home, person, false).await?;
    let node = binary(here, home, person, true).await?;
    row(&["", "median", "over the bare SQL"]);
    row(&["---"; 3]);
    let over = |ms: f64| format!("{:.2}", ms / bare);
    row(&["the SQL alone, on the same connection", &format!("{bare:.3} ms"), "1"]);
    row(&[
        "the same within `begin`, `tenant.enter` and a `commit` that nobody waits for",
        &format!("{entered:.3} ms"),
        &over(entered),
    ]);
    row(&[
        "the whole route: token, SQL, figures, JSON, log",
        &format!("{whole:.3} ms"),
        &format!("**{}**", over(whole)),
    ]);
    eprintln!();
    row(&["through the Runtime API", "Rust", "Node", "Node / Rust"]);
    row(&["---"; 4]);
    for (what, of) in [
        ("median per request", (|one: &Warm| one.median_ms) as fn(&Warm) -> f64),
        ("processor time per request", |one| one.cpu_ms),
    ] {
        let (rust, node) = (of(&rust), of(&node));
        row(&[
            what,
            &format!("{rust:.3} ms"),
            &format!("{node:.3} ms"),
            &format!("{:.1}", node / rust),
        ]);
    }
    let a_core = |one: &Warm| 1000.0 / one.cpu_ms;
    row(&[
        "requests a core could serve",
        &format!("{:.0}/s", a_core(&rust)),
        &format!("{:.0}/s", a_core(&node)),
        "",
    ]);
    row(&[
        "peak memory after them",
        &format!("{:.1} MB", rust.peak_mb),
        &format!("{:.1} MB", node.peak_mb),
        "",
    ]);
    Ok(())
}

/// Medians of the bare SQL, of entering with it, and of the whole route, taken in turn.
async fn in_process(here: &Here, person: &Person) -> Result<(f64, f64, f64)> {
    let app: App = here.app("portfolio-holdings")?;
    let router = portfolio::holdings::route().into_router(app.clone());
    let caller = person.caller(Permission::ReadPortfolio);
    let book = BookOn::new(clock::india_day(clock::now()));
    // The same rows for the same role, which has entered once and for all.
    let client = here.service("svc_portfolio").await?;
    bare(&client, person).await?;
    let before = app.db().round_trips();
    let (mut bare, mut entered, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS + WARM_UP {
        let began = Instant::now();
        let rows = book_of(&client).await?;
        let bare_ms = began.elapsed();
        ensure!(rows == 50, "{rows} rows");
        let began = Instant::now();
        let [_, asserted, ..] = app.db().read(&caller, book.statements()).await?;
        let entered_ms = began.elapsed();
        ensure!(asserted.len() == 50, "{} rows", asserted.len());
        let request = Request::get("/v1/portfolio/holdings")
            .header("authorization", format!("Bearer {}", person.token))
            .body(lambda_http::Body::Empty)?;
        let began = Instant::now();
        let response = router.clone().oneshot(request.map(axum::body::Body::new)).await?;
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
        let whole_ms = began.elapsed();
        ensure!(body.len() > 10_000, "{}", String::from_utf8_lossy(&body));
        if run >= WARM_UP {
            bare.push(bare_ms.as_secs_f64() * 1000.0);
            entered.push(entered_ms.as_secs_f64() * 1000.0);
            whole.push(whole_ms.as_secs_f64() * 1000.0);
        }
    }
    let trips = app.db().round_trips() - before;
    // One each, and one for the keys.
    ensure!(trips == 2 * (RUNS + WARM_UP) as u64 + 1, "{trips} round trips");
    Ok((median(bare), median(entered), median(whole)))
}

/// Enters a workspace once and for all, and asks for its book; both travel together.
pub(crate) async fn bare(client: &Client, person: &Person) -> Result<usize> {
    let entering = format!("set app.workspace_id = '{}'", person.workspace_id);
    let (entered, rows) = tokio::join!(client.batch_execute(&entering), book_of(client));
    entered?;
    rows
}

/// The statements of the route, sent together; answers how many holdings there are.
async fn book_of(client: &Client) -> Result<usize> {
    let question = BookOn::new(clock::india_day(clock::now()));
    let statements = question.statements();
    let all = statements.iter().map(|statement| {
        let (sql, params) = statement.parts();
        async move { client.query_typed(sql, params).await }
    });
    let answers = try_join_all(all).await?;
    Ok(answers[1].len())
}

/// What a process did with many requests.
struct Warm {
    median_ms: f64,
    cpu_ms: f64,
    peak_mb: f64,
}

async fn binary(here: &Here, home: &Home, person: &Person, node: bool) -> Result<Warm> {
    let event = event("portfolio-holdings", person)?;
    let mut runtime = Runtime::start().await?;
    let mut command = command(here, home, "portfolio-holdings", node, &here.database)?;
    let mut child = command.env("AWS_LAMBDA_RUNTIME_API", &runtime.address).spawn()?;
    for _ in 0..WARM_UP {
        once(&mut runtime, &event).await?;
    }
    let before = cpu_ms(&child)?;
    let mut all = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        all.push(once(&mut runtime, &event).await?);
    }
    let cpu_ms = (cpu_ms(&child)? - before) / RUNS as f64;
    let peak_mb = peak_mb(&child)?;
    child.kill().await?;
    Ok(Warm { median_ms: median(all), cpu_ms, peak_mb })
}

async fn once(runtime: &mut Runtime, event: &Bytes) -> Result<f64> {
    let began = Instant::now();
    runtime.give(event.clone());
    let (_, answered, _) = runtime.answered().await?;
    Ok(answered.duration_since(began).as_secs_f64() * 1000.0)
}

/// Processor time of a process so far: fields 14 and 15 of proc(5) stat, in hundredths of a second.
fn cpu_ms(child: &Child) -> Result<f64> {
    let id = child.id().context("it has ended")?;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let after = stat.rsplit(") ").next().context("no stat")?;
    let ticks = after.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? * 10.0)
}
