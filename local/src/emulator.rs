//! The AWS emulator: the one at `AWS_ENDPOINT_URL`, or one of our own.
//!
//! The emulator has no passwords: whoever reaches it can do everything. Ours listens on a Unix socket in a folder that only
//! its owner may enter. A TCP listener passes requests on to it whose path begins with a secret that no web page knows.
//! Only the services that the template uses are switched on.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, UnixStream};

use crate::doors::{Door, serve};
use crate::python::Python;
use crate::web;

/// Runs the emulator on a Unix socket, and ends it, which then saves its state, when we are gone however we went.
const RUN: &str = "import asyncio, os, signal, sys, threading\n\
    def watch():\n    sys.stdin.buffer.read()\n    os.kill(os.getpid(), signal.SIGTERM)\n\
    threading.Thread(target=watch, daemon=True).start()\n\
    from hypercorn.asyncio import serve\n\
    from hypercorn.config import Config\n\
    from ministack.app import app\n\
    config = Config()\n\
    config.bind = ['unix:' + sys.argv[1]]\n\
    config.keep_alive_timeout = 75\n\
    config.loglevel = 'WARNING'\n\
    asyncio.run(serve(app, config))\n";

/// What the template uses of AWS, and nothing that could run code.
pub const SERVICES: &str = "dynamodb,monitoring,s3,secretsmanager,ses,sqs,sts";

/// The emulator takes requests up to this size.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// An emulator of our own, stopped when dropped.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    /// Its base URL, which is a secret.
    pub url: String,
    /// Where its socket is; deleted with it.
    folder: PathBuf,
}

impl Emulator {
    /// Starts it; it keeps its state in `state` over a stop.
    pub async fn start(python: &Python, package: &Path, state: &Path, log: &Path) -> Result<Self> {
        let folder = private_folder()?;
        let socket = folder.join("socket");
        let url = speak_for(&socket)?;
        std::fs::create_dir_all(state)?;
        let out = std::fs::File::create(log)?;
        let mut command = Command::new(python.command());
        command
            .args(["-c", RUN])
            .arg(&socket)
            .env("PYTHONPATH", package)
            .env("PERSIST_STATE", "1")
            .env("STATE_DIR", state)
            .env("LOG_LEVEL", "WARNING")
            .env("SERVICES", SERVICES)
            // It would listen on every interface.
            .env("IOT_MTLS_ENABLED", "0")
            .stdin(Stdio::piped())
            .stdout(out.try_clone()?)
            .stderr(out);
        crate::postgres::detached(&mut command);
        let mut emulator = Self { child: command.spawn()?, url, folder };
        emulator.wait(log).await?;
        Ok(emulator)
    }

    async fn wait(&mut self, log: &Path) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        let url = format!("{}/_ministack/health", self.url);
        while web::get(&url).await.is_ok_and(|answer| answer.status == 200).eq(&false) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the AWS emulator ended ({status}); its log is {}", log.display());
            }
            if Instant::now() > until {
                bail!("the AWS emulator did not answer in 30 s; its log is {}", log.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of its standard input asks it to save and stop.
        drop(self.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(5);
        let mut ended = false;
        while !ended && Instant::now() < until {
            ended = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
            if !ended {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        if !ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder that only its owner may enter, with a short path: that of a socket has a hundred bytes.
fn private_folder() -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let name = format!("km-emulator-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let folder = std::env::temp_dir().join(name);
    let made = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// What speaks for the emulator.
#[derive(Clone, Debug)]
struct Speaker {
    socket: PathBuf,
    /// `/` and the secret.
    secret: String,
}

/// Listens on TCP for the emulator, on a thread of its own, and answers at which URL.
fn speak_for(socket: &Path) -> Result<String> {
    let secret = format!("/{}", uuid::Uuid::new_v4().simple());
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}{secret}", listener.local_addr()?);
    let speaker = Speaker { socket: socket.to_owned(), secret };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("emulator".into()).spawn(move || {
        runtime.block_on(async {
            let router = Router::new().fallback(pass).with_state(speaker);
            match TcpListener::from_std(listener) {
                Ok(listener) => drop(serve(listener, Door::Own, router).await),
                Err(err) => println!("  the emulator cannot be reached: {err}"),
            }
        });
    })?;
    Ok(url)
}

async fn pass(State(speaker): State<Speaker>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let Some(rest) = path.strip_prefix(&speaker.secret) else {
        return (StatusCode::FORBIDDEN, "The emulator is for the local cloud alone.\n")
            .into_response();
    };
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut inner = http::Request::new(Full::new(body));
    *inner.method_mut() = parts.method;
    *inner.headers_mut() = parts.headers;
    inner.headers_mut().remove(header::CONNECTION);
    match rest.parse() {
        Ok(uri) => *inner.uri_mut() = uri,
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    }
    match ask(&speaker.socket, inner).await {
        Ok(response) => response,
        Err(err) => (StatusCode::BAD_GATEWAY, format!("{err:#}")).into_response(),
    }
}

/// Connects. A Unix socket refuses a connection while its queue is full, where TCP waits; so this tries again.
async fn reach(socket: &Path) -> std::io::Result<UnixStream> {
    let give_up = Instant::now() + Duration::from_secs(10);
    loop {
        match UnixStream::connect(socket).await {
            Err(err) if err.kind() == ErrorKind::WouldBlock && Instant::now() < give_up => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            connected => return connected,
        }
    }
}

async fn ask(socket: &Path, request: http::Request<Full<Bytes>>) -> Result<Response> {
    let stream = TokioIo::new(reach(socket).await?);
    let (mut sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    let (mut parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    for hop in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        parts.headers.remove(hop);
    }
    Ok(Response::from_parts(parts, body.into()))
}
