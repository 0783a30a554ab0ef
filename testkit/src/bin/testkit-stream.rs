//! A function that answers in streams, which the tests of streams call through the local gateway.

use std::time::Duration;

use axum::extract::Path;
use shared::http::{Events, Reply, Route, events, serve_streaming};
use shared::problem::reasons;
use shared::{Access, Outcome, Problem, routes};

fn main() -> Outcome {
    let route = Route::new(routes!(streams), Access::Public);
    serve_streaming(route.streaming(Duration::from_secs(3)))
}

/// A stream of the kind that the path names.
#[utoipa::path(get, path = "/streams/{kind}", params(("kind" = String, Path)))]
async fn streams(Path(kind): Path<String>) -> Reply {
    match kind.as_str() {
        "refused" => Err(Problem::new(reasons::NO_ROUTE)),
        _ => Ok(events(|events| send(kind, events))),
    }
}

async fn send(kind: String, events: Events) -> Result<(), Problem> {
    match kind.as_str() {
        "counts" => {
            for number in 1..=3 {
                events.send("count", &number).await?;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Ok(())
        }
        "fails" => {
            events.send("count", &1).await?;
            Err(Problem::unavailable(anyhow::anyhow!("on purpose")))
        }
        "exits" => {
            events.send("count", &1).await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
            std::process::exit(3);
        }
        // Silent until its deadline.
        _ => std::future::pending().await,
    }
}
