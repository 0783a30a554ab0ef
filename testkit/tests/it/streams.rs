//! Streams from a real binary through the local gateway.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local::record::{End, Invocation};
use testkit::Here;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request whose answer is read as it comes.
struct Reading {
    socket: TcpStream,
    text: String,
}

impl Reading {
    async fn get(here: &Here, path: &str) -> Result<Self> {
        let place = here.cloud.url.strip_prefix("http://").context("a URL")?;
        let mut socket = TcpStream::connect(place.replace("localhost", "127.0.0.1")).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await?;
        Ok(Self { socket, text: String::new() })
    }

    /// Reads until the text is there. `false` when the answer ended before.
    async fn until(&mut self, expected: &str) -> Result<bool> {
        let mut buffer = [0; 4096];
        while !self.text.contains(expected) {
            let read = match self.socket.read(&mut buffer).await? {
                0 => return Ok(false),
                read => read,
            };
            self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        Ok(true)
    }

    /// The whole answer. A chunked body that is whole ends with a chunk of no bytes.
    async fn whole(mut self) -> Result<String> {
        self.until("\u{0}never").await?;
        ensure!(self.text.ends_with("\r\n0\r\n\r\n"), "it broke off: {}", self.text);
        Ok(self.text)
    }
}

async fn here() -> Result<Here> {
    Here::start_in(concat!(env!("CARGO_MANIFEST_DIR"), "/")).await
}

/// The newest invocation of the stream.
fn latest(here: &Here) -> Result<Invocation> {
    let all = here.cloud.lambda.record().latest(1, |one| one.function == "testkit-stream");
    all.into_iter().next().context("an invocation")
}

#[tokio::test]
async fn events_arrive_while_the_function_works() -> Result<()> {
    let here = here().await?;
    let mut reading = Reading::get(&here, "/streams/counts").await?;
    assert!(reading.until("event: count\ndata: 1\n\n").await?);
    let head = reading.text.to_lowercase();
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/event-stream"));
    assert!(head.contains("cache-control: no-store") && head.contains("x-request-id: "), "{head}");
    assert!(!reading.text.contains("data: 3"));
    let meanwhile = latest(&here)?;
    assert_eq!((meanwhile.end, meanwhile.ended_us), (End::Running, None));
    assert!(meanwhile.answers_us.is_some());
    let text = reading.whole().await?;
    let numbers: Vec<_> = text.matches("event: count\ndata: ").collect();
    assert_eq!(numbers.len(), 3, "{text}");
    let ended = latest(&here)?;
    assert_eq!(ended.end, End::Ok(Some(200)));
    assert!(ended.answers_us < ended.ended_us, "the trace tells the first byte and the last apart");
    let line = ended.lines.iter().find(|line| line.message == "invocation ended");
    let line = line.context("the function's own line")?;
    assert!(line.fields.contains("stream_ms"), "{line:?}");
    Ok(())
}

#[tokio::test]
async fn what_goes_wrong_in_a_stream_is_its_last_event() -> Result<()> {
    let here = here().await?;
    let failed = Reading::get(&here, "/streams/fails").await?.whole().await?;
    let (_, error) = failed.split_once("event: error\ndata: ").context("an error")?;
    assert!(error.contains("\"reason\":\"unavailable\"") && error.contains("\"requestId\""));
    assert!(!failed.contains("on purpose"), "the cause goes to the log");
    let late = Reading::get(&here, "/streams/silent").await?.whole().await?;
    assert!(late.contains("event: error\ndata: ") && late.contains("\"reason\":\"timeout\""));
    Ok(())
}

#[tokio::test]
async fn a_refusal_before_the_stream_begins_has_its_status() -> Result<()> {
    let here = here().await?;
    let refused = here.get("/streams/refused", None).await?;
    assert_eq!((refused.status, refused.reason()), (404, "no_such_route"));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    Ok(())
}

#[tokio::test]
async fn a_function_that_ends_in_the_middle_leaves_no_whole_answer() -> Result<()> {
    let here = here().await?;
    let mut broken = Reading::get(&here, "/streams/exits").await?;
    assert!(broken.until("data: 1\n\n").await?);
    assert!(broken.whole().await.is_err());
    // The record hears of it a moment after the client.
    for _ in 0..100 {
        if let End::Failed(why) = latest(&here)?.end {
            assert!(why.starts_with("Runtime.ExitError"), "{why}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("it is recorded as well: {:?}", latest(&here)?.end)
}

#[tokio::test]
async fn when_all_its_places_are_taken_a_stream_is_refused_and_every_other_route_answers()
-> Result<()> {
    let here = here().await?;
    let mut silent = Vec::new();
    for _ in 0..2 {
        let mut reading = Reading::get(&here, "/streams/silent").await?;
        assert!(reading.until("text/event-stream").await?);
        silent.push(reading);
    }
    let refused = here.get("/streams/counts", None).await?;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert_eq!(here.get("/health", None).await?.status, 200);
    for reading in silent {
        reading.whole().await?;
    }
    // The process asks for its next event a moment after the last byte.
    for _ in 0..100 {
        if here.get("/streams/counts", None).await?.status == 200 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("no place became free")
}
