//! S3's notifications of created objects, as a queue carries them.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use shared::Problem;

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

/// The objects a message tells of, each by its bucket and key.
pub fn created(message: &str) -> Result<Vec<(String, String)>, Problem> {
    let notification: Notification = serde_json::from_str(message).map_err(Problem::internal)?;
    let place = |Record { s3 }: Record| (s3.bucket.name, decoded(&s3.object.key));
    Ok(notification.records.into_iter().map(place).collect())
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

    #[test]
    fn s3s_test_message_tells_of_nothing() {
        assert_eq!(created(r#"{"Service": "Amazon S3", "Event": "s3:TestEvent"}"#).unwrap(), []);
        assert!(created("not JSON").is_err());
    }
}
