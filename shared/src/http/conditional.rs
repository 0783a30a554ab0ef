//! Reads that are not answered again when nothing has changed (RFC 9110, sections 8.8.3 and 13.1.2).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use jiff::civil::Date;
use serde::Serialize;

use super::{Reply, ok};
use crate::crypto::sha256;
use crate::db::Entry;
use crate::{App, Caller, Problem, clock};

/// What a request says that its caller has already: the tags of `If-None-Match`.
#[derive(Clone, Debug)]
pub struct Conditional {
    tags: Vec<String>,
    /// Path and query: two requests never have the same tag.
    request: String,
    /// The day in India on which the request came, before anything was read for it.
    day: Date,
}

/// Names one state of what a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl FromRequestParts<App> for Conditional {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let lists = parts.headers.get_all(header::IF_NONE_MATCH).iter();
        let tags = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
        // A weak tag is compared by its text.
        let tags = tags.map(|tag| tag.trim().trim_start_matches("W/").to_owned());
        let request = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let day = clock::india_day(clock::now());
        Ok(Self { tags: tags.collect(), request, day })
    }
}

impl Conditional {
    /// Whether the caller has something that may be the same still.
    pub fn is_sent(&self) -> bool {
        !self.tags.is_empty()
    }

    /// How a read enters that follows the question whether anything has changed: a request is counted once.
    pub fn entry<'a>(&self, caller: &'a Caller) -> Entry<'a> {
        if self.is_sent() { Entry::Again(caller) } else { caller.into() }
    }

    /// The tag of an answer that depends on the request, the day and `state` alone.
    pub fn etag<T: Serialize>(&self, state: &T) -> Result<ETag, Problem> {
        let text =
            serde_json::to_vec(&(&self.request, self.day, state)).map_err(Problem::internal)?;
        let hash: String =
            sha256(&text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(ETag(format!("\"{hash}\"")))
    }

    /// 304 where the caller has the state of this tag.
    pub fn not_modified(&self, etag: &ETag) -> Option<Response> {
        self.tags.contains(&etag.0).then(|| etag.put_on(StatusCode::NOT_MODIFIED.into_response()))
    }
}

impl ETag {
    /// 200 with this tag. Caches ask whether it is the same before they show it, and nobody else's may keep it.
    pub fn ok<T: Serialize>(&self, body: T) -> Reply {
        Ok(self.put_on(ok(body)?))
    }

    fn put_on(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        // Weak: an answer may be sent compressed.
        if let Ok(tag) = HeaderValue::from_str(&format!("W/{}", self.0)) {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}
