//! health, ready, openapi, docs, jwks.

use anyhow::Result;
use http::Method;
use serde_json::json;
use testkit::Here;

#[tokio::test]
async fn health_answers_with_api_gateways_id_of_the_request() -> Result<()> {
    let here = Here::start().await?;
    let reply = here
        .send(Method::GET, "/health", None, &[("x-request-id", "from-the-caller-1")], "")
        .await?;
    assert_eq!((reply.status, reply.body["status"].as_str()), (200, Some("ok")));
    assert_ne!(reply.header("x-request-id"), "from-the-caller-1", "ours is API Gateway's");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    let reply =
        here.send(Method::GET, "/health", None, &[("x-request-id", "evil\tid")], "").await?;
    assert_ne!(reply.header("x-request-id"), "evil\tid");
    Ok(())
}

#[tokio::test]
async fn health_takes_no_other_method() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.post("/health", None, &json!({})).await?;
    assert_eq!((reply.status, reply.reason()), (404, "no_such_route"));
    Ok(())
}

#[tokio::test]
async fn ready_checks_what_the_functions_stand_on() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.invoke("platform-ready", &Here::sample("platform-ready")?).await?;
    assert_eq!(reply["statusCode"], 200, "{reply}");
    // A queue that is gone is a 503 that says which.
    let queue = here.cloud.model.queues.iter().find(|queue| queue.name.ends_with("-mail")).unwrap();
    here.cloud.aws.sqs.delete_queue().queue_url(here.cloud.queue_url(&queue.name)).send().await?;
    let reply = here.invoke("platform-ready", &Here::sample("platform-ready")?).await?;
    assert_eq!(reply["statusCode"], 503);
    let body: serde_json::Value = serde_json::from_str(reply["body"].as_str().unwrap_or_default())?;
    let failed =
        body["checks"].as_array().into_iter().flatten().filter(|check| check["ok"] == false);
    assert_eq!(failed.map(|check| check["name"].clone()).collect::<Vec<_>>(), ["queue mail"]);
    Ok(())
}

#[tokio::test]
async fn ready_is_for_operators() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    assert_eq!(
        here.get("/ready", &asha).await?.status,
        404,
        "the gateway lets no unsigned request through"
    );
    let mut event = Here::sample("platform-ready")?;
    event["requestContext"]["identity"]["userArn"] = serde_json::Value::Null;
    let reply = here.invoke("platform-ready", &event).await?;
    assert_eq!(reply["statusCode"], 403, "and the function none that was not signed");
    Ok(())
}

#[tokio::test]
async fn the_contract_is_served_once_to_who_has_it() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.get("/openapi.json", None).await?;
    assert_eq!((reply.status, reply.body["openapi"].as_str()), (200, Some("3.1.0")));
    assert_eq!(here.post("/openapi.json", None, &json!({})).await?.status, 404);
    let tag = reply.header("etag").to_owned();
    let again =
        here.send(Method::GET, "/openapi.json", None, &[("if-none-match", &tag)], "").await?;
    assert_eq!((again.status, again.answer.body.len()), (304, 0));
    let weak = format!("\"old\", W/{tag}");
    let weak =
        here.send(Method::GET, "/openapi.json", None, &[("if-none-match", &weak)], "").await?;
    assert_eq!(weak.status, 304);
    let other =
        here.send(Method::GET, "/openapi.json", None, &[("if-none-match", "\"old\"")], "").await?;
    assert_eq!(other.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_explorer_needs_nothing_from_elsewhere() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.get("/docs", None).await?;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"));
    let page = reply.answer.text();
    assert!(!page.contains("https://") && !page.contains("//cdn"), "the policy would refuse it");
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(here.post("/docs", None, &json!({})).await?.status, 404);
    assert!(
        !page.contains("<script>") && !page.contains("style="),
        "the policy lets no script in the page run"
    );
    for part in page.split(['"', '>']).filter(|part| part.starts_with("docs/")) {
        let file = here.get(&format!("/{part}"), None).await?;
        assert_eq!(file.status, 200, "{part}");
        assert!((100..3_000_000).contains(&file.answer.body.len()), "{part}");
    }
    assert_eq!(here.get("/docs/index.html", None).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn published_keys_are_public_halves_only() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.get("/.well-known/jwks.json", None).await?;
    let key = &reply.body["keys"][0];
    assert_eq!(
        (reply.status, key["alg"].as_str(), key["crv"].as_str()),
        (200, Some("ES256"), Some("P-256"))
    );
    assert!(key.get("d").is_none());
    assert_eq!(here.post("/.well-known/jwks.json", None, &json!({})).await?.status, 404);
    Ok(())
}
