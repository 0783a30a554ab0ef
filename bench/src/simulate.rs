//! `cargo run -- simulate ACCOUNTS [CONNECTED-PERCENT]`: an evening of so many accounts, with the stand-in for Kite.
//!
//! Release binaries over a real Postgres and the emulator: the refresh of everything connected, then a revaluation of
//! everything, then the seal, then all of it once more, which must change nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use brokers::sealing::{Place, SealingKeys};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use shared::{Secret, clock};
use testkit::Here;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::people::checked;
use crate::table::row;

/// Kite apps the connections are spread over: so many that this machine is what bounds the rate, and nobody waits for
/// a turn.
const APPS: usize = 2000;
/// Securities of all accounts, and how many of them each holds.
const SECURITIES: i32 = 500;
const HOLDINGS: i32 = 15;
/// Events a function's processes consume at a time.
const POLLERS: usize = 3;
/// How many events are published at a time. The emulator looks at every message of a queue to find the next one, and
/// becomes slower with each that waits; a real queue does not.
const PORTION: i64 = 2000;
/// How long a phase may take without anything being done.
const PATIENCE: Duration = Duration::from_secs(120);

/// How large it is.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) accounts: i64,
    pub(crate) connected_percent: i64,
}

/// Runs an evening and prints what it took.
pub(crate) async fn run(scale: Scale) -> Result<()> {
    let mut here = Here::start().await?;
    let admin = here.admin().await?;
    let today = clock::india_day(clock::now());
    let connected = seed(&here, &admin, scale, today).await?;
    for _ in 0..POLLERS {
        here.poll_queues();
    }
    let workspaces =
        count(&admin, "select count(distinct workspace_id) from brokers.accounts").await?;
    eprintln!(
        "{} accounts in {workspaces} workspaces, {connected} of them connected:\n",
        scale.accounts
    );
    row(&["", "published in", "done in", "a second"]);
    row(&["---"; 4]);
    let evening = Evening { here: &here, admin: &admin, today };
    let good = "select count(*) from brokers.syncs where good_at is not null";
    evening.phase("accounts read", ("brokers-refresh-daily", "12:30"), good, connected).await?;
    let told = "select count(*) from shared.outbox where event = 'portfolio.refreshed' and not (body ->> 'sealed')::bool";
    evening.phase("workspaces valued", ("market-revalue", "12:30"), told, workspaces).await?;
    // The session before is sealed once more, too.
    let sealed = told.replace("not (", "(");
    let tomorrow = Evening { today: today.saturating_add(1.day()), ..evening };
    tomorrow.phase("sealed", ("market-revalue", "08:30"), &sealed, 2 * workspaces).await?;
    again(&evening, &tomorrow).await?;
    sizes(&here, &admin).await
}

/// A day's schedules.
#[derive(Clone, Copy)]
struct Evening<'a> {
    here: &'a Here,
    admin: &'a Client,
    today: Date,
}

impl Evening<'_> {
    async fn call(&self, function: &str, time: &str) -> Result<Value> {
        let mut event = Here::sample(function)?;
        event["time"] = json!(format!("{}T{time}:00Z", self.today));
        event["detail"] = json!({ "most": PORTION });
        self.here.invoke(function, &event).await
    }

    /// Calls a schedule, portion by portion, and waits until everything it asked for is done.
    async fn phase(
        &self,
        name: &str,
        (function, time): (&str, &str),
        done: &str,
        all: i64,
    ) -> Result<()> {
        let begun = Instant::now();
        let (mut publishing, mut published, mut before) = (Duration::ZERO, 0, 0);
        let (mut moved, mut more) = (begun, true);
        loop {
            let so_far = count(self.admin, done).await?;
            if so_far >= all {
                break;
            }
            if so_far > before {
                (before, moved) = (so_far, Instant::now());
            }
            ensure!(moved.elapsed() < PATIENCE, "{name}: {so_far} of {all}");
            if more && published - so_far < PORTION {
                let called = Instant::now();
                let answer = self.call(function, time).await?;
                publishing += called.elapsed();
                let portion = answer["published"].as_i64().context("how many")?;
                (published, more) = (published + portion, portion == PORTION);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let took = begun.elapsed();
        let seconds = |took: Duration| format!("{:.1} s", took.as_secs_f64());
        let rate = format!("{:.0}", all as f64 / took.as_secs_f64());
        row(&[name, &seconds(publishing), &seconds(took), &rate]);
        Ok(())
    }
}

/// Everything once more: nothing is published, and nothing changes.
async fn again(evening: &Evening<'_>, tomorrow: &Evening<'_>) -> Result<()> {
    let state = "select md5(string_agg(to_jsonb(v)::text, ',' order by v.account_id)) from portfolio.account_values v";
    let before: String = evening.admin.query_one(state, &[]).await?.get(0);
    for (evening, function, time) in [
        (evening, "brokers-refresh-daily", "12:30"),
        (evening, "market-revalue", "12:30"),
        (tomorrow, "market-revalue", "08:30"),
    ] {
        let answer = evening.call(function, time).await?;
        ensure!(answer["published"] == 0, "{function} published again: {answer}");
    }
    let after: String = evening.admin.query_one(state, &[]).await?.get(0);
    ensure!(before == after, "a repeated run changed values");
    eprintln!("\nAll of it once more published nothing and changed nothing.");
    Ok(())
}

/// Messages, and what the functions took.
async fn sizes(here: &Here, admin: &Client) -> Result<()> {
    eprintln!("\nEvents:\n");
    row(&["event", "how many"]);
    row(&["---"; 2]);
    let sql = "select event, count(*) from shared.outbox group by event order by event";
    for found in admin.query(sql, &[]).await? {
        row(&[found.get(0), &found.get::<_, i64>(1).to_string()]);
    }
    eprintln!("\nInvocations:\n");
    row(&["function", "how many", "p50", "p99"]);
    row(&["---"; 4]);
    for function in ["brokers-sync-account", "portfolio-snapshot"] {
        let tally = here.cloud.lambda.record().tally(function);
        let ms =
            |us: Option<u64>| us.map_or("?".into(), |us| format!("{:.1} ms", us as f64 / 1000.0));
        let (p50, p99) = (tally.percentile_us(50), tally.percentile_us(99));
        row(&[function, &tally.count.to_string(), &ms(p50), &ms(p99)]);
    }
    Ok(())
}

async fn count(admin: &Client, sql: &str) -> Result<i64> {
    Ok(admin.query_one(sql, &[]).await?.get(0))
}

/// Accounts of fifteen holdings each: every fifth workspace has two, and what is connected is among all of them.
/// Answers how many are.
async fn seed(here: &Here, admin: &Client, scale: Scale, today: Date) -> Result<i64> {
    admin.batch_execute("set session_replication_role = replica").await?;
    let isins: Vec<String> =
        (1..=SECURITIES).map(|number| checked(&format!("INE{number:06}01"))).collect();
    let (today, accounts) = (today.to_string(), scale.accounts);
    securities(admin, &isins, &today).await?;
    admin
        .execute(
            "with numbered as (
                 select n, case when n % 5 = 0 then n - 1 else n end as home, gen_random_uuid() as account
                 from generate_series(1, $1::bigint) n
             ), homes as (
                 select distinct home, gen_random_uuid() as workspace from (select distinct home from numbered) h
             ), made as (
                 insert into workspaces.workspaces (workspace_id, name, kind) select workspace, 'Simulated', 'personal' from homes
             )
             insert into brokers.accounts (workspace_id, account_id, broker, client_id, label, created_at)
             select h.workspace, n.account, 'zerodha', 'SI' || n.n, 'Simulated', now() - interval '10 days'
             from numbered n join homes h using (home)",
            &[&accounts],
        )
        .await?;
    admin
        .execute(
            "insert into imports.holdings (workspace_id, account_id, isin, segment, name, available, t1, pledged,
                 discrepant, cost, statement_on, layout, import_id)
             select a.workspace_id, a.account_id, ($1::text[])[(hashtext(a.client_id) & 255) + 1 + n * 16 % 240], 'equity', 'Held', 10, 0, 0, 0,
                    1000, $2::text::date - 3, 'zerodha_console_holdings', a.account_id
             from brokers.accounts a, generate_series(0, $3::int - 1) n",
            &[&isins, &today, &HOLDINGS],
        )
        .await?;
    let connected = connect(here, admin, scale).await?;
    admin.batch_execute("analyze").await?;
    Ok(connected)
}

/// A session today, and prices of today and of yesterday.
async fn securities(admin: &Client, isins: &Vec<String>, today: &String) -> Result<()> {
    admin
        .execute(
            "insert into market.special_sessions (day, opens, closes, name)
             values ($1::text::date, '09:15', '15:30', 'Simulated') on conflict do nothing",
            &[today],
        )
        .await?;
    admin
        .execute(
            "with isins as (select isin, n from unnest($1::text[]) with ordinality as i (isin, n)), named as (
                 insert into market.instruments (isin, name, class, sector, source, as_of)
                 select isin, 'Company ' || n, 'equity', 'Energy', 'nse', $2::text::date from isins)
             insert into market.prices (isin, on_date, source, close)
             select isin, day, 'nse', 100 + n from isins, (values ($2::text::date), ($2::text::date - 1)) as d (day)",
            &[isins, today],
        )
        .await?;
    Ok(())
}

/// Connects a share of the accounts, with tokens that the stand-in for Kite knows without a sign-in.
async fn connect(here: &Here, admin: &Client, scale: Scale) -> Result<i64> {
    let app = here.app("brokers-sync-account")?;
    let keys = SealingKeys::read(&app).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let chosen = "select workspace_id, account_id, client_id from brokers.accounts
                  where substr(client_id, 3)::bigint % 100 < $1 order by client_id";
    let chosen = admin.query(chosen, &[&scale.connected_percent]).await?;
    let insert = admin
        .prepare(
            "insert into brokers.connections (workspace_id, connection_id, user_id, api_key, kite_user_id, account_id, state,
                 reason, token_sealed, sealing_key, connected_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, 'connected', 'signed_in', $7, $8, now(), now() + interval '1 day')",
        )
        .await?;
    admin.batch_execute("begin").await?;
    for (number, account) in chosen.iter().enumerate() {
        let (workspace, client): (Uuid, &str) = (account.get(0), account.get(2));
        let (connection, user) = (Uuid::now_v7(), Uuid::now_v7());
        let token = Secret::new(format!("local-{client}"));
        let sealed = keys.seal(Place { workspace, user, connection }, &token);
        let sealed = sealed.ok().context("a token that cannot be sealed")?;
        let app = format!("simulated-app-{}", number % APPS);
        let (account, key) = (account.get::<_, Uuid>(1), keys.current());
        admin
            .execute(
                &insert,
                &[&workspace, &connection, &user, &app, &client, &account, &sealed, &key],
            )
            .await?;
    }
    admin.batch_execute("commit").await?;
    Ok(i64::try_from(chosen.len())?)
}
