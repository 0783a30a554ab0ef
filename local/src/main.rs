//! `cargo run`: the local cloud.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match local::command::run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            report(&err);
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, and below it why.
#[expect(clippy::print_stderr, reason = "a terminal program says its errors there")]
fn report(err: &anyhow::Error) {
    eprintln!("\nerror: {err}");
    for cause in err.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
