//! The vendors' own clients take our stand-ins for the vendors.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use local::home::setting;
use local::python::Python;
use serde_json::json;
use testkit::{ANTHROPIC, MODEL_KEY, ModelReply, ModelStubs, OPENAI};
use tokio::process::Command;

#[tokio::test]
async fn the_clients_of_openai_and_anthropic_read_what_the_stand_ins_answer() -> Result<()> {
    let parts = PathBuf::from(setting("KITEMATE_PARTS").context("run `cargo run -- test`")?);
    let python = Python::find()?;
    let clients = python.vendor_clients(&parts)?;
    let (url, stubs) = ModelStubs::stand().await?;
    for kind in [OPENAI, ANTHROPIC] {
        stubs.reply(kind, ModelReply::Answer(json!({ "kind": "advice" })));
        stubs.reply(kind, ModelReply::Declines);
        stubs.reply(kind, ModelReply::Fails(429, "rate_limit_error"));
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/vendors.py");
    let mut command = Command::new(python.command());
    command.env("PYTHONPATH", clients).args([script, &url, MODEL_KEY]);
    let output = command.output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
