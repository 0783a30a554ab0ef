//! `cargo run -- bench`: measures on this machine and prints the tables of docs/benchmarks.md; `cargo run -- simulate`:
//! those of docs/refresh.md.
//!
//! Binaries as they are deployed, with their logging, over a real Postgres; the same three
//! endpoints in Node beside them in the same harness. Runs alternate, so that whatever else the
//! machine does meets both.
#![expect(
    clippy::print_stderr,
    reason = "its tables; standard output is the log of what it measures"
)]

mod cold;
mod kept;
mod people;
mod runtime;
mod simulate;
mod table;
mod warm;

use anyhow::Result;
use local::home::Home;
use testkit::Here;

/// The endpoints that are compared.
pub(crate) const FUNCTIONS: &[&str] = &["platform-health", "auth-me", "portfolio-holdings"];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [simulate, accounts, connected] = words.as_slice()
        && simulate == "simulate"
    {
        let scale =
            simulate::Scale { accounts: accounts.parse()?, connected_percent: connected.parse()? };
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        return threads.worker_threads(2).enable_all().build()?.block_on(simulate::run(scale));
    }
    // On one thread: another would have to be woken, and take the processor from what is measured.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(compare())
}

async fn compare() -> Result<()> {
    let here = Here::start().await?;
    let investor = people::investor(&here).await?;
    let home = Home::of_checkout()?;
    for function in FUNCTIONS {
        cold::read_from_disk(&home.deployed(function))?;
    }
    eprintln!("Exec to the first response, as deployed and in Node, alternating:\n");
    cold::measure(&here, &home, &investor).await?;
    eprintln!(
        "\nThe same on a server process of Postgres that is kept, as RDS Proxy keeps them:\n"
    );
    cold::measure_kept(&here, &home, &investor).await?;
    eprintln!("\nA warm request for 50 holdings:\n");
    warm::measure(&here, &home, &investor).await?;
    eprintln!("\nBinaries:\n");
    table::sizes(&home)
}
