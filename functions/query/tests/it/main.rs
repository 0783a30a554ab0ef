//! Queries by their schema, what is said of them, and their answers.

mod execute;

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Here, Reply};

fn rank() -> Value {
    json!({
        "version": 1, "operation": "rank", "entity": "holding", "measures": ["weight"],
        "groupBy": ["security"], "limit": 5,
    })
}

async fn by_key(here: &Here, key: &Value, query: &Value) -> Result<Reply> {
    let headers = [
        ("x-api-key", key["key"].as_str().context("a key")?),
        ("content-type", "application/json"),
    ];
    let body = json!({ "query": query }).to_string();
    here.send(Method::POST, "/v1/query/validate", None, &headers, body).await
}

#[tokio::test]
async fn the_schema_is_the_one_of_the_language_and_for_anyone() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.get("/v1/query/schema", None).await?;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/schema+json"));
    assert_eq!(reply.body, portfolio_query::schema());
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    Ok(())
}

#[tokio::test]
async fn a_query_is_told_in_words_and_with_its_defaults() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let reply = here.post("/v1/query/validate", &asha, &json!({ "query": rank() })).await?;
    assert_eq!((reply.status, &reply.body["valid"]), (200, &json!(true)), "{}", reply.body);
    let words = "Weight of holdings by security, the first 5, largest weight first.";
    assert_eq!(reply.body["description"], words);
    let again = json!({ "query": reply.body["query"] });
    assert_eq!(here.post("/v1/query/validate", &asha, &again).await?.body, reply.body);
    Ok(())
}

#[tokio::test]
async fn faults_are_an_answer_and_come_with_their_places() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let mut query = rank();
    (query["measures"], query["limit"]) = (json!(["wieght"]), json!(0));
    let reply = here.post("/v1/query/validate", &asha, &json!({ "query": query })).await?;
    assert_eq!(
        (reply.status, &reply.body["valid"], &reply.body["query"]),
        (200, &json!(false), &Value::Null)
    );
    let faults = reply.body["faults"].as_array().context("faults")?;
    let told: Vec<_> =
        faults.iter().map(|one| (one["path"].as_str(), one["reason"].as_str())).collect();
    assert!(told.contains(&(Some("/measures/0"), Some("unknown_word"))), "{told:?}");
    assert!(told.contains(&(Some("/limit"), Some("out_of_range"))), "{told:?}");
    let none = here.post("/v1/query/validate", &asha, &json!({ "query": "SELECT 1" })).await?;
    assert_eq!((none.status, none.reason()), (400, "invalid_request"), "{}", none.body);
    Ok(())
}

#[tokio::test]
async fn a_key_needs_the_scope_and_a_stranger_a_token() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let make = async |scope: &str| {
        let key = json!({ "name": scope, "scopes": [scope] });
        here.post("/v1/api-keys", &asha, &key).await
    };
    let (asks, reads) = (make("query:read").await?, make("portfolio:read").await?);
    assert_eq!(by_key(&here, &asks.body, &rank()).await?.status, 200);
    assert_eq!(by_key(&here, &reads.body, &rank()).await?.status, 403);
    let stranger = here.post("/v1/query/validate", None, &json!({ "query": rank() })).await?;
    assert_eq!(stranger.status, 401);
    Ok(())
}
