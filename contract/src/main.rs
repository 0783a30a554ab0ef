//! `cargo run -p contract`: writes openapi.json and the HTTP samples. `-- --check` only compares.
#![expect(clippy::print_stdout, reason = "a terminal program talks on standard output")]

use std::path::Path;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let stale = contract::write(&root, check)?;
    if check && !stale.is_empty() {
        bail!("not up to date: {}; run `cargo run -p contract`", stale.join(", "));
    }
    let word = if check { "up to date" } else { "written" };
    println!(
        "{word}: {}",
        if stale.is_empty() { "nothing differed".into() } else { stale.join(", ") }
    );
    Ok(())
}
