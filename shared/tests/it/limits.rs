//! Rate limits under contention.

use anyhow::Result;
use futures_util::StreamExt;
use shared::limits::Limit;
use shared::problem::reasons;
use shared::{App, Timestamp};
use testkit::Here;

const LIMIT: Limit = Limit { name: "test", most: 7, window_s: 60 };

async fn allowed(app: &App, subject: &str, at: &str, attempts: usize) -> Result<usize> {
    let at: Timestamp = at.parse()?;
    // As many at once as the emulator takes connections.
    let taking = (0..attempts).map(|_| LIMIT.take(app, subject, at));
    let mut taking = futures_util::stream::iter(taking).buffer_unordered(128);
    let mut count = 0;
    while let Some(taken) = taking.next().await {
        match taken {
            Ok(()) => count += 1,
            Err(problem) => {
                assert_eq!(problem.reason(), reasons::LIMITED, "{:?}", problem.cause());
                assert_eq!(problem.retry_after_s(), Some(50));
            }
        }
    }
    Ok(count)
}

#[tokio::test]
async fn of_many_at_once_exactly_so_many_pass() -> Result<()> {
    let here = Here::start().await?;
    let app = here.app("auth-login")?;
    assert_eq!(allowed(&app, "asha", "2026-11-20T10:00:10Z", 1000).await?, 7);
    assert_eq!(allowed(&app, "asha", "2026-11-20T10:00:10Z", 3).await?, 0);
    assert_eq!(
        allowed(&app, "ravi", "2026-11-20T10:00:10Z", 3).await?,
        3,
        "each subject has its own"
    );
    assert_eq!(
        allowed(&app, "asha", "2026-11-20T10:01:10Z", 3).await?,
        3,
        "the next window begins afresh"
    );
    Ok(())
}
