//! Calls to other systems, measured where they leave: the SDK's HTTP client, watched.

use std::time::Instant;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::measures::called;

/// A call to a vendor under way; it ends when it is dropped, be it because whoever waited gave up.
#[derive(Debug)]
pub struct OutsideCall(Call);

impl OutsideCall {
    /// Begins a call. Neither name may be of a tenant.
    pub fn begin(system: &str, operation: &str) -> Self {
        let (system, operation) = (system.to_owned(), operation.to_owned());
        Self(Call { system, operation, began: Instant::now(), status: None })
    }

    /// The vendor's answer is there; `None` when there is none.
    pub fn answered(&mut self, status: Option<u16>) {
        self.0.status = status;
    }
}

/// An HTTP client whose every call is counted and timed.
pub fn watched(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Watched(client))
}

#[derive(Debug)]
struct Watched(SharedHttpClient);

impl HttpClient for Watched {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = Call {
            system: system(&request),
            operation: operation(&request),
            began: Instant::now(),
            status: None,
        };
        let answer = self.0.call(request);
        HttpConnectorFuture::new(call.watch(answer))
    }
}

type Answer = Result<HttpResponse, ConnectorError>;

/// A call under way.
#[derive(Debug)]
struct Call {
    system: String,
    operation: String,
    began: Instant,
    status: Option<u16>,
}

impl Call {
    async fn watch(mut self, answer: HttpConnectorFuture) -> Answer {
        let answer = answer.await;
        self.status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        answer
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        called(&self.system, &self.operation, self.began, self.status);
    }
}

/// The AWS service, from the scope its request is signed for.
fn system(request: &HttpRequest) -> String {
    let signed = request.headers().get("authorization").unwrap_or_default();
    let scope = signed.split("Credential=").nth(1).unwrap_or_default();
    scope.split('/').nth(3).unwrap_or("aws").to_owned()
}

/// What is asked of it: the target header's last word, else the method.
fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target");
    let operation = target.and_then(|target| target.rsplit('.').next());
    operation.map_or_else(|| request.method().to_owned(), str::to_owned)
}
