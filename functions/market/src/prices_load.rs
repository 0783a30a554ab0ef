//! Queue `prices-load`: loads an exchange's or fund house's price file that was put into the bucket.
//!
//! S3 tells the queue of each new object under `prices/`. The file's layout is recognised by its
//! header. A file is stored in one transaction of its own: whole, or not at all.

mod actions;
mod files;
mod kinds;
mod store;

use std::io::Read;

use jiff::civil::Date;
use shared::queue::Consumer;
use shared::{App, Problem, clock};

/// A price file has this many bytes at most, inflated.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Consumes S3's notifications of created objects.
pub fn consumer() -> Consumer {
    Consumer::new(|app, body| Box::pin(load_all(app, body)))
}

async fn load_all(app: App, body: String) -> Result<(), Problem> {
    for (bucket, key) in ::files::created(&body)? {
        load(&app, &bucket, &key).await?;
    }
    Ok(())
}

async fn load(app: &App, bucket: &str, key: &str) -> Result<(), Problem> {
    let bytes = match ::files::get(app, bucket, key, MOST_BYTES).await? {
        ::files::Got::File(bytes) => bytes,
        ::files::Got::TooLarge => return Err(Problem::internal(files::Refusal::TooLarge)),
        ::files::Got::Missing => {
            return Err(Problem::internal(std::io::Error::other("the object is not there")));
        }
    };
    let sha256 = shared::crypto::sha256(&bytes);
    let today = clock::india_day(clock::now());
    let text = text_of(bytes).map_err(Problem::internal)?;
    let file = files::read(&text, today).map_err(Problem::internal)?;
    for refused in file.refused.iter().take(20) {
        tracing::warn!(key, line = refused.line, reason = %refused.reason, "a row was refused");
    }
    let outcome = store::store(app.db(), &file, key, &sha256).await?;
    tracing::info!(
        key,
        layout = file.layout,
        rows = file.rows(),
        refused = file.refused.len(),
        outcome,
        "prices"
    );
    Ok(())
}

/// How many rows a file has, as it would be loaded; `None` of one that would be refused.
pub fn rows(file: Vec<u8>, today: Date) -> Option<usize> {
    let text = text_of(file).ok()?;
    files::read(&text, today).ok().map(|file| file.rows())
}

/// The text of a file, or of the one file in a zip, as NSE gives it.
fn text_of(bytes: Vec<u8>) -> Result<String, files::Refusal> {
    let bytes = if bytes.starts_with(b"PK\x03\x04") { unzipped(&bytes)? } else { bytes };
    String::from_utf8(bytes).map_err(|_| files::Refusal::NotText)
}

fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, files::Refusal> {
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|_| files::Refusal::NotText)?;
    if archive.len() != 1 {
        return Err(files::Refusal::NotOneFile);
    }
    let part = archive.by_index(0).map_err(|_| files::Refusal::NotText)?;
    let mut inflated = Vec::new();
    let read = part
        .take(MOST_BYTES + 1)
        .read_to_end(&mut inflated)
        .map_err(|_| files::Refusal::NotText)?;
    if read as u64 > MOST_BYTES { Err(files::Refusal::TooLarge) } else { Ok(inflated) }
}
