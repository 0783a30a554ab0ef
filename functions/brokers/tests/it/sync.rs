//! Reading accounts from Kite: asked for, every evening, and when Kite does not answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

const CLIENT: &str = "AB1234";

/// Somebody with a connected account.
pub(crate) async fn connected(here: &Here, client: &str) -> Result<Person> {
    let asha = here.person().await?;
    let made = here.connect(&asha, client).await?;
    ensure!(made.status == 200, "{}", made.body);
    // The reading that connecting asks for has a test of its own; here each is asked for.
    let due = "delete from shared.outbox where event = 'account.refresh_due'";
    here.admin().await?.execute(due, &[]).await?;
    Ok(asha)
}

/// Asks for a reading, and has it done.
pub(crate) async fn sync(here: &Here, person: &Person) -> Result<Value> {
    let asked = here.post("/v1/portfolio/sync", person, &json!({})).await?;
    ensure!(asked.status == 202, "{}", asked.body);
    let failed = here.deliver("account.refresh_due", "brokers-sync-account").await?;
    ensure!(failed == 0, "{failed} were not read");
    Ok(asked.body)
}

/// What is held, by symbol or else name: quantity, bought, pledged and what the lots are known from.
async fn held(here: &Here, person: &Person) -> Result<BTreeMap<String, Value>> {
    let answer = here.get("/v1/portfolio/holdings", person).await?.body;
    let items = answer["items"].as_array().context("items")?.iter();
    let held = items.map(|item| {
        let name = item["symbol"].as_str().unwrap_or(item["name"].as_str().unwrap_or_default());
        let figures =
            json!([item["quantity"], item["t1Quantity"], item["pledgedQuantity"], item["lots"]]);
        (name.to_owned(), figures)
    });
    Ok(held.collect())
}

async fn health(here: &Here, person: &Person) -> Result<Value> {
    Ok(here.get("/v1/accounts", person).await?.body["items"][0]["health"].clone())
}

/// The connection's state, why it is in it, and when everything was last read.
async fn state(here: &Here, person: &Person) -> Result<[Value; 3]> {
    let status = here.get("/v1/auth/zerodha/status", person).await?.body;
    Ok(["state", "reason", "lastReadAt"].map(|field| status["items"][0][field].clone()))
}

pub(crate) fn today() -> jiff::civil::Date {
    stores::sessions::day_of_books(shared::clock::now()).0
}

#[tokio::test]
async fn what_is_held_bought_today_and_pledged_is_read_and_twice_is_once() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    let asked = sync(&here, &asha).await?;
    assert_eq!(
        (&asked["items"][0]["asked"], &asked["items"][0]["whatToDo"]),
        (&json!(true), &json!(null))
    );
    let expected = BTreeMap::from([
        ("INFY".to_owned(), json!(["40", "0", "0", "statement_only"])),
        ("RELIANCE".to_owned(), json!(["25", "0", "0", "statement_only"])),
        ("HDFCBANK".to_owned(), json!(["70", "10", "60", "statement_only"])),
        ("ITC".to_owned(), json!(["15", "15", "0", "reconciled"])),
        ("NIFTYBEES".to_owned(), json!(["12.345", "0", "0", "statement_only"])),
    ]);
    assert_eq!(held(&here, &asha).await?, expected);
    sync(&here, &asha).await?;
    assert_eq!(held(&here, &asha).await?, expected, "read again");
    let trades = here.get("/v1/portfolio/trades", &asha).await?.body;
    assert_eq!(trades["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&trades["items"][0]["source"], &trades["items"][0]["amount"]),
        (&json!("kite"), &json!("6018.00"))
    );
    let health = health(&here, &asha).await?;
    assert_eq!((&health["asOf"], &health["stale"]), (&json!(today()), &json!(false)));
    assert_eq!(trades["accounts"][0], health, "in every answer");
    Ok(())
}

#[tokio::test]
async fn positions_are_shown_as_of_when_they_were_read() -> Result<()> {
    let here = Here::start().await?;
    let asha = connected(&here, CLIENT).await?;
    let none = here.get("/v1/portfolio/positions", &asha).await?.body;
    assert_eq!(
        (&none["items"], &none["accounts"][0]["reason"]),
        (&json!([]), &json!("nothing_imported"))
    );
    let contract = json!({ "tradingsymbol": "NIFTY26DECFUT", "exchange": "NFO", "product": "NRML", "quantity": -75,
        "overnight_quantity": -75, "multiplier": 1, "average_price": 26000, "last_price": 25900.5,
        "sell_value": 1950000, "buy_value": 0 });
    here.kite_says(CLIENT, &json!({ "positions": { "net": [contract] } })).await?;
    sync(&here, &asha).await?;
    let shown = here.get("/v1/portfolio/positions", &asha).await?.body;
    let position = &shown["items"][0];
    assert_eq!(
        (&position["symbol"], &position["quantity"], &position["profit"]),
        (&json!("NIFTY26DECFUT"), &json!("-75"), &json!("7462.50"))
    );
    assert_eq!(position["day"], json!(today()));
    here.kite_says(CLIENT, &json!({ "fails": "down" })).await?;
    sync(&here, &asha).await?;
    let after = here.get("/v1/portfolio/positions", &asha).await?.body;
    assert_eq!(
        (&after["items"], &after["accounts"][0]["reason"]),
        (&shown["items"], &json!("kite_unavailable"))
    );
    let ravi = here.person().await?;
    assert_eq!(here.get("/v1/portfolio/positions", &ravi).await?.body["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn whatever_kite_does_the_last_good_data_stays_and_the_account_says_so() -> Result<()> {
    let here = Here::start().await?;
    for (number, (fails, reason, becomes)) in [
        (json!({ "fails": "down" }), "kite_unavailable", "connected"),
        (json!({ "funds": "down" }), "kite_unavailable", "connected"),
        (json!({ "positions": "html" }), "kite_unavailable", "connected"),
        (json!({ "fails": "not_permitted" }), "not_permitted", "error"),
        (json!({ "trades": "signed_out" }), "signed_out", "expired"),
    ]
    .into_iter()
    .enumerate()
    {
        let client = format!("ZK{number:04}");
        let asha = connected(&here, &client).await?;
        sync(&here, &asha).await?;
        let (before, good) = (held(&here, &asha).await?, health(&here, &asha).await?);
        here.kite_says(&client, &fails).await?;
        sync(&here, &asha).await?;
        assert_eq!(held(&here, &asha).await?, before, "{fails}");
        let after = health(&here, &asha).await?;
        assert_eq!(
            (&after["reason"], &after["syncedAt"]),
            (&json!(reason), &good["syncedAt"]),
            "{fails}"
        );
        let of_connection = if reason == "signed_out" { "token_refused" } else { reason };
        let said = [json!(becomes), json!(of_connection), good["syncedAt"].clone()];
        assert_eq!(state(&here, &asha).await?, said, "{fails}");
        // Signed in again, and Kite is well.
        let connected = here.connect(&asha, &client).await?;
        assert_eq!(connected.status, 200, "{}", connected.body);
        assert_eq!(state(&here, &asha).await?[1], "signed_in");
    }
    Ok(())
}

#[tokio::test]
async fn an_account_whose_turn_has_not_come_waits_and_does_not_fail() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    here.kite_says(CLIENT, &json!({ "fails": "limited" })).await?;
    sync(&here, &asha).await?;
    assert_eq!(health(&here, &asha).await?["syncedAt"], Value::Null);
    assert_eq!(put_off(&here).await?, "1");
    here.kite_says(CLIENT, &json!({})).await?;
    here.deliver("account.refresh_due", "brokers-sync-account").await?;
    assert_eq!(held(&here, &asha).await?.len(), 5);
    Ok(())
}

#[tokio::test]
async fn who_has_just_connected_is_read_without_asking_for_it() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    assert_eq!(here.connect(&asha, CLIENT).await?.status, 200);
    assert_eq!(here.deliver("account.refresh_due", "brokers-sync-account").await?, 0);
    assert_eq!(held(&here, &asha).await?.len(), 5);
    Ok(())
}

/// How many messages of the queue are put off.
async fn put_off(here: &Here) -> Result<String> {
    use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesDelayed as Delayed;
    let queue = here.cloud.model.queues.iter().find(|one| one.name.ends_with("-sync-account"));
    let url = here.cloud.queue_url(&queue.context("the queue")?.name);
    let depth = here.cloud.aws.sqs.get_queue_attributes().queue_url(url);
    let depth = depth.attribute_names(Delayed.clone()).send().await?;
    let delayed = depth.attributes().and_then(|found| found.get(&Delayed));
    Ok(delayed.cloned().unwrap_or_default())
}

#[tokio::test]
async fn while_kite_has_been_failing_an_account_is_put_off_and_keeps_its_health() -> Result<()> {
    let here = Here::start().await?;
    let asha = connected(&here, CLIENT).await?;
    let app = here.app("brokers-sync-account")?;
    let breaker = vendor::Breaker { name: "kite", most: 5, window_s: 30 };
    // Once more when the half minute turned in between.
    for _ in 0..3 {
        let before = health(&here, &asha).await?;
        for _ in 0..5 {
            breaker.failed(&app, local::vendors::kite::API_KEY).await;
        }
        sync(&here, &asha).await?;
        if put_off(&here).await? == "1" {
            assert_eq!(health(&here, &asha).await?, before);
            return Ok(());
        }
    }
    anyhow::bail!("it was asked all the same")
}

#[tokio::test]
async fn two_readings_at_once_end_in_one_account() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    for _ in 0..2 {
        assert_eq!(here.post("/v1/portfolio/sync", &asha, &json!({})).await?.status, 202);
    }
    let deliver = || here.deliver("account.refresh_due", "brokers-sync-account");
    let (one, other) = tokio::join!(deliver(), deliver());
    assert_eq!((one?, other?), (0, 0));
    assert_eq!(held(&here, &asha).await?["ITC"], json!(["15", "15", "0", "reconciled"]));
    let trades = here.get("/v1/portfolio/trades", &asha).await?.body;
    assert_eq!(trades["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

/// A share, its partly paid share and its debenture, as the exchange lists them.
const ZEDPOW: &str = "\
TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,FinInstrmNm,ClsPric,PrvsClsgPric
2026-11-27,2026-11-27,CM,NSE,STK,1,INEZP1Q01016,ZEDPOW,EQ,ZED POWER,150,149
2026-11-27,2026-11-27,CM,NSE,STK,2,IN9ZP1Q01014,ZEDPOW,E1,ZED POWER,60,59
2026-11-27,2026-11-27,CM,NSE,STK,3,INEZP1Q07013,ZEDPOW,N1,ZED POWER,1020,1019
";

#[tokio::test]
async fn a_suffix_of_a_symbol_names_another_security() -> Result<()> {
    let here = Here::start().await?;
    let folder = std::env::temp_dir().join(uuid::Uuid::now_v7().to_string());
    std::fs::create_dir(&folder)?;
    let file = folder.join("BhavCopy_NSE_CM_0_0_0_20261127_F_0000.csv");
    std::fs::write(&file, ZEDPOW)?;
    here.load_price_file(&file).await?;
    std::fs::remove_dir_all(&folder)?;
    let holdings = "Instrument,Qty.,Avg. cost,LTP,Invested,Cur. val,P&L,Net chg.,Day chg.\n\
        ZEDPOW,10,120,150,1200,1500,300,25,0\n\
        ZEDPOW-E1,100,40,60,4000,6000,2000,50,0\n\
        ZEDPOW-N1,5,1000,1020,5000,5100,100,2,0\n";
    let by_file = here.person().await?;
    let form = Form::file("holdings.csv", holdings).with("clientId", "ZT1234");
    assert_eq!(here.import(&by_file, &form).await?.body["counts"]["added"], 3);
    let expected = |figures: &[(&str, &str)]| {
        let pair = |(isin, quantity): &(&str, &str)| ((*isin).to_owned(), json!(quantity));
        figures.iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    let quantities = async |person: &Person| -> Result<BTreeMap<String, Value>> {
        let answer = here.get("/v1/portfolio/holdings", person).await?.body;
        let items = answer["items"].as_array().context("items")?.iter();
        let text = |item: &Value| item["isin"].as_str().unwrap_or_default().to_owned();
        Ok(items.map(|item| (text(item), item["quantity"].clone())).collect())
    };
    let three = [("INEZP1Q01016", "10"), ("IN9ZP1Q01014", "100"), ("INEZP1Q07013", "5")];
    assert_eq!(quantities(&by_file).await?, expected(&three));
    let summary = here.get("/v1/portfolio/summary", &by_file).await?.body;
    assert_eq!(summary["totals"]["value"], "12600.00", "{summary}");
    let by_sync = connected(&here, CLIENT).await?;
    let bought = json!({ "net": [{ "tradingsymbol": "ZEDPOW-E1", "exchange": "NSE", "product": "CNC",
        "quantity": 100, "average_price": 40 }] });
    let fill = json!([{ "trade_id": "9", "exchange": "NSE", "tradingsymbol": "ZEDPOW-E1", "product": "CNC",
        "transaction_type": "BUY", "quantity": 100, "average_price": 40,
        "fill_timestamp": format!("{} 10:00:08", today()) }]);
    let part = json!({ "holdings": [], "funds": [], "positions": bought, "trades": fill });
    here.kite_says(CLIENT, &part).await?;
    sync(&here, &by_sync).await?;
    assert_eq!(quantities(&by_sync).await?, expected(&[("IN9ZP1Q01014", "100")]));
    Ok(())
}

#[tokio::test]
async fn what_was_sold_is_gone_and_what_nobody_knows_is_named() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    sync(&here, &asha).await?;
    let fill = json!([{ "trade_id": "9", "exchange": "NSE", "tradingsymbol": "NEWCO", "product": "CNC",
        "transaction_type": "BUY", "quantity": 5, "average_price": 10, "fill_timestamp": format!("{} 00:00:08", today()) }]);
    let bought = json!({ "net": [{ "tradingsymbol": "NEWCO", "exchange": "NSE", "product": "CNC", "quantity": 5, "average_price": 10 }] });
    here.kite_says(
        CLIENT,
        &json!({ "holdings": [], "funds": [], "positions": bought, "trades": fill }),
    )
    .await?;
    sync(&here, &asha).await?;
    assert_eq!(health(&here, &asha).await?["reason"], "symbols_unknown");
    let left = held(&here, &asha).await?;
    assert_eq!(left, BTreeMap::new(), "what a complete answer does not list is not held");
    let unreadable =
        json!([{ "tradingsymbol": "GHOST", "isin": "", "quantity": 1, "average_price": 1 }]);
    here.kite_says(CLIENT, &json!({ "holdings": unreadable, "positions": { "net": [] } })).await?;
    sync(&here, &asha).await?;
    assert!(held(&here, &asha).await?.contains_key("NIFTYBEES"), "and what can be read is");
    Ok(())
}

#[tokio::test]
async fn the_tradebook_takes_the_place_of_the_fills() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    sync(&here, &asha).await?;
    let book = |id: &str| {
        let header = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time";
        format!(
            "{header}\nITC,INE154A01025,{day},NSE,EQ,EQ,buy,false,15,401.200000,{id},1,{day}T00:00:07\n",
            day = today()
        )
    };
    // The first file has another id for the trade than Kite had, the second contradicts nothing.
    for id in ["78123457", "78123457"] {
        let file = Form::file(&format!("tradebook-{CLIENT}-EQ.csv"), book(id).into_bytes());
        let answer = here.import(&asha, &file).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let trades = here.get("/v1/portfolio/trades", &asha).await?.body;
        assert_eq!(trades["items"].as_array().map(Vec::len), Some(1), "{trades}");
        assert_eq!(
            (&trades["items"][0]["source"], &trades["items"][0]["reference"]),
            (&json!("zerodha_tradebook"), &json!(id))
        );
    }
    sync(&here, &asha).await?;
    let trades = here.get("/v1/portfolio/trades", &asha).await?.body;
    assert_eq!(trades["items"].as_array().map(Vec::len), Some(1), "the file has told already");
    assert_eq!(held(&here, &asha).await?["ITC"], json!(["15", "15", "0", "reconciled"]));
    Ok(())
}

#[tokio::test]
async fn what_a_file_tells_in_one_row_takes_the_place_of_two_fills() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    let whole = Form::file(
        "w.csv",
        format!(
            "kind,date,isin,segment,quantity,amount,reference\nbuy,{},INE002A01018,equity,15,100,x\n",
            today()
        ),
    );
    let fills: Vec<Value> = ["1", "2"].iter().zip([5, 10]).map(|(id, quantity)| json!({ "trade_id": id, "exchange": "NSE",
        "tradingsymbol": "RELIANCE", "product": "CNC", "transaction_type": "BUY", "quantity": quantity, "average_price": 7,
        "fill_timestamp": format!("{} 00:00:09", today()) })).collect();
    let bought = json!({ "net": [{ "tradingsymbol": "RELIANCE", "exchange": "NSE", "product": "CNC", "quantity": 15, "average_price": 7 }] });
    here.kite_says(CLIENT, &json!({ "positions": bought, "trades": fills })).await?;
    sync(&here, &asha).await?;
    let count = async || {
        anyhow::Ok(
            here.get("/v1/portfolio/trades?isin=INE002A01018", &asha).await?.body["items"]
                .as_array()
                .map(Vec::len),
        )
    };
    assert_eq!(count().await?, Some(2));
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0]["accountId"].clone();
    let account = account.as_str().unwrap_or_default();
    assert_eq!(here.import(&asha, &whole.with("accountId", account)).await?.status, 200);
    assert_eq!(count().await?, Some(1));
    Ok(())
}

#[tokio::test]
async fn what_was_bought_for_the_day_and_kept_is_held_and_left_to_the_tradebook() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    let fill = json!([{ "trade_id": "9", "exchange": "NSE", "tradingsymbol": "ITC", "product": "MIS",
        "transaction_type": "BUY", "quantity": 100, "average_price": 400, "fill_timestamp": format!("{} 00:00:08", today()) }]);
    let kept = json!({ "net": [{ "tradingsymbol": "ITC", "exchange": "NSE", "product": "CNC", "quantity": 100, "average_price": 400 }] });
    here.kite_says(
        CLIENT,
        &json!({ "holdings": [], "funds": [], "positions": kept, "trades": fill }),
    )
    .await?;
    sync(&here, &asha).await?;
    assert_eq!(held(&here, &asha).await?["ITC"], json!(["100", "100", "0", "statement_only"]));
    assert_eq!(here.get("/v1/portfolio/trades", &asha).await?.body["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn only_ones_own_connections_are_asked_for() -> Result<()> {
    let here = Here::start().await?;
    let asha = connected(&here, CLIENT).await?;
    let ravi = here.person().await?;
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0]["accountId"].clone();
    for body in [json!({}), json!({ "accountId": account })] {
        let refused = here.post("/v1/portfolio/sync", &ravi, &body).await?;
        assert_eq!((refused.status, refused.reason()), (422, "not_connected"));
    }
    let mine = here.post("/v1/portfolio/sync", &asha, &json!({ "accountId": account })).await?;
    assert_eq!(mine.body["items"].as_array().map(Vec::len), Some(1));
    let wrong = here.post("/v1/portfolio/sync", &asha, &json!({ "accountId": "mine" })).await?;
    assert_eq!(wrong.status, 400);
    Ok(())
}

#[tokio::test]
async fn an_import_is_undone_without_touching_what_the_broker_has_said_since() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = connected(&here, CLIENT).await?;
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0]["accountId"].clone();
    let account = account.as_str().context("an account")?.to_owned();
    let file = Form::example("kitemate-holdings.csv")?.with("accountId", &account);
    let imported = here.import(&asha, &file).await?;
    assert_eq!(imported.status, 200, "{}", imported.body);
    sync(&here, &asha).await?;
    let before = held(&here, &asha).await?;
    let path =
        format!("/v1/portfolio/imports/{}", imported.body["importId"].as_str().unwrap_or_default());
    let undone = here.send(http::Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!((undone.status, &undone.body["holdings"]), (200, &json!(0)), "{}", undone.body);
    assert_eq!(held(&here, &asha).await?, before);
    Ok(())
}

async fn refresh(here: &Here, time: &str) -> Result<Value> {
    let mut event = Here::sample("brokers-refresh-daily")?;
    event["time"] = json!(time);
    here.invoke("brokers-refresh-daily", &event).await
}

#[tokio::test]
async fn an_evening_reads_every_connected_account_and_later_only_what_is_left() -> Result<()> {
    let here = Here::start().await?;
    let (asha, ravi) = (connected(&here, "ZA0001").await?, connected(&here, "ZA0002").await?);
    let nobody = here.person().await?;
    here.import(&nobody, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    here.kite_says("ZA0002", &json!({ "fails": "down" })).await?;
    let day = today();
    // In UTC it is 18:00, 19:00 and 21:00 in India.
    let times = ["12:30", "13:30", "15:30"].map(|time| format!("{day}T{time}:00Z"));
    let sql = "insert into market.special_sessions (day, opens, closes, name) values ($1::text::date, '09:15', '15:30', 'Test') on conflict do nothing";
    let admin = here.admin().await?;
    admin.execute(sql, &[&day.to_string()]).await?;
    let first = refresh(&here, &times[0]).await?;
    assert_eq!(first, json!({ "day": day, "accounts": 2, "published": 2 }), "two are connected");
    assert_eq!(refresh(&here, &times[0]).await?["published"], 0, "a run that is repeated");
    here.deliver("account.refresh_due", "brokers-sync-account").await?;
    assert!(health(&here, &ravi).await?["syncedAt"].is_null());
    assert!(health(&here, &asha).await?["syncedAt"].is_string());
    // What was good before the evening counts for nothing; this test may run at any hour.
    admin.execute("update brokers.syncs set good_at = (day + time '18:05') at time zone 'Asia/Kolkata' where good_at is not null", &[]).await?;
    assert_eq!(refresh(&here, &times[1]).await?["published"], 1, "one is left");
    here.kite_says("ZA0002", &json!({})).await?;
    here.deliver("account.refresh_due", "brokers-sync-account").await?;
    assert!(health(&here, &ravi).await?["syncedAt"].is_string());
    admin
        .execute(
            "update brokers.syncs set good_at = (day + time '19:05') at time zone 'Asia/Kolkata'",
            &[],
        )
        .await?;
    assert_eq!(refresh(&here, &times[2]).await?["accounts"], 0, "none is left");
    Ok(())
}

#[tokio::test]
async fn a_refresh_is_tried_on_a_few_and_the_next_one_goes_on_behind_them() -> Result<()> {
    let here = Here::start().await?;
    for client in ["ZA0001", "ZA0002", "ZA0003"] {
        connected(&here, client).await?;
    }
    let mut event = Here::sample("brokers-refresh-daily")?;
    event["time"] = json!("2026-11-20T12:30:00Z");
    for (most, published) in [(json!(0), 0), (json!(1), 1), (Value::Null, 2), (json!(5), 0)] {
        event["detail"] = json!({ "most": most });
        let answer = here.invoke("brokers-refresh-daily", &event).await?;
        assert_eq!(answer["published"], published, "at most {most}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_weekend_is_refreshed_only_when_there_is_a_special_session() -> Result<()> {
    let here = Here::start().await?;
    connected(&here, CLIENT).await?;
    for (time, day, published) in [
        ("2026-11-21T12:30:00Z", "a Saturday", 0),
        ("2026-11-22T12:30:00Z", "a Sunday", 0),
        ("2026-02-01T12:30:00Z", "the Sunday of the Budget", 1),
        // In India it is Monday already.
        ("2026-11-22T18:45:00Z", "Monday", 1),
    ] {
        let answer = refresh(&here, time).await?;
        assert_eq!(answer["published"], published, "{day}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_cannot_be_sent_is_left_to_the_relay() -> Result<()> {
    let here = Here::start().await?;
    connected(&here, CLIENT).await?;
    let queue = here.cloud.model.queues.iter().find(|one| one.name.ends_with("-sync-account"));
    let url = here.cloud.queue_url(&queue.context("the queue")?.name);
    here.cloud.aws.sqs.delete_queue().queue_url(url).send().await?;
    assert_eq!(refresh(&here, "2026-11-20T12:30:00Z").await?["published"], 1);
    let left = here.admin().await?;
    let left = left.query_one("select count(*) from shared.outbox where event = 'account.refresh_due' and sent_at is null", &[]).await?;
    assert_eq!(left.get::<_, i64>(0), 1);
    Ok(())
}

#[tokio::test]
async fn an_account_nobody_published_is_not_synced() -> Result<()> {
    let here = Here::start().await?;
    let answer =
        here.invoke("brokers-sync-account", &Here::sample("brokers-sync-account")?).await?;
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_reading_ends_in_new_values_by_itself() -> Result<()> {
    let mut here = Here::start().await?;
    here.load_prices().await?;
    here.poll_queues();
    let asha = connected(&here, CLIENT).await?;
    here.post("/v1/portfolio/sync", &asha, &json!({})).await?;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let account = here.get("/v1/accounts", &asha).await?.body["items"][0].clone();
        let portfolio = here.get("/v1/portfolio", &asha).await?.body;
        // 40 × 1547.60 + 25 × 1512.30 + 70 × 1003.85 + 15 × 404.15 + 12.345 × 293.47
        let value = json!("179666.14");
        if account["lastValue"]["value"] == value && portfolio["lastSnapshot"]["value"] == value {
            return Ok(());
        }
        assert!(Instant::now() < until, "{account} {}", portfolio["lastSnapshot"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_file_of_the_day_and_a_reading_end_in_the_same_in_either_order() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let mut ends = Vec::new();
    for (client, file_first) in [("ZA0001", true), ("ZA0002", false)] {
        let asha = connected(&here, client).await?;
        let header = "isin,symbol,name,segment,quantity,t1_quantity,pledged_quantity,discrepant_quantity,average_price,invested,as_of\n";
        let row = format!("INE467B01029,,TCS,equity,3,,,,3000,,{}\n", today());
        let account = here.get("/v1/accounts", &asha).await?.body["items"][0]["accountId"].clone();
        let file = Form::file("h.csv", format!("{header}{row}"));
        let file = file.with("accountId", account.as_str().context("an account")?);
        for step in [file_first, !file_first] {
            if step {
                let imported = here.import(&asha, &file).await?;
                ensure!(imported.status == 200, "{}", imported.body);
            } else {
                sync(&here, &asha).await?;
            }
        }
        ends.push(held(&here, &asha).await?);
    }
    assert_eq!(ends[0], ends[1]);
    assert!(ends[0].contains_key("NIFTYBEES") && !ends[0].contains_key("TCS"), "{ends:?}");
    Ok(())
}

#[tokio::test]
async fn what_was_read_before_an_evening_session_ended_is_read_again() -> Result<()> {
    let here = Here::start().await?;
    let asha = connected(&here, CLIENT).await?;
    let (admin, day) = (here.admin().await?, today());
    let sql = "insert into market.special_sessions (day, opens, closes, name)
               values ($1::text::date, '18:00', '19:00', 'Muhurat') on conflict on constraint special_sessions_pk
               do update set opens = excluded.opens, closes = excluded.closes";
    admin.execute(sql, &[&day.to_string()]).await?;
    sync(&here, &asha).await?;
    for (read, published) in [("18:02", 1), ("19:02", 0)] {
        let sql =
            "update brokers.syncs set good_at = (day + $1::text::time) at time zone 'Asia/Kolkata'";
        admin.execute(sql, &[&read]).await?;
        let answer = refresh(&here, &format!("{day}T13:35:00Z")).await?;
        assert_eq!(answer["published"], published, "read at {read}: {answer}");
    }
    Ok(())
}
