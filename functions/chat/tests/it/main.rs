//! Questions in plain language, answered from a real book.

mod model;
mod quota;

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

pub(crate) async fn ask(
    here: &Here,
    person: &Person,
    question: &str,
    conversation: Option<&Value>,
) -> Result<Value> {
    let body = json!({ "question": question, "conversationId": conversation });
    let reply = here.post("/v1/chat/query", person, &body).await?;
    ensure!(reply.status == 200, "{question}: {} {}", reply.status, reply.body);
    Ok(reply.body)
}

pub(crate) async fn get(here: &Here, person: &Person, path: &str) -> Result<Value> {
    let reply = here.get(path, person).await?;
    ensure!(reply.status == 200, "{path}: {} {}", reply.status, reply.body);
    Ok(reply.body)
}

/// Somebody with the trades of the example and prices.
pub(crate) async fn investor(here: &Here) -> Result<Person> {
    here.load_prices().await?;
    let asha = here.person().await?;
    let imported = here.import(&asha, &Form::example("tradebook-DEMO01-EQ.csv")?).await?;
    ensure!(imported.status == 200, "{}", imported.body);
    Ok(asha)
}

async fn used(here: &Here, person: &Person) -> Result<Option<i64>> {
    Ok(get(here, person, "/v1/chat/usage").await?["used"].as_i64())
}

#[tokio::test]
async fn a_question_is_answered_with_cells_and_goes_on() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let summary = get(&here, &asha, "/v1/portfolio/summary").await?;
    let worth = ask(&here, &asha, "What is my portfolio worth?", None).await?;
    assert_eq!((&worth["kind"], &worth["understoodBy"]), (&json!("answer"), &json!("rules")));
    assert_eq!(worth["answer"]["rows"][0]["cells"][0]["value"], summary["totals"]["value"]);
    let text = worth["text"].as_str().context("a text")?;
    let digits: String = text.chars().filter(|one| one.is_ascii_digit() || *one == '.').collect();
    let value = summary["totals"]["value"].as_str().context("a value")?;
    assert!(digits.starts_with(value), "{text}");
    let conversation = &worth["conversationId"];
    let infosys = ask(&here, &asha, "only Infosys", Some(conversation)).await?;
    assert_eq!(infosys["query"]["measures"], json!(["value"]), "{infosys}");
    assert_eq!(infosys["query"]["filters"][0]["values"], json!(["INFY"]));
    let path = format!("/v1/chat/conversations/{}", conversation.as_str().context("an id")?);
    let whole = get(&here, &asha, &path).await?;
    assert_eq!(whole["title"], "What is my portfolio worth?");
    let turns = whole["turns"].as_array().context("turns")?;
    assert_eq!(
        (turns.len(), &turns[1]["text"], &turns[1]["queryId"]),
        (2, &infosys["text"], &infosys["queryId"])
    );
    Ok(())
}

#[tokio::test]
async fn what_is_no_answer_is_said_and_is_not_counted() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let table = [
        ("Should I sell Infosys?", "advice"),
        ("kya mujhe Reliance bech dena chahiye", "advice"),
        ("How many Zomato shares do I have?", "not_understood"),
        ("What is the weather in Pune?", "not_understood"),
        ("Infosys", "question_back"),
        ("profit this month vs last month", "not_permitted"),
    ];
    for (question, kind) in table {
        let answer = ask(&here, &asha, question, None).await?;
        assert_eq!(answer["kind"], kind, "{question}: {answer}");
        assert_eq!(answer["answer"], Value::Null, "{question}");
        assert!(!answer["text"].as_str().unwrap_or_default().contains('₹'), "{question}");
    }
    // What the data cannot say is no answer either.
    let before = ask(&here, &asha, "What was my portfolio worth on 31 March 2001?", None).await?;
    assert_eq!(
        (&before["kind"], &before["answer"]["outcome"]),
        (&json!("answer"), &json!("unknown"))
    );
    assert_eq!(used(&here, &asha).await?, Some(0));
    let counted = ask(&here, &asha, "mera portfolio kitne ka hai", None).await?;
    assert_eq!((&counted["usage"]["used"], used(&here, &asha).await?), (&json!(1), Some(1)));
    Ok(())
}

#[tokio::test]
async fn a_certified_question_is_answered_first_and_not_counted() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let query = json!({
        "version": 1, "operation": "aggregate", "entity": "holding", "measures": ["value", "unrealised_gain"],
    });
    let certified = json!({ "question": "How are we doing?", "query": query });
    let made = here.post("/v1/query/certified", &asha, &certified).await?;
    assert_eq!(made.status, 201, "{}", made.body);
    let again = here.post("/v1/query/certified", &asha, &certified).await?;
    assert_eq!((again.status, again.reason()), (409, "certified_already"));
    let answer = ask(&here, &asha, "how are we DOING", None).await?;
    assert_eq!(
        (&answer["understoodBy"], &answer["usage"]["used"]),
        (&json!("certified"), &json!(0)),
        "{answer}"
    );
    assert_eq!(answer["query"]["measures"], query["measures"]);
    let viewer = here.member(asha.workspace_id, "viewer").await?;
    assert_eq!(
        get(&here, &viewer, "/v1/query/certified").await?["items"][0]["question"],
        "How are we doing?"
    );
    assert_eq!(here.post("/v1/query/certified", &viewer, &certified).await?.status, 403);
    let path =
        format!("/v1/query/certified/{}", made.body["certifiedId"].as_str().context("an id")?);
    let deleted = here.send(Method::DELETE, &path, Some(&asha), &[], Vec::new()).await?;
    assert_eq!(deleted.status, 204);
    assert_eq!(ask(&here, &asha, "how are we doing", None).await?["kind"], "not_understood");
    Ok(())
}

#[tokio::test]
async fn a_conversation_is_whoever_had_it_alone() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let answer = ask(&here, &asha, "total value of my holdings", None).await?;
    let id = answer["conversationId"].as_str().context("an id")?;
    let path = format!("/v1/chat/conversations/{id}");
    let admin = here.member(asha.workspace_id, "admin").await?;
    assert_eq!(here.get(&path, &admin).await?.status, 404);
    assert_eq!(get(&here, &admin, "/v1/chat/conversations").await?["items"], json!([]));
    let goes_on = json!({ "question": "and last month?", "conversationId": id });
    assert_eq!(here.post("/v1/chat/query", &admin, &goes_on).await?.status, 404);
    assert_eq!(used(&here, &asha).await?, Some(1), "of what is not found nothing is reserved");
    let turn = answer["turnId"].as_str().context("an id")?;
    let rating = format!("/v1/chat/turns/{turn}/rating");
    let down = json!({ "rating": "down", "words": "too short" });
    assert_eq!(here.post(&rating, &admin, &down).await?.status, 404);
    assert_eq!(here.post(&rating, &asha, &down).await?.status, 204);
    assert_eq!(get(&here, &asha, &path).await?["turns"][0]["rating"], "down");
    let delete =
        async |person| here.send(Method::DELETE, &path, Some(person), &[], Vec::new()).await;
    assert_eq!((delete(&admin).await?.status, delete(&asha).await?.status), (404, 204));
    assert_eq!(get(&here, &asha, "/v1/chat/conversations").await?["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn suggestions_are_of_the_portfolio_and_each_is_answered() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let suggestions = get(&here, &asha, "/v1/chat/suggestions").await?;
    let items = suggestions["items"].as_array().context("items")?;
    assert!(items.len() > 10, "{suggestions}");
    for item in items {
        let question = item["question"].as_str().context("a question")?;
        let answer = ask(&here, &asha, question, None).await?;
        assert_eq!(answer["kind"], "answer", "{question}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_asks_with_its_scope_and_leaves_no_conversation() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let by_key = async |scope: &str| -> Result<testkit::Reply> {
        let key = json!({ "name": scope, "scopes": [scope] });
        let key = here.post("/v1/api-keys", &asha, &key).await?.body;
        let headers = [
            ("x-api-key", key["key"].as_str().context("a key")?),
            ("content-type", "application/json"),
        ];
        let body = json!({ "question": "current value" }).to_string();
        here.send(Method::POST, "/v1/chat/query", None, &headers, body).await
    };
    let asked = by_key("chat:ask").await?;
    assert_eq!((asked.status, &asked.body["kind"]), (200, &json!("answer")), "{}", asked.body);
    assert_eq!(asked.body["conversationId"], Value::Null);
    assert_eq!(by_key("query:read").await?.status, 403);
    assert_eq!(get(&here, &asha, "/v1/chat/conversations").await?["items"], json!([]));
    Ok(())
}

/// The events of a stream: their names, with what they tell.
fn events(body: &[u8]) -> Result<Vec<(String, Value)>> {
    let text = String::from_utf8(body.to_vec())?;
    let events = text.split("\n\n").filter(|event| event.starts_with("event: "));
    events
        .map(|event| {
            let (name, data) = event.split_once('\n').context("data")?;
            let name = name.trim_start_matches("event: ").to_owned();
            Ok((name, serde_json::from_str(data.trim_start_matches("data: "))?))
        })
        .collect()
}

#[tokio::test]
async fn a_stream_tells_each_step_and_is_the_same_answer() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let body = json!({ "question": "value by sector" });
    let streamed = here.post("/v1/chat/stream", &asha, &body).await?;
    assert_eq!((streamed.status, streamed.header("content-type")), (200, "text/event-stream"));
    let told = events(&streamed.answer.body)?;
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["understood", "data", "text", "usage", "done"]);
    let whole = ask(&here, &asha, "value by sector", None).await?;
    assert_eq!(told[0].1["query"], whole["query"]);
    assert_eq!(told[1].1["answer"], whole["answer"]);
    assert_eq!(told[2].1["text"], whole["text"]);
    assert_eq!(told[3].1["used"], 1);
    let id = told[4].1["conversationId"].as_str().context("an id")?;
    let turns = &get(&here, &asha, &format!("/v1/chat/conversations/{id}")).await?["turns"];
    assert_eq!(turns[0]["turnId"], told[4].1["turnId"]);
    let advice =
        here.post("/v1/chat/stream", &asha, &json!({ "question": "Should I sell?" })).await?;
    let names: Vec<String> =
        events(&advice.answer.body)?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["understood", "text", "usage", "done"]);
    Ok(())
}
