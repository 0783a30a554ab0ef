//! How an answer leaves for API Gateway.

use std::future::Future;
use std::pin::Pin;

use axum::response::Response;
use lambda_http::Body;

use super::frame::X_REQUEST_ID;

/// A response whose body goes as it is when it is text, and in base64 when it is not. By itself lambda_http decodes
/// what calls itself text, for which every function would carry the tables of all encodings of the web.
pub(super) struct Answer(pub(super) Response);

impl lambda_http::IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = http::Response<Body>> + Send>> {
        Box::pin(async move {
            let (mut parts, body) = self.0.into_parts();
            let body = match axum::body::to_bytes(body, usize::MAX).await.map(Vec::from) {
                Ok(bytes) if bytes.is_empty() => Body::Empty,
                Ok(bytes) => String::from_utf8(bytes)
                    .map_or_else(|err| Body::Binary(err.into_bytes()), Body::Text),
                Err(err) => {
                    // What broke off must not look like a whole answer.
                    let id = parts.headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
                    // The invocation has ended: what it was known by is no more in every line.
                    tracing::error!(request_id = id, cause = %err, "a body broke off");
                    parts.status = http::StatusCode::INTERNAL_SERVER_ERROR;
                    Body::Empty
                }
            };
            http::Response::from_parts(parts, body)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::IntoResponse;

    #[tokio::test]
    async fn text_goes_as_it_is_and_what_is_no_text_in_base64() {
        let sent = async |body: &'static [u8]| {
            let response = Response::new(axum::body::Body::from(body));
            Answer(response).into_response().await.into_body()
        };
        assert_eq!(sent("{\"name\":\"आशा\"}".as_bytes()).await, "{\"name\":\"आशा\"}".into());
        assert_eq!(sent(b"PK\x03\x04\xff").await, Body::Binary(b"PK\x03\x04\xff".to_vec()));
        assert_eq!(sent(b"").await, Body::Empty);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_failure() {
        let parts = [Ok("half"), Err(std::io::Error::other("cut"))];
        let body = axum::body::Body::from_stream(futures_util::stream::iter(parts));
        let sent = Answer(Response::new(body)).into_response().await;
        assert_eq!((sent.status().as_u16(), sent.into_body()), (500, Body::Empty));
    }
}
