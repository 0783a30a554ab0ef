//! Rate limits under contention.

use std::time::Duration;

use anyhow::Result;
use futures_util::StreamExt;
use shared::limits::Limit;
use shared::problem::reasons;
use shared::{App, Timestamp};
use testkit::Here;

const LIMIT: Limit = Limit { name: "login-test", most: 7, window_s: 60 };

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
    // Times to come: what has expired the emulator deletes, at any moment.
    let here = Here::start().await?;
    let app = here.app("auth-login")?;
    assert_eq!(allowed(&app, "asha", "2099-11-20T10:00:10Z", 1000).await?, 7);
    assert_eq!(allowed(&app, "asha", "2099-11-20T10:00:10Z", 3).await?, 0);
    assert_eq!(
        allowed(&app, "ravi", "2099-11-20T10:00:10Z", 3).await?,
        3,
        "each subject has its own"
    );
    assert_eq!(
        allowed(&app, "asha", "2099-11-20T10:01:10Z", 3).await?,
        3,
        "the next window begins afresh"
    );
    Ok(())
}

#[tokio::test]
async fn of_those_who_wait_for_a_turn_no_window_takes_more_than_it_may() -> Result<()> {
    const VENDOR: Limit = Limit { name: "login-vendor", most: 10, window_s: 1 };
    let here = Here::start().await?;
    let app = here.app("auth-login")?;
    let turn = || VENDOR.turns(&app, "app", 1, Duration::from_secs(20));
    let taken = futures_util::future::join_all((0..25).map(|_| turn())).await;
    assert!(taken.iter().all(Result::is_ok), "everybody has had a turn");
    let table = app.config().need("LIMITS_TABLE")?;
    let scanned = here.cloud.aws.dynamodb.scan().table_name(table).send().await?;
    let uses: Vec<u32> = scanned
        .items()
        .iter()
        .filter(|item| item["pk"].as_s().is_ok_and(|pk| pk.starts_with("limit#login-vendor#")))
        .filter_map(|item| item.get("uses")?.as_n().ok()?.parse().ok())
        .collect();
    assert_eq!(uses.iter().sum::<u32>(), 25);
    assert!(uses.iter().all(|uses| *uses <= 10), "{uses:?}");
    let impatient = Limit { window_s: 3600, ..VENDOR };
    for _ in 0..10 {
        assert!(impatient.turns(&app, "other", 1, Duration::ZERO).await.is_ok());
    }
    let refused = impatient.turns(&app, "other", 1, Duration::from_millis(50)).await;
    assert_eq!(refused.unwrap_err().reason(), reasons::LIMITED);
    Ok(())
}
