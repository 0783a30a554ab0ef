//! Whom the client believes, and what the SDKs are told when there is no answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::SdkError;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use transport::Client;

/// What the server answers.
const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nthere";

/// Answers one request over TLS, as `localhost`; says where, and its certificate.
async fn stand() -> Result<(String, String)> {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private.map_err(anyhow::Error::msg)?)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("https://localhost:{}/", listener.local_addr()?.port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(ANSWER).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    Ok((url, key.cert.pem()))
}

async fn ask(url: &str) -> Result<(StatusCode, String)> {
    let request = Request::post(url).body("something".into())?;
    let answer = Client::new(Duration::from_secs(5))?.send(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(anyhow::Error::msg)?.to_bytes();
    Ok((status, String::from_utf8(body.into())?))
}

/// A file that goes with the test.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The same question in a process that trusts one certificate alone.
async fn ask_trusting(url: &str, certificate: &Path) -> Result<bool> {
    let mut other = Command::new(std::env::current_exe()?);
    // A test's runner takes any word for a name of tests; this one is only for the other process to read.
    let other = other.args(["--ignored", "answered_where_it_is_told", url]);
    Ok(other.env("SSL_CERT_FILE", certificate).output().await?.status.success())
}

#[tokio::test]
async fn a_certificate_is_believed_when_the_system_trusts_it_and_else_not() -> Result<()> {
    let (url, certificate) = stand().await?;
    ensure!(ask(&url).await.is_err(), "nobody vouches for it");
    let file = Scratch(std::env::temp_dir().join(format!("{}.pem", uuid::Uuid::new_v4())));
    std::fs::write(&file.0, &certificate)?;
    ensure!(ask_trusting(&url, &file.0).await?, "the system trusts it");
    let (other, _) = stand().await?;
    ensure!(!ask_trusting(&other, &file.0).await?, "the system trusts another");
    Ok(())
}

#[tokio::test]
#[ignore = "asked by another test, in a process of its own"]
async fn answered_where_it_is_told() -> Result<()> {
    let url = std::env::args().find(|word| word.starts_with("https://"));
    let url = url.ok_or_else(|| anyhow::anyhow!("no URL"))?;
    let (status, body) = ask(&url).await?;
    ensure!((status, body.as_str()) == (StatusCode::CREATED, "there"), "{status} {body}");
    Ok(())
}

/// A client of queues at this address, which tries so often.
fn queues(url: &str, attempts: u32) -> aws_sdk_sqs::Client {
    let retries = RetryConfig::standard().with_max_attempts(attempts);
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-south-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(retries.with_initial_backoff(Duration::from_millis(1)))
        .endpoint_url(url)
        .http_client(transport::sdk_client());
    aws_sdk_sqs::Client::from_conf(config.build())
}

#[tokio::test]
async fn a_connection_that_is_refused_may_be_tried_again() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    drop(listener);
    let refused = queues(&url, 1).list_queues().send().await;
    let may_pass = matches!(&refused, Err(SdkError::DispatchFailure(failure)) if failure.is_io());
    ensure!(may_pass, "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_nobody_answers_is_given_up() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let request = Request::get(format!("https://{}/", listener.local_addr()?));
    let client = Client::new(Duration::from_millis(100))?;
    let sent = client.send(request.body(transport::Body::empty())?);
    ensure!(tokio::time::timeout(Duration::from_secs(20), sent).await?.is_err());
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_sick_is_asked_again_over_another_connection() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (connections.clone(), requests.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counts.0.fetch_add(1, Ordering::Relaxed);
            let requests = counts.1.clone();
            tokio::spawn(async move {
                let mut asked = [0; 8192];
                while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
                    requests.fetch_add(1, Ordering::Relaxed);
                    let sick = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}";
                    let _ = stream.write_all(sick).await;
                }
            });
        }
    });
    let answered = queues(&url, 2).list_queues().send().await;
    ensure!(matches!(&answered, Err(SdkError::ServiceError(_))), "{answered:?}");
    let counted = (connections.load(Ordering::Relaxed), requests.load(Ordering::Relaxed));
    ensure!(counted == (2, 2), "{counted:?} connections and requests");
    Ok(())
}
