//! Extractors that refuse with a problem document.

use std::net::IpAddr;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use lambda_http::request::RequestContext;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::fields::{Fields, FromFields};
use crate::problem::reasons;
use crate::{Access, App, Problem};

/// A JSON body, every fault of it reported at once.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: FromFields> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let Body(bytes) = json_body(request, app).await?;
        read_json(&bytes).map(Self)
    }
}

/// The body of a request that says it is JSON.
pub(crate) async fn json_body(request: Request, app: &App) -> Result<Body, Problem> {
    if media_type(request.headers()) != "application/json" {
        return Err(Problem::new(reasons::CONTENT_TYPE).with("accepted", ["application/json"]));
    }
    Body::from_request(request, app).await
}

/// Reads a JSON object field by field.
pub fn read_json<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Fields::from_json(object).read(),
        Ok(_) => Err(Problem::new(reasons::MALFORMED_JSON)),
        // Line and column help; the text around them is the caller's and stays out.
        Err(err) => Err(Problem::new(reasons::MALFORMED_JSON)
            .with("line", err.line())
            .with("column", err.column())),
    }
}

/// The id in a path, or several of them. A malformed id is reported as 404, as one that nobody has.
#[derive(Clone, Copy, Debug)]
pub struct Id<T = Uuid>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Problem::new(reasons::NOT_FOUND))
    }
}

/// A body as it came, within the route's limit.
#[derive(Debug)]
pub struct Body(pub Bytes);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Bytes::from_request(request, app).await.map(Self).map_err(|rejection: BytesRejection| {
            match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::new(reasons::TOO_LARGE),
                _ => Problem::new(reasons::MALFORMED_JSON)
                    .detail("The body ended before it was complete."),
            }
        })
    }
}

/// The media type of a body, without its parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A query string, every fault of it reported at once.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromFields> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let pairs =
            axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let axum::extract::Query(pairs) =
            pairs.map_err(|_| Problem::field("query", "the query string is not well-formed"))?;
        Fields::from_pairs(pairs).read().map(Self)
    }
}

/// The address a request came from, as API Gateway saw it; headers could be forged.
#[derive(Clone, Debug)]
pub struct SourceAddress(String);

impl SourceAddress {
    /// The address of a request.
    pub(crate) fn of(extensions: &http::Extensions) -> Self {
        let address = match extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.clone(),
            _ => None,
        };
        Self(address.unwrap_or_else(|| "unknown".into()))
    }

    /// The address itself, for the audit log.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What limits count by: the address, or for IPv6 the /64 a subscriber has to himself.
    pub fn subject(&self) -> String {
        match self.0.parse() {
            Ok(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            _ => self.0.clone(),
        }
    }
}

impl FromRequestParts<App> for SourceAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self::of(&parts.extensions))
    }
}

/// Refuses a call to an operators' route that API Gateway did not authenticate by AWS signature.
pub(super) fn check_operator(access: Access, parts: &http::Extensions) -> Result<(), Problem> {
    let signed = matches!(
        parts.get::<RequestContext>(),
        Some(RequestContext::ApiGatewayV1(context)) if context.identity.user_arn.is_some()
    );
    if access == Access::Operator && !signed {
        Err(Problem::new(reasons::OPERATOR))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_are_one_subject() {
        let subject = |address: &str| SourceAddress(address.into()).subject();
        assert_eq!(subject("2001:db8:1:2:3::4"), subject("2001:db8:1:2:ffff::1"));
        assert_ne!(subject("2001:db8:1:2::"), subject("2001:db8:1:3::"));
        assert_eq!(subject("203.0.113.7"), "203.0.113.7");
    }
}
