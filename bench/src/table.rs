//! Tables in Markdown, medians, and the sizes of binaries.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use local::home::Home;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::FUNCTIONS;

/// A row of a table.
pub(crate) fn row(cells: &[&str]) {
    eprintln!("| {} |", cells.join(" | "));
}

/// The middle one.
pub(crate) fn median(of: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = of.into_iter().collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The sizes of the binaries as they are deployed, as they are and zipped as they are uploaded.
pub(crate) fn sizes(home: &Home) -> Result<()> {
    row(&["", "raw", "zipped"]);
    row(&["---"; 3]);
    for function in FUNCTIONS {
        let file = home.deployed(function);
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bootstrap", SimpleFileOptions::default().compression_level(Some(9)))?;
        zip.write_all(&bytes)?;
        let zipped = zip.finish()?.into_inner().len();
        let mb = |bytes: usize| format!("{:.1} MB", bytes as f64 / 1_048_576.0);
        row(&[function, &mb(bytes.len()), &mb(zipped)]);
    }
    Ok(())
}
