//! HTTP/1.1 over TLS, to whom the system trusts, with connections kept for the next call.
//!
//! One client of one type for vendors and for AWS' SDKs, so that a function has it once; the SDKs' own brings HTTP/2.
#![warn(missing_docs)]

mod sdk;

use std::io;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http::{Request, Response, Uri};
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tower::BoxError;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;

pub use sdk::sdk_client;

/// A body, of a request or of an answer.
pub type Body = SdkBody;

/// What connects: to a name, by TCP, and over TLS unless the URL says `http`.
type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

/// A client, cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(legacy::Client<Connector, Body>);

impl Client {
    /// Reads the system's trusted certificates, which takes milliseconds: make it when it is first used.
    /// `connect_timeout` is the longest wait for a connection: name, TCP and TLS together.
    pub fn new(connect_timeout: Duration) -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let connector = Connector::new(Timeout::new(https, connect_timeout));
        Ok(Self(legacy::Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Sends a request once, and waits for the head of its answer as long as it takes.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, legacy::Error> {
        Ok(self.0.request(request).await?.map(Body::from_body_1_x))
    }
}
