//! Queue `prices-load`: loads an exchange's or fund house's price file that was put into the bucket.
//!
//! S3 tells the queue of each new object under `prices/`. The file's layout is recognised by its
//! header. A file is stored in one transaction of its own: whole, or not at all.

mod actions;
mod files;
mod kinds;
mod store;

use std::io::Read;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use shared::queue::Consumer;
use shared::{App, Problem, clock};

/// A price file has this many bytes at most, inflated.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Consumes S3's notifications of created objects.
pub fn consumer() -> Consumer {
    Consumer::new(|app, body| Box::pin(load_all(app, body)))
}

/// S3's event notification message structure, version 2.x, as far as it is used.
#[derive(Deserialize)]
struct Notification {
    // S3's test message has none.
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    s3: Place,
}

#[derive(Deserialize)]
struct Place {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    /// URL-encoded.
    key: String,
}

async fn load_all(app: App, body: String) -> Result<(), Problem> {
    let notification: Notification = serde_json::from_str(&body).map_err(Problem::internal)?;
    for Record { s3 } in notification.records {
        let key = decoded(&s3.object.key);
        load(&app, &s3.bucket.name, &key).await?;
    }
    Ok(())
}

async fn load(app: &App, bucket: &str, key: &str) -> Result<(), Problem> {
    let bytes = fetch(app, bucket, key).await?;
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

async fn fetch(app: &App, bucket: &str, key: &str) -> Result<Vec<u8>, Problem> {
    let object = ::files::client(app).get_object().bucket(bucket).key(key).send().await;
    let object = object.map_err(Problem::unavailable)?;
    if object
        .content_length()
        .is_some_and(|length| u64::try_from(length).is_ok_and(|length| length > MOST_BYTES))
    {
        return Err(Problem::internal(files::Refusal::TooLarge));
    }
    Ok(object.body.collect().await.map_err(Problem::unavailable)?.to_vec())
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

/// An object's key as it is: notifications carry it in the encoding of a form.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objects_key_is_decoded() {
        assert_eq!(decoded("prices/NAVAll+20%2D11.txt"), "prices/NAVAll 20-11.txt");
        assert_eq!(decoded("100%"), "100%");
    }
}
