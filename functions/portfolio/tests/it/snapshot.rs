//! Queue `snapshot`: after an import, again, and with what is no event.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

async fn snapshot(here: &Here, person: &Person) -> Result<Value> {
    Ok(here.get("/v1/portfolio", person).await?.body["lastSnapshot"].clone())
}

#[tokio::test]
async fn an_import_is_followed_by_the_days_snapshot() -> Result<()> {
    let mut here = Here::start().await?;
    here.load_prices().await?;
    here.poll_queues();
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let until = Instant::now() + Duration::from_secs(20);
    let taken = loop {
        let taken = snapshot(&here, &asha).await?;
        if !taken.is_null() {
            break taken;
        }
        assert!(Instant::now() < until, "no snapshot came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        (&taken["value"], &taken["asOf"], &taken["unpriced"]),
        (&json!("474084.89"), &json!("2026-11-20"), &json!(1))
    );
    Ok(())
}

#[tokio::test]
async fn a_message_delivered_again_is_consumed_once() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let admin = here.admin().await?;
    let row = admin
        .query_one("select event_id, workspace_id, event, body from shared.outbox", &[])
        .await?;
    let mut event = Here::sample("portfolio-snapshot")?;
    event["Records"][0]["body"] = json!({
        "eventId": row.get::<_, uuid::Uuid>("event_id"), "workspaceId": row.get::<_, uuid::Uuid>("workspace_id"),
        "event": row.get::<_, &str>("event"), "body": row.get::<_, Value>("body"),
    })
    .to_string()
    .into();
    let nothing_failed = json!({ "batchItemFailures": [] });
    assert_eq!(here.invoke("portfolio-snapshot", &event).await?, nothing_failed);
    let first = snapshot(&here, &asha).await?;
    assert_eq!(here.invoke("portfolio-snapshot", &event).await?, nothing_failed);
    assert_eq!(snapshot(&here, &asha).await?, first, "takenAt is the first delivery's");
    Ok(())
}

#[tokio::test]
async fn an_event_nobody_published_fails() -> Result<()> {
    let here = Here::start().await?;
    let answer = here.invoke("portfolio-snapshot", &Here::sample("portfolio-snapshot")?).await?;
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1));
    Ok(())
}

/// Has every workspace valued as at a time, and answers the newest day's figures of one.
async fn revalue(here: &Here, time: &str, person: &Person) -> Result<(Value, Value)> {
    let mut event = Here::sample("market-revalue")?;
    event["time"] = json!(time);
    let answer = here.invoke("market-revalue", &event).await?;
    assert_eq!(here.deliver("portfolio.revaluation_due", "portfolio-snapshot").await?, 0);
    Ok((answer, snapshot(here, person).await?))
}

/// Somebody whose account has been there since the beginning of the month.
async fn settled(here: &Here) -> Result<Person> {
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    here.admin()
        .await?
        .execute("update brokers.accounts set created_at = '2026-11-01'", &[])
        .await?;
    Ok(asha)
}

#[tokio::test]
async fn a_day_is_valued_in_the_evening_and_sealed_the_day_after() -> Result<()> {
    let here = Here::start().await?;
    let asha = settled(&here).await?;
    // 23:30 of Friday in India.
    let (answer, evening) = revalue(&here, "2026-11-20T18:00:00Z", &asha).await?;
    let expected =
        json!({ "days": ["2026-11-20"], "pass": "evening", "workspaces": 1, "published": 1 });
    assert_eq!(answer, expected);
    assert_eq!((&evening["value"], &evening["sealed"]), (&json!("474084.89"), &json!(false)));
    // What was bought on Saturday is not Friday's, and a late price is.
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0]["accountId"].clone();
    let bought = json!({ "accountId": account, "kind": "buy", "isin": "INE467B01029", "on": "2026-11-21",
                         "quantity": "1", "amount": "3081.05", "venue": "off_market" });
    let made = here.post("/v1/transactions", &asha, &bought).await?;
    assert_eq!(made.status, 201, "{}", made.body);
    let late = "update market.prices set close = close + 1 where on_date = '2026-11-20' and isin = 'INE002A01018'";
    here.admin().await?.execute(late, &[]).await?;
    let (answer, sealed) = revalue(&here, "2026-11-21T08:30:00Z", &asha).await?;
    let sealing = (json!(["2026-11-19", "2026-11-20"]), json!("seal"));
    assert_eq!((&answer["days"], &answer["pass"]), (&sealing.0, &sealing.1), "and what was left");
    let shares = here.get("/v1/portfolio/holdings?q=RELIANCE", &asha).await?.body;
    let number = |value: &Value| value.as_str().unwrap_or_default().parse::<f64>();
    let more = number(&shares["items"][0]["quantity"])?;
    assert_eq!(number(&sealed["value"])?, number(&evening["value"])? + more, "{sealed}");
    assert_eq!(sealed["sealed"], true);
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0]["lastValue"].clone();
    assert_eq!((&account["value"], &account["sealed"]), (&sealed["value"], &json!(true)));
    Ok(())
}

#[tokio::test]
async fn a_sealed_day_stays_as_it_is() -> Result<()> {
    let here = Here::start().await?;
    let asha = settled(&here).await?;
    let (_, sealed) = revalue(&here, "2026-11-21T08:30:00Z", &asha).await?;
    let (again, same) = revalue(&here, "2026-11-21T08:30:00Z", &asha).await?;
    assert_eq!((&again["published"], &same), (&json!(0), &sealed), "a pass that is repeated");
    let admin = here.admin().await?;
    admin.execute("update market.prices set close = close + 1", &[]).await?;
    let (late, same) = revalue(&here, "2026-11-20T18:00:00Z", &asha).await?;
    assert_eq!((&late["published"], &same), (&json!(1), &sealed), "a pass that comes late");
    let (sunday, same) = revalue(&here, "2026-11-22T08:30:00Z", &asha).await?;
    assert_eq!((&sunday["published"], &same), (&json!(0), &sealed));
    let events = "select count(*) from shared.outbox where event = 'portfolio.refreshed' and (body ->> 'sealed')::bool";
    assert_eq!(admin.query_one(events, &[]).await?.get::<_, i64>(0), 2, "one for each day");
    Ok(())
}

#[tokio::test]
async fn an_account_that_was_not_there_yet_has_no_such_day() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let (_, none) = revalue(&here, "2026-11-20T18:00:00Z", &asha).await?;
    assert_eq!(none, Value::Null);
    let (weekend, _) = revalue(&here, "2026-11-21T12:30:00Z", &asha).await?;
    assert_eq!((&weekend["days"], &weekend["published"]), (&json!([]), &json!(0)));
    let (repeated, _) = revalue(&here, "2026-11-20T19:00:00Z", &asha).await?;
    assert_eq!(
        (&repeated["days"], &repeated["pass"]),
        (&json!(["2026-11-20"]), &json!("evening")),
        "after midnight"
    );
    Ok(())
}
