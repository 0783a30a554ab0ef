//! get, summary, holdings, import-template: figures, pages, round trips.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use http::Method;
use serde_json::{Value, json};
use shared::App;
use shared::http::Route;
use testkit::{Form, Here, Person, Reply};

async fn invested(here: &Here) -> Result<Person> {
    here.load_prices().await?;
    let asha = here.person().await?;
    for file in ["zerodha-console-holdings.xlsx", "groww-stocks-holdings.xlsx"] {
        assert_eq!(here.import(&asha, &Form::example(file)?).await?.status, 200);
    }
    Ok(asha)
}

#[tokio::test]
async fn the_summary_is_right_to_the_paisa() -> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let reply = here.get("/v1/portfolio/summary", &asha).await?;
    // Worked by hand from the files of examples/: quantity × close, quantity × previous close, sums of cost.
    // 50×1512.30 + 25×1547.60 + 60×1003.85 + 100×352.40 + 15×3688.50 + 150×404.15 + 200×293.47
    //   + 512.338×92.4183 + 18.442×2294.5170 (Zerodha) + 15×3081.05 + 40×1547.60 (Groww)
    assert_eq!(reply.body["totals"]["value"], "582204.64");
    assert_eq!(reply.body["totals"]["invested"], "570893.31");
    assert_eq!(
        (&reply.body["totals"]["holdings"], &reply.body["totals"]["unpriced"]),
        (&json!(12), &json!(1))
    );
    assert_eq!(reply.body["totals"]["asOf"], "2026-11-20");
    assert_eq!(reply.body["totals"]["sources"], json!(["amfi", "nse"]));
    assert_eq!(reply.body["topLosers"][0]["isin"], "INE002A01018");
    let accounts = reply.body["allocation"]["account"].as_array().unwrap();
    assert_eq!(
        accounts.iter().map(|slice| &slice["value"]).collect::<Vec<_>>(),
        [&json!("474084.89"), &json!("108119.75")]
    );
    Ok(())
}

#[tokio::test]
async fn a_holding_without_a_price_says_so() -> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let items =
        here.get("/v1/portfolio/holdings", &asha).await?.body["items"].as_array().unwrap().clone();
    let newco = items.iter().find(|item| item["isin"] == "INE0ABC01014").unwrap();
    assert_eq!(
        (&newco["value"], &newco["reason"], &newco["class"]),
        (&Value::Null, &json!("no_price"), &json!("unclassified"))
    );
    assert_eq!((&newco["invested"], &newco["price"]), (&json!("3540.00"), &Value::Null));
    Ok(())
}

#[tokio::test]
async fn of_one_day_the_close_counts_before_the_net_asset_value_and_else_what_is_newer()
-> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let admin = here.admin().await?;
    for (day, source, close) in
        [("2026-11-20", "nse", "1512.3000"), ("2026-11-21", "amfi", "999.0000")]
    {
        let value = "insert into market.prices (isin, on_date, source, close)
            select 'INE002A01018', $1::text::date, 'amfi', 999";
        admin.execute(value, &[&day]).await?;
        let page = here.get("/v1/portfolio/holdings?q=INE002A01018&limit=1", &asha).await?;
        let price = &page.body["items"][0]["price"];
        assert_eq!(
            (&price["asOf"], &price["source"], &price["close"]),
            (&json!(day), &json!(source), &json!(close)),
            "{price}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn pages_of_holdings_join_to_the_whole() -> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let whole = here.get("/v1/portfolio/holdings", &asha).await?;
    assert_eq!(whole.body["nextCursor"], Value::Null);
    let (mut joined, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = here.get(&format!("/v1/portfolio/holdings?limit=5{cursor}"), &asha).await?;
        joined.extend(page.body["items"].as_array().unwrap().clone());
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(joined), whole.body["items"]);
    let refused = here.get("/v1/portfolio/holdings?limit=5&cursor=made-up", &asha).await?;
    assert_eq!((refused.status, &refused.body["errors"][0]["path"]), (400, &json!("cursor")));
    let account = whole.body["items"][0]["accountId"].as_str().unwrap();
    let own = here.get(&format!("/v1/portfolio/holdings?accountId={account}"), &asha).await?;
    assert!(own.body["items"].as_array().unwrap().iter().all(|item| item["accountId"] == account));
    Ok(())
}

#[tokio::test]
async fn a_read_is_one_round_trip() -> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let routes: [(&str, Route); 9] = [
        ("/v1/portfolio", portfolio::get::route()),
        ("/v1/portfolio/summary", portfolio::summary::route()),
        ("/v1/portfolio/holdings", portfolio::holdings::route()),
        ("/v1/portfolio/holdings?sector=energy&sort=-value", portfolio::holdings::route()),
        ("/v1/portfolio/trades?class=equity&sort=-amount", portfolio::trades::route()),
        ("/v1/portfolio/gains?year=2025", portfolio::gains::route()),
        ("/v1/portfolio/income", portfolio::income::route()),
        ("/v1/portfolio/positions", portfolio::positions::route()),
        ("/v1/portfolio/performance?from=2026-11-19", portfolio::performance::route()),
    ];
    for (path, route) in routes {
        let app = here.app("portfolio-summary")?;
        app.keys().warm(app.db()).await;
        let before = app.db().round_trips();
        let request =
            http::Request::get(path).header("authorization", format!("Bearer {}", asha.token));
        let router = route.into_router(app.clone());
        let response =
            tower::ServiceExt::oneshot(router, request.body(axum::body::Body::empty())?).await?;
        // Of what is held from today on there is no period yet, and one round trip to know it.
        assert!([200, 422].contains(&response.status().as_u16()), "{path}: {}", response.status());
        assert_eq!(app.db().round_trips() - before, 1, "{path}");
    }
    Ok(())
}

/// Asks a route in this process, over the connection it keeps.
async fn asked(app: &App, route: Route, path: &str, who: &Person) -> Result<Value> {
    let token = format!("Bearer {}", who.token);
    let request = http::Request::get(path).header("authorization", token);
    let request = request.body(axum::body::Body::empty())?;
    let response = tower::ServiceExt::oneshot(route.into_router(app.clone()), request).await?;
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    Ok(serde_json::from_slice(&body)?)
}

#[tokio::test]
async fn a_connection_that_keeps_plans_shows_each_workspace_its_own() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi, nobody) = (invested(&here).await?, here.person().await?, here.person().await?);
    here.import(&ravi, &Form::example("groww-stocks-holdings.xlsx")?).await?;
    let app = here.app("portfolio-holdings")?;
    let path = "/v1/portfolio/holdings";
    // A plan is made anew five times before one is kept for whatever comes.
    for round in 0..12 {
        let mut seen = Vec::new();
        for who in [&asha, &ravi, &nobody] {
            let page = asked(&app, portfolio::holdings::route(), path, who).await?;
            let accounts = page["accounts"].as_array().map_or(0, Vec::len);
            seen.push((accounts, page["items"].as_array().map_or(0, Vec::len)));
        }
        assert_eq!(seen, [(2, 12), (1, 2), (0, 0)], "round {round}");
    }
    assert_eq!(app.db().round_trips(), 12 * 3 + 1, "over one connection");
    Ok(())
}

#[tokio::test]
async fn a_parameter_that_would_be_ignored_is_refused() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    for path in
        ["/v1/portfolio", "/v1/portfolio/summary", "/v1/auth/me", "/v1/portfolio/import/template"]
    {
        let reply = here.get(&format!("{path}?accountId=x"), &asha).await?;
        assert_eq!((reply.status, reply.reason()), (400, "invalid_request"), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_sees_anything_without_a_token_and_others_see_their_own() -> Result<()> {
    let here = Here::start().await?;
    let _asha = invested(&here).await?;
    let ravi = here.person().await?;
    for path in [
        "/v1/portfolio",
        "/v1/portfolio/summary",
        "/v1/portfolio/holdings",
        "/v1/portfolio/imports/x",
    ] {
        let reply = here.get(path, None).await?;
        let word = if path.ends_with("imports/x") { "token_missing" } else { "credential_missing" };
        assert_eq!((reply.status, reply.reason()), (401, word), "{path}");
    }
    let reply = here.get("/v1/portfolio", &ravi).await?;
    assert_eq!(
        (&reply.body["accounts"], &reply.body["totals"]["holdings"]),
        (&json!([]), &json!(0))
    );
    assert_eq!(here.get("/v1/portfolio/holdings", &ravi).await?.body["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn the_template_can_be_had_by_anyone_and_comes_back_recognised() -> Result<()> {
    let here = Here::start().await?;
    let reply = here.get("/v1/portfolio/import/template", None).await?;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/csv; charset=utf-8"));
    let statement = statements::read(&reply.answer.body, None)?;
    assert_eq!(statement.layout, "kitemate_holdings");
    assert_eq!(here.post("/v1/portfolio/import/template", None, &json!({})).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn holdings_are_filtered_sorted_and_paged_in_that_order() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    here.import(&asha, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    let list = async |query: &str| -> Result<Vec<String>> {
        let body = here.get(&format!("/v1/portfolio/holdings?{query}"), &asha).await?.body;
        let items = body["items"].as_array().cloned().unwrap_or_default();
        Ok(items.iter().map(|item| item["isin"].as_str().unwrap_or_default().to_owned()).collect())
    };
    assert_eq!(list("q=reliance").await?, ["INE002A01018"]);
    assert_eq!(list("q=ine002a01018").await?, ["INE002A01018"]);
    assert!(list("sector=information%20technology").await?.contains(&"INE009A01021".to_owned()));
    assert!(list("class=mutual_fund").await?.iter().all(|isin| isin.starts_with("INF")));
    let all = list("sort=-value&limit=200").await?;
    let mut up = list("sort=value&limit=200").await?;
    up.reverse();
    assert_eq!(all.len(), 10);
    assert_eq!(up, all, "the other way round");
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = here
            .get(&format!("/v1/portfolio/holdings?sort=-value&limit=3{cursor}"), &asha)
            .await?
            .body;
        paged.extend(
            body["items"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| item["isin"].as_str().unwrap_or_default().to_owned()),
        );
        match body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let few = list("minValue=50000&maxValue=100000").await?;
    assert!(!few.is_empty() && few.len() < all.len(), "{few:?}");
    let wrong = here.get("/v1/portfolio/holdings?sort=colour&minValue=much", &asha).await?;
    assert_eq!((wrong.status, wrong.body["errors"].as_array().map(Vec::len)), (400, Some(2)));
    Ok(())
}

#[tokio::test]
async fn every_answer_about_what_is_held_says_how_fresh_each_account_is() -> Result<()> {
    let here = Here::start().await?;
    let asha = invested(&here).await?;
    let healths = |body: &Value, list: &str| {
        let items = body[list].as_array().into_iter().flatten();
        let mut told: Vec<_> =
            items.map(|one| one.get("health").unwrap_or(one).to_string()).collect();
        told.sort_unstable();
        told
    };
    let known = healths(&here.get("/v1/accounts", &asha).await?.body, "items");
    assert_eq!(known.len(), 2);
    for path in [
        "/v1/portfolio",
        "/v1/portfolio/summary",
        "/v1/portfolio/holdings",
        "/v1/portfolio/positions",
        "/v1/portfolio/trades",
        "/v1/portfolio/performance",
        "/v1/portfolio/gains",
        "/v1/portfolio/income",
        "/v1/corporate-actions",
    ] {
        let answer = here.get(path, &asha).await?;
        let told = healths(&answer.body, "accounts");
        assert_eq!((answer.status, &told), (200, &known), "{path}: {}", answer.body);
    }
    Ok(())
}

/// What is worked out from the book, and can be asked for again.
const TAGGED: [&str; 6] = [
    "/v1/portfolio/summary",
    "/v1/portfolio/holdings?limit=2",
    "/v1/portfolio/income",
    "/v1/portfolio/gains?year=2026",
    "/v1/portfolio/performance?range=max",
    "/v1/portfolio/sips",
];

async fn asked_again(here: &Here, person: &Person, path: &str, tag: &str) -> Result<Reply> {
    here.send(Method::GET, path, Some(person), &[("if-none-match", tag)], "").await
}

/// The tag of each, as it is now.
async fn tags(here: &Here, person: &Person) -> Result<Vec<String>> {
    let mut tags = Vec::new();
    for path in TAGGED {
        let reply = here.get(path, person).await?;
        ensure!(reply.status == 200, "{path}: {} {}", reply.status, reply.body);
        assert_eq!(reply.header("cache-control"), "private, no-cache", "{path}");
        tags.push(reply.header("etag").to_owned());
    }
    Ok(tags)
}

#[tokio::test]
async fn what_has_not_changed_is_not_answered_again_and_every_change_is() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let file = Form::example("tradebook-DEMO01-EQ.csv")?;
    let account = here.import(&asha, &file).await?.body["accountId"].clone();
    let mut before = tags(&here, &asha).await?;
    let distinct: BTreeSet<&String> = before.iter().collect();
    assert_eq!(distinct.len(), TAGGED.len(), "two requests never have the same tag");
    for (path, tag) in TAGGED.iter().zip(&before) {
        let same = asked_again(&here, &asha, path, &format!("\"other\", {tag}")).await?;
        assert_eq!((same.status, same.answer.body.len()), (304, 0), "{path}");
        assert_eq!(same.header("etag"), tag);
        let other = asked_again(&here, &asha, path, "\"other\"").await?;
        assert_eq!((other.status, other.header("etag")), (200, tag.as_str()), "{path}");
        // Somebody else's is another.
        let ravi = here.person().await?;
        assert_ne!(asked_again(&here, &ravi, path, tag).await?.status, 304, "{path}");
    }
    let paid = json!({
        "accountId": account, "kind": "dividend", "isin": "INE009A01021", "on": "2026-08-20", "amount": "55.00",
    });
    let kind = json!({ "kind": "unlisted_share", "from": "2026-01-01" }).to_string();
    let name = "BhavCopy_NSE_CM_0_0_0_20261120_F_0000.csv";
    let prices = std::fs::read_to_string(Here::example("prices").join(name))?;
    for what in ["an event", "another price of the same day", "a kind"] {
        match what {
            "an event" => ensure!(here.post("/v1/transactions", &asha, &paid).await?.status < 300),
            "a kind" => {
                let path = "/v1/instruments/INE009A01021/asset-kind";
                let json = [("content-type", "application/json")];
                let put = here.send(Method::PUT, path, Some(&asha), &json, kind.clone()).await?;
                ensure!(put.status < 300, "{}", put.body);
            }
            _ => {
                let changed = prices.replace("1547.60", "1547.65");
                here.load_price_text(&format!("prices/{name}"), &changed).await?;
            }
        }
        let after = tags(&here, &asha).await?;
        for ((path, before), after) in TAGGED.iter().zip(&before).zip(&after) {
            assert_ne!(before, after, "{what} changes {path}");
        }
        before = after;
    }
    Ok(())
}
