//! Operators sign their requests with AWS credentials; here there is one pair of them.
//!
//! Algorithm: AWS Signature Version 4, "Create a signed AWS API request", IAM user guide.

use aws_lc_rs::{digest, hmac};
use axum::body::Bytes;
use axum::http::request::Parts;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::lambda::now;
use crate::template::ACCOUNT;

/// The access key of the local operator; `curl --user "operator:local-operator"`.
pub(super) const ACCESS_KEY: &str = "operator";
/// Its secret. It protects nothing: it lets the real check be used.
pub(super) const SECRET_KEY: &str = "local-operator";

/// The ARN of whoever signed the request, or the kind of answer API Gateway gives otherwise.
pub(super) fn check(parts: &Parts, body: &Bytes) -> Result<String, &'static str> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").ok_or("MISSING_AUTHENTICATION_TOKEN")?;
    let signed =
        authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("MISSING_AUTHENTICATION_TOKEN")?;
    let part = |name: &str| {
        signed
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or("INVALID_SIGNATURE")
    };
    let scope = part("Credential")?;
    if !scope.starts_with(&format!("{ACCESS_KEY}/")) {
        return Err("ACCESS_DENIED");
    }
    let time = header("x-amz-date").ok_or("INVALID_SIGNATURE")?;
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", time)
        .and_then(|signed_at| signed_at.to_zoned(TimeZone::UTC))
        .map_err(|_| "INVALID_SIGNATURE")?;
    let age = signed_at.timestamp().duration_until(now());
    if age.abs() > SignedDuration::from_mins(15) {
        return Err("INVALID_SIGNATURE");
    }
    let expected =
        sign(parts, body, time, part("SignedHeaders")?, scope).ok_or("INVALID_SIGNATURE")?;
    if expected != part("Signature")? {
        return Err("INVALID_SIGNATURE");
    }
    Ok(format!("arn:aws:iam::{ACCOUNT}:user/operator"))
}

/// The signature the request should have.
fn sign(
    parts: &Parts,
    body: &Bytes,
    time: &str,
    signed_headers: &str,
    credential: &str,
) -> Option<String> {
    let (_, scope) = credential.split_once('/')?;
    let mut query: Vec<&str> =
        parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let header =
        |name: &str| Some(format!("{name}:{}\n", parts.headers.get(name)?.to_str().ok()?.trim()));
    let headers: Option<String> = signed_headers.split(';').map(header).collect();
    let canonical = [
        parts.method.as_str(),
        parts.uri.path(),
        &query.join("&"),
        &headers?,
        signed_headers,
        &hex(digest::digest(&digest::SHA256, body).as_ref()),
    ]
    .join("\n");
    let canonical = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical}");
    let mac = |key: &[u8], text: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    };
    // The key is derived from the scope's parts in turn: day, region, service, `aws4_request`.
    let key = scope
        .split('/')
        .fold(format!("AWS4{SECRET_KEY}").into_bytes(), |key, part| mac(&key, part));
    Some(hex(&mac(&key, &text)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
