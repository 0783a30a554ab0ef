//! Files in Amazon S3, in the bucket that `FILES_BUCKET` names.
#![warn(missing_docs)]

mod notification;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use http::HeaderMap;
use shared::{App, Problem, Secret};

pub use notification::created;

/// The client, in path style, so that a local emulator needs no names of its own.
pub fn client(app: &App) -> Client {
    app.client(|sdk| {
        Client::from_conf(aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build())
    })
}

/// Puts an object, or replaces it; browsers save it rather than show it.
pub async fn put(app: &App, key: &str, kind: &str, content: Vec<u8>) -> Result<(), Problem> {
    let put = client(app).put_object().bucket(app.config().need("FILES_BUCKET")?).key(key);
    let put = put.content_type(kind).content_disposition("attachment");
    put.body(ByteStream::from(content)).send().await.map(drop).map_err(Problem::unavailable)
}

/// The keys under a prefix.
pub async fn keys(app: &App, prefix: &str) -> Result<Vec<String>, Problem> {
    let bucket = app.config().need("FILES_BUCKET")?;
    let listing = client(app).list_objects_v2().bucket(bucket).prefix(prefix);
    let mut pages = listing.into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(Problem::unavailable)?;
        keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    Ok(keys)
}

/// A link that whoever has it can download the object with, for so long.
pub async fn link(app: &App, key: &str, good_for: Duration) -> Result<Secret, Problem> {
    let get = client(app).get_object().bucket(app.config().need("FILES_BUCKET")?).key(key);
    let good_for = PresigningConfig::expires_in(good_for).map_err(Problem::internal)?;
    let signed = get.presigned(good_for).await.map_err(Problem::internal)?;
    Ok(Secret::new(signed.uri()))
}

/// How somebody puts one object of a certain size, without an account of their own.
#[derive(Debug)]
pub struct UploadLink {
    /// Where to send it with `PUT`.
    pub url: Secret,
    /// What to send with it.
    pub headers: HeaderMap,
}

/// A link that one object of this many bytes can be put with, for so long.
pub async fn upload_link(
    app: &App,
    key: &str,
    bytes: i64,
    good_for: Duration,
) -> Result<UploadLink, Problem> {
    let put = client(app).put_object().bucket(app.config().need("FILES_BUCKET")?).key(key);
    let good_for = PresigningConfig::expires_in(good_for).map_err(Problem::internal)?;
    let signed = put.content_length(bytes).presigned(good_for).await.map_err(Problem::internal)?;
    let mut headers = HeaderMap::new();
    for (name, value) in signed.headers() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), value.parse()) {
            headers.insert(name, value);
        }
    }
    Ok(UploadLink { url: Secret::new(signed.uri()), headers })
}

/// What there is under a key.
#[derive(Debug)]
pub enum Got {
    /// The whole object.
    File(Vec<u8>),
    /// More than was asked for.
    TooLarge,
    /// Nothing, or nothing any more.
    Missing,
}

/// An object of at most so many bytes.
pub async fn get(app: &App, bucket: &str, key: &str, most: u64) -> Result<Got, Problem> {
    let object = match client(app).get_object().bucket(bucket).key(key).send().await {
        Ok(object) => object,
        // Who may not list a bucket is told that they may not read what is not there.
        Err(err)
            if err.as_service_error().is_some_and(|err| {
                err.is_no_such_key() || err.meta().code() == Some("AccessDenied")
            }) =>
        {
            tracing::warn!("an object is not there, or may not be read");
            return Ok(Got::Missing);
        }
        Err(err) => return Err(Problem::unavailable(err)),
    };
    let length = object.content_length().and_then(|length| u64::try_from(length).ok());
    if length.is_none_or(|length| length > most) {
        return Ok(Got::TooLarge);
    }
    Ok(Got::File(object.body.collect().await.map_err(Problem::unavailable)?.to_vec()))
}
