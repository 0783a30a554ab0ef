//! Metrics, from the functions' lines over CloudWatch to the operator; and schedules by their roles.

use anyhow::{Context, Result};
use http::Method;
use local::lambda::now;
use serde_json::{Value, json};
use testkit::Here;

async fn metrics(here: &Here) -> Result<Value> {
    let reply = here.invoke("platform-metrics", &Here::sample("platform-metrics")?).await?;
    anyhow::ensure!(reply["statusCode"] == 200, "{reply}");
    Ok(serde_json::from_str(reply["body"].as_str().unwrap_or_default())?)
}

fn named<'a>(all: &'a Value, kind: &str, name: &str) -> Result<&'a Value> {
    let mut all = all.as_array().context("a list")?.iter();
    all.find(|one| one[kind] == name).with_context(|| name.to_owned())
}

#[tokio::test]
async fn what_functions_did_is_told_to_operators() -> Result<()> {
    let mut here = Here::start().await?;
    here.cloud.feed_metrics();
    let asha = here.person().await?;
    assert_eq!(here.get("/v1/auth/me", &asha).await?.status, 200);
    let forged = [("authorization", "Bearer planted-token")];
    assert_eq!(here.send(Method::GET, "/v1/auth/me", None, &forged, "").await?.status, 401);
    let login = json!({ "email": "asha@example.in", "password": "planted-and-wrong" });
    assert_eq!(here.post("/v1/auth/login", None, &login).await?.status, 401);
    let stranger = [("authorization", "AWS4-HMAC-SHA256 Credential=stranger/1/2/3/4")];
    assert_eq!(here.send(Method::GET, "/ready", None, &stranger, "").await?.status, 403);
    let mut told = Value::Null;
    for _ in 0..100 {
        told = metrics(&here).await?;
        let auth = named(&told["services"], "service", "auth")?;
        if auth["invocations"] == 3 && told["wrongSignatures"] == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let auth = named(&told["services"], "service", "auth")?;
    assert_eq!((&auth["invocations"], &auth["refusals"]), (&json!(3), &json!(2)), "{auth}");
    assert_eq!(auth["security"]["refusedTokens"], 1, "{auth}");
    assert_eq!(auth["database"]["roundTrips"], 2, "{auth}");
    assert!(auth["p95Ms"].as_f64() >= auth["averageMs"].as_f64(), "{auth}");
    assert_eq!(told["wrongSignatures"], 1, "{told}");
    let dynamodb = named(&told["systems"], "system", "dynamodb")?;
    assert_eq!(dynamodb["successPercent"], 100.0, "{dynamodb}");
    let quiet = named(&told["services"], "service", "brokers")?;
    assert_eq!((&quiet["invocations"], &quiet["averageMs"]), (&json!(0), &Value::Null));
    Ok(())
}

#[tokio::test]
async fn a_window_that_cannot_be_is_refused() -> Result<()> {
    let here = Here::start().await?;
    for minutes in ["0", "21601", "an hour"] {
        let mut event = Here::sample("platform-metrics")?;
        event["queryStringParameters"] = json!({ "minutes": minutes });
        event["multiValueQueryStringParameters"] = json!({ "minutes": [minutes] });
        assert_eq!(here.invoke("platform-metrics", &event).await?["statusCode"], 400, "{minutes}");
    }
    Ok(())
}

#[tokio::test]
async fn every_schedule_runs_with_the_rights_of_its_role() -> Result<()> {
    let here = Here::start().await?;
    let scheduler = here.cloud.scheduler();
    let scheduled =
        here.cloud.model.functions.iter().filter_map(|one| Some((one, one.schedules.first()?)));
    for (function, trigger) in scheduled {
        scheduler.run(&function.name, trigger, now()).await?;
        let mut powerless = trigger.clone();
        powerless.role = "DatabaseRole".into();
        assert!(scheduler.run(&function.name, &powerless, now()).await.is_err());
    }
    Ok(())
}
