//! Bad requests, on the route that takes them from anyone.

use anyhow::Result;
use http::Method;
use serde_json::json;
use testkit::Here;

#[tokio::test]
async fn every_fault_of_a_request_is_named_at_once() -> Result<()> {
    let here = Here::start().await?;
    let reply = here
        .post("/v1/auth/register", None, &json!({ "email": "asha", "password": "x", "nmae": "A" }))
        .await?;
    assert_eq!((reply.status, reply.reason()), (400, "invalid_request"));
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let paths: Vec<&str> = reply.body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|err| err["path"].as_str())
        .collect();
    assert_eq!(paths, ["email", "password", "nmae"]);
    assert_eq!(reply.body["requestId"], reply.header("x-request-id"));
    Ok(())
}

#[tokio::test]
async fn what_is_not_the_json_it_should_be_is_refused_with_a_problem() -> Result<()> {
    let here = Here::start().await?;
    let large = format!("{{\"email\": \"{}\"}}", "x".repeat(100_000));
    let table: [(&str, &str, u16, &str); 5] = [
        ("application/json", "{\"email\": ", 400, "malformed_json"),
        ("application/json", "[]", 400, "malformed_json"),
        ("application/json", "", 400, "malformed_json"),
        ("text/plain", "{}", 400, "wrong_content_type"),
        ("application/json", &large, 400, "body_too_large"),
    ];
    for (kind, body, status, reason) in table {
        let headers = [("content-type", kind)];
        let reply =
            here.send(Method::POST, "/v1/auth/register", None, &headers, body.to_owned()).await?;
        assert_eq!(
            (reply.status, reply.reason()),
            (status, reason),
            "{}",
            &body[..body.len().min(20)]
        );
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_in_a_request_does_not_reach_the_log() -> Result<()> {
    let here = Here::start().await?;
    let secret = "planted-secret-5c1f";
    here.post("/v1/auth/login", None, &json!({ "email": "asha@example.in", "password": secret }))
        .await?;
    here.post(
        "/v1/auth/login",
        None,
        &json!({ "email": secret, "password": secret, "extra": secret }),
    )
    .await?;
    let broken = format!("{{\"password\": \"{secret}\" oops");
    let headers =
        [("content-type", "application/json"), ("authorization", "Bearer planted-secret-5c1f")];
    here.send(Method::POST, "/v1/auth/login", None, &headers, broken).await?;
    here.send(Method::GET, "/v1/auth/me", None, &headers, "").await?;
    // What every function logged is searched for planted words when the whole suite has run.
    Ok(())
}
