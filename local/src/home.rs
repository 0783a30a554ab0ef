//! Where things are: the checkout, and the folder that keeps what must survive a stop.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders of a local cloud.
#[derive(Clone, Debug)]
pub struct Home {
    /// The checkout: template.yaml, events/, examples/.
    pub root: PathBuf,
    /// What survives a stop: data, installed parts, logs.
    pub data: PathBuf,
    /// What was installed from PyPI, which a reset keeps.
    pub parts: PathBuf,
}

impl Home {
    /// The home of this checkout; `KITEMATE_HOME` puts the data elsewhere.
    pub fn of_checkout() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the checkout has no root")?
            .to_owned();
        let kept = root.join(".kitemate");
        let data = setting("KITEMATE_HOME").map_or_else(|| kept.join("data"), PathBuf::from);
        let home = Self {
            parts: setting("KITEMATE_PARTS").map_or_else(|| kept.join("parts"), PathBuf::from),
            root,
            data,
        };
        std::fs::create_dir_all(home.logs())
            .with_context(|| format!("cannot make {}", home.logs().display()))?;
        Ok(home)
    }

    /// The logs of functions and of what they stand on.
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    /// Where cargo put the function binaries.
    pub fn binaries(&self) -> PathBuf {
        self.target().join(if RELEASE { "release" } else { "debug" })
    }

    /// Where `deploy/build` put a function's binary.
    pub fn deployed(&self, function: &str) -> PathBuf {
        self.target().join("lambda").join(function).join("bootstrap")
    }

    /// Cargo's target folder.
    pub fn target(&self) -> PathBuf {
        setting("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }
}

/// Whether functions are built in release, as the local cloud itself was: `cargo run --release`.
pub const RELEASE: bool = !cfg!(debug_assertions);

/// What cargo is told of that.
pub fn profile() -> Option<&'static str> {
    RELEASE.then_some("--release")
}

/// An environment variable that chooses where or what the local cloud is.
#[expect(
    clippy::disallowed_methods,
    reason = "the local cloud is configured by its own environment, in this place only"
)]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
