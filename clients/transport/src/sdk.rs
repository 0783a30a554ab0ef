//! The client as AWS' SDKs take it.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};

use crate::Client;

/// Longest wait for a connection to AWS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What the SDKs of a process send their requests with; build it once. It has its own patience for connecting, whatever
/// a client's settings say; that for attempts and operations is the SDK's.
pub fn sdk_client() -> SharedHttpClient {
    let client = Client::new(CONNECT_TIMEOUT);
    let client = client.inspect_err(|err| tracing::error!(cause = %err, "no client could be made"));
    let connector = SharedHttpConnector::new(Connector(client.ok()));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Connector(Option<Client>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let client = client.ok_or_else(|| wrong("no client could be made"))?;
            let mut request = request.try_into_http1x().map_err(wrong)?;
            let connection = capture_connection(&mut request);
            if let Some(asked) = request.extensions().get::<CaptureSmithyConnection>() {
                asked.set_connection_retriever(move || Some(used(connection.clone())));
            }
            // Whatever it is that broke, asking again may help.
            let answer =
                client.send(request).await.map_err(|err| ConnectorError::io(err.into()))?;
            HttpResponse::try_from(answer).map_err(wrong)
        })
    }
}

/// The connection a request went over, which the SDK lets nobody use again after an answer like 503.
fn used(connection: CaptureConnection) -> ConnectionMetadata {
    let poison = move || {
        if let Some(connection) = connection.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    ConnectionMetadata::builder().proxied(false).poison_fn(poison).build()
}

/// What asking again does not help against.
fn wrong(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::other(cause.into(), None)
}
