//! Questions understood by language models that answer well, badly, or not at all.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use testkit::{ANTHROPIC, Here, ModelReply, ModelStubs, OPENAI, Person, Reply};
use uuid::Uuid;

use crate::{ask, get, investor};

const MODEL: &str = "/v1/chat/model";
const QUESTION: &str = "mere sab shares ki aaj ki keemat bata";

async fn put(here: &Here, person: &Person, agree: bool, version: i32) -> Result<Reply> {
    let body = json!({ "agree": agree, "textVersion": version }).to_string();
    let headers = [("content-type", "application/json")];
    here.send(Method::PUT, MODEL, Some(person), &headers, body).await
}

async fn agree(here: &Here, person: &Person) -> Result<()> {
    let reply = put(here, person, true, 1).await?;
    ensure!(reply.status == 200, "{} {}", reply.status, reply.body);
    Ok(())
}

/// Somebody with a portfolio who agreed to the models.
async fn with_models(cap: &str) -> Result<(Here, Person, ModelStubs)> {
    let here = Here::start().await?;
    let models = here.models(cap).await?;
    let asha = investor(&here).await?;
    agree(&here, &asha).await?;
    Ok((here, asha, models))
}

fn value() -> Value {
    json!({ "version": 1, "operation": "aggregate", "entity": "holding", "measures": ["value"] })
}

fn answers(text: &str) -> ModelReply {
    ModelReply::Answer(json!({ "kind": "query", "query": value(), "text": text }))
}

/// Which models were sent a prompt, in order.
fn prompted(models: &ModelStubs) -> Vec<String> {
    models.take_prompts().into_iter().map(|(kind, _)| kind).collect()
}

#[tokio::test]
async fn a_model_makes_the_query_and_words_the_answer_and_is_told_no_amount() -> Result<()> {
    let (here, asha, models) = with_models("5").await?;
    models.reply(OPENAI, answers("Aapke shares ki keemat {{r0c0}} hai."));
    let answer = ask(&here, &asha, QUESTION, None).await?;
    assert_eq!((&answer["understoodBy"], &answer["modelSkipped"]), (&json!("model"), &Value::Null));
    let summary = get(&here, &asha, "/v1/portfolio/summary").await?;
    let worth = summary["totals"]["value"].as_str().context("a value")?;
    assert_eq!(answer["answer"]["rows"][0]["cells"][0]["value"], worth);
    let text = answer["text"].as_str().context("a text")?;
    assert!(text.starts_with("Aapke shares ki keemat ₹") && text.ends_with("hai."), "{text}");
    let prompts = models.take_prompts();
    let [(_, prompt)] = &prompts[..] else { panic!("{prompts:?}") };
    let message: Value =
        serde_json::from_str(prompt["input"][0]["content"].as_str().context("text")?)?;
    assert_eq!(message["question"], QUESTION);
    let names = message["names"]["securities"].as_array().context("names")?;
    assert!(names.iter().any(|one| one["symbol"] == "INFY"), "{message}");
    let holdings = get(&here, &asha, "/v1/portfolio/holdings?limit=200").await?;
    let (sent, mut amounts) = (prompt.to_string(), vec![worth.to_owned()]);
    for holding in holdings["items"].as_array().context("items")? {
        let figures = ["value", "invested", "unrealisedGain"].map(|name| holding[name].as_str());
        amounts.extend(figures.into_iter().flatten().map(str::to_owned));
    }
    assert!(amounts.len() > 3 && !amounts.iter().any(|amount| sent.contains(amount.as_str())));
    let person = get(&here, &asha, "/v1/auth/me").await?;
    let email = person["email"].as_str().context("an address")?;
    assert!(!sent.contains(email) && !sent.contains(&asha.user_id.to_string()));
    // 1,000 tokens for a dollar a million, and 50 for ten.
    let spending = &get(&here, &asha, MODEL).await?["spending"];
    let (used, prompts) = (&spending["used"], &spending["prompts"]);
    assert_eq!((used, prompts), (&json!("0.001500"), &json!(1)), "{spending}");
    Ok(())
}

#[tokio::test]
async fn a_text_that_lies_is_dropped_and_the_figures_stay() -> Result<()> {
    let (here, asha, models) = with_models("5").await?;
    models.reply(OPENAI, answers(""));
    let plain = ask(&here, &asha, QUESTION, None).await?["text"].clone();
    for lie in [
        "It is worth 5,00,000 rupees, not {{r0c0}}.",
        "{{r0c0}} cr!",
        "It has doubled to {{r0c0}}.",
        "Dugna ho gaya: {{r0c0}}.",
        "{{r0c0}}: see https://evil.example/sell.",
        "You should sell now, at {{r0c0}}.",
        "{{rows}} {{r0c0}}",
        "{{r7c0}} {{r0c0}}",
        "The value is {{r0c9}}.",
        "{{r0c0",
        "All is held.",
    ] {
        models.reply(OPENAI, answers(lie));
        let answer = ask(&here, &asha, QUESTION, None).await?;
        assert_eq!((&answer["understoodBy"], &answer["text"]), (&json!("model"), &plain), "{lie}");
    }
    Ok(())
}

#[tokio::test]
async fn faults_are_mended_once_then_the_next_model_is_asked_and_then_the_rules() -> Result<()> {
    let (here, asha, models) = with_models("5").await?;
    let mut wrong = value();
    wrong["measures"] = json!(["wealth"]);
    let wrong = || ModelReply::Answer(json!({ "kind": "query", "query": wrong }));
    let sql = || ModelReply::Text("select * from holdings".into());
    let good = || answers("{{r0c0}}.");
    let table = [
        (vec![(OPENAI, wrong()), (OPENAI, good())], vec![OPENAI, OPENAI], "model", Value::Null),
        (
            vec![(OPENAI, wrong()), (OPENAI, wrong()), (ANTHROPIC, good())],
            vec![OPENAI, OPENAI, ANTHROPIC],
            "model",
            Value::Null,
        ),
        (
            vec![(OPENAI, sql()), (ANTHROPIC, wrong()), (ANTHROPIC, wrong())],
            vec![OPENAI, ANTHROPIC, ANTHROPIC],
            "rules",
            json!("unusable"),
        ),
        (
            vec![
                (OPENAI, ModelReply::Fails(429, "insufficient_quota")),
                (ANTHROPIC, ModelReply::Declines),
            ],
            vec![OPENAI, ANTHROPIC],
            "rules",
            json!("unavailable"),
        ),
        (
            vec![(OPENAI, ModelReply::Fails(503, "overloaded_error")), (OPENAI, good())],
            vec![OPENAI, OPENAI],
            "model",
            Value::Null,
        ),
    ];
    for (at, (replies, expected, by, skipped)) in table.into_iter().enumerate() {
        for (kind, reply) in replies {
            models.reply(kind, reply);
        }
        let answer = ask(&here, &asha, "What is my portfolio worth?", None).await?;
        assert_eq!(
            (&answer["understoodBy"], &answer["modelSkipped"]),
            (&json!(by), &skipped),
            "{at}"
        );
        assert_eq!(answer["kind"], "answer", "{at}: {answer}");
        assert_eq!(prompted(&models), expected, "{at}");
    }
    Ok(())
}

#[tokio::test]
async fn at_the_cap_nothing_is_sent_and_the_rules_answer() -> Result<()> {
    let (here, asha, models) = with_models("0").await?;
    let answer = ask(&here, &asha, "What is my portfolio worth?", None).await?;
    assert_eq!(
        (&answer["understoodBy"], &answer["modelSkipped"]),
        (&json!("rules"), &json!("spending_cap"))
    );
    assert_eq!(prompted(&models), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_cap_holds_however_many_ask_at_once_and_an_answer_without_usage_costs_the_most()
-> Result<()> {
    let (here, asha, models) = with_models("0.1").await?;
    models.reply(OPENAI, ModelReply::NoJson);
    ask(&here, &asha, "What is my portfolio worth?", None).await?;
    let used = |settings: &Value| -> Result<f64> {
        Ok(settings["spending"]["usedByPayer"].as_str().context("a sum")?.parse()?)
    };
    let most = used(&get(&here, &asha, MODEL).await?)?;
    assert!(most > 0.02 && most <= 0.1, "nobody knows what it cost: {most}");
    for _ in 0..6 {
        models.reply(OPENAI, ModelReply::NoJson);
    }
    let asked = (0..6).map(|_| ask(&here, &asha, "What is my portfolio worth?", None));
    let answers = futures_util::future::try_join_all(asked).await?;
    let refused = answers.iter().filter(|one| one["modelSkipped"] == "spending_cap").count();
    assert!(refused >= 4, "{answers:?}");
    assert!(used(&get(&here, &asha, MODEL).await?)? <= 0.1);
    Ok(())
}

#[tokio::test]
async fn a_prompt_is_set_aside_and_settled_once_and_caps_are_the_payers_and_everybodys()
-> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let mut admin = here.admin().await?;
    let prompts = [1, 2, 3].map(|number: u128| Uuid::from_u128(number));
    let mut spent = Vec::new();
    for (person, prompt, micros, cap, total, fits) in [
        (&asha, prompts[0], 60, 100, None, true),
        // Again: nothing more is set aside.
        (&asha, prompts[0], 60, 100, None, true),
        (&asha, prompts[1], 41, 100, None, false),
        (&ravi, prompts[2], 50, 100, Some(100), false),
        (&ravi, prompts[2], 40, 100, Some(100_i64), true),
    ] {
        let tx = admin.transaction().await?;
        let workspace = person.workspace_id.to_string();
        tx.execute("select set_config('app.workspace_id', $1, true)", &[&workspace]).await?;
        let sql = "select tenant.set_aside_prompt($1, $2, $3, $4)";
        let done =
            tx.query_one(sql, &[&prompt, &i64::from(micros), &i64::from(cap), &total]).await?;
        assert_eq!(done.get::<_, bool>(0), fits, "{prompt} {micros} of {cap} and {total:?}");
        for cost in [7_i64, 9] {
            let sql = "select tenant.settle_prompt($1, $2, 1, 1)";
            tx.execute(sql, &[&prompts[2], &cost]).await?;
        }
        tx.commit().await?;
        let sum = "select coalesce(sum(micros), 0)::bigint from billing.model_prompts";
        spent.push(admin.query_one(sum, &[]).await?.get::<_, i64>(0));
    }
    assert_eq!(spent, [60, 60, 60, 60, 67]);
    Ok(())
}

#[tokio::test]
async fn other_models_are_agreed_to_anew() -> Result<()> {
    let (here, asha, _) = with_models("5").await?;
    let others = here.models("5").await?;
    let answer = ask(&here, &asha, "What is my portfolio worth?", None).await?;
    assert_eq!(
        (&answer["understoodBy"], &answer["modelSkipped"]),
        (&json!("rules"), &json!("other_models"))
    );
    assert_eq!(prompted(&others), Vec::<String>::new());
    assert_eq!(get(&here, &asha, MODEL).await?["agreed"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn there_is_nothing_to_agree_to_without_a_model() -> Result<()> {
    let here = Here::start().await?;
    let asha = investor(&here).await?;
    let none = put(&here, &asha, true, 1).await?;
    assert_eq!((none.status, none.reason()), (422, "no_model"));
    Ok(())
}

#[tokio::test]
async fn agreeing_is_for_admins_and_nothing_is_sent_before_it_or_after_it_was_taken_back()
-> Result<()> {
    let here = Here::start().await?;
    let models = here.models("5").await?;
    let asha = investor(&here).await?;
    let viewer = here.member(asha.workspace_id, "viewer").await?;
    assert_eq!(put(&here, &viewer, true, 1).await?.status, 403);
    let other = put(&here, &asha, true, 2).await?;
    assert_eq!((other.status, other.reason()), (422, "other_text"));
    ask(&here, &asha, QUESTION, None).await?;
    for _ in 0..2 {
        agree(&here, &asha).await?;
    }
    let settings = get(&here, &viewer, MODEL).await?;
    assert_eq!(settings["agreed"]["userId"], json!(asha.user_id), "{settings}");
    assert!(!settings.to_string().contains("sk-of"), "a key is nobody's to see");
    // Advice is refused before anybody is asked.
    let advice = ask(&here, &asha, "Should I sell Infosys?", None).await?;
    assert_eq!((&advice["kind"], prompted(&models)), (&json!("advice"), Vec::new()));
    for _ in 0..2 {
        let back = put(&here, &asha, false, 1).await?;
        assert_eq!((back.status, &back.body["agreed"]), (200, &Value::Null), "{}", back.body);
    }
    models.reply(OPENAI, answers("{{r0c0}}."));
    let answer = ask(&here, &asha, "What is my portfolio worth?", None).await?;
    assert_eq!((&answer["understoodBy"], prompted(&models)), (&json!("rules"), Vec::new()));
    let sql = "select action, detail->>'textVersion' from access.audit where action like 'model.%' order by 1";
    let rows = here.admin().await?.query(sql, &[]).await?;
    let acts: Vec<(String, Option<String>)> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let act = |word: &str| (word.to_owned(), Some("1".to_owned()));
    assert_eq!(acts, [act("model.agreed"), act("model.refused")]);
    Ok(())
}
