//! Tradebooks, statements and readings of one account, in any order and however often: the same ledger.

use anyhow::{Context, Result, ensure};
use proptest::prelude::{Just, Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

use super::sync::{connected, sync, today};

/// What may be told of the account.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    /// Tradebooks of two years that overlap.
    Early,
    Late,
    /// The tradebook of today as it was at noon, and in the evening.
    Noon,
    Evening,
    /// A statement of between the trades, and one that contradicts them.
    Between,
    Newest,
    /// Kite itself.
    Reading,
}

use Source::{Between, Early, Evening, Late, Newest, Noon, Reading};

/// How many histories are tried, each in an order of its own.
const HISTORIES: usize = 12;

/// An account's history: what is told of it, and again in another order with some of it twice.
type History = (Vec<Source>, Vec<Source>, bool);

fn history() -> impl Strategy<Value = History> {
    let all = vec![Early, Late, Noon, Evening, Between, Newest, Reading];
    let told = proptest::sample::subsequence(all, 2..=7);
    told.prop_flat_map(|told| {
        let again = proptest::sample::subsequence(told.clone(), 0..=told.len());
        (Just(told), again, any::<bool>())
    })
    .prop_flat_map(|(told, again, same_ids)| {
        let shuffled = Just([told.clone(), again].concat()).prop_shuffle();
        (Just(told), shuffled, Just(same_ids))
    })
}

/// A file of trades: day, security, side, quantity, price and the exchange's id.
fn tradebook(client: &str, trades: &[(&str, &str, &str, u32, u32, &str)]) -> Form {
    let mut csv = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,order_execution_time\n".to_owned();
    for (day, symbol, side, quantity, price, id) in trades {
        let isin = if *symbol == "ITC" { "INE154A01025" } else { "INE002A01018" };
        csv += &format!(
            "{symbol},{isin},{day},NSE,EQ,EQ,{side},false,{quantity},{price},{id},O{id},{day}T00:00:07\n"
        );
    }
    Form::file(&format!("tradebook-{client}-EQ.csv"), csv)
}

fn statement(account: &str, day: &str, rows: &[(&str, u32, u32)]) -> Form {
    let mut csv = "isin,symbol,name,segment,quantity,t1_quantity,pledged_quantity,discrepant_quantity,average_price,invested,as_of\n".to_owned();
    for (isin, quantity, price) in rows {
        csv += &format!("{isin},,,equity,{quantity},,,,{price},,{day}\n");
    }
    Form::file("statement.csv", csv).with("accountId", account)
}

/// An account of its own that is told things.
struct TradedAccount<'a> {
    here: &'a Here,
    person: Person,
    client: String,
    account: String,
    /// Whether the tradebook calls a trade what Kite does.
    same_ids: bool,
}

impl<'a> TradedAccount<'a> {
    async fn begin(here: &'a Here, client: String, same_ids: bool) -> Result<Self> {
        let person = connected(here, &client).await?;
        let account =
            here.get("/v1/accounts", &person).await?.body["items"][0]["accountId"].clone();
        let account = account.as_str().context("an account")?.to_owned();
        let fill = |id: &str, quantity: u32| {
            json!({ "trade_id": id, "exchange": "NSE", "tradingsymbol": "ITC", "product": "CNC", "transaction_type": "BUY",
                "quantity": quantity, "average_price": 401, "fill_timestamp": format!("{} 00:00:07", today()) })
        };
        let says = json!({
            "holdings": [{ "tradingsymbol": "ITC", "exchange": "NSE", "isin": "INE154A01025", "quantity": 27, "average_price": 405 },
                { "tradingsymbol": "RELIANCE", "exchange": "NSE", "isin": "INE002A01018", "quantity": 3, "average_price": 2800 }],
            "positions": { "net": [{ "tradingsymbol": "ITC", "exchange": "NSE", "product": "CNC", "quantity": 15, "average_price": 401 }] },
            "trades": [fill("F1", 5), fill("F2", 10)], "funds": [],
        });
        here.kite_says(&client, &says).await?;
        Ok(Self { here, person, client, account, same_ids })
    }

    async fn tell(&self, source: Source) -> Result<()> {
        let day = today().to_string();
        let (one, two) = if self.same_ids { ("F1", "F2") } else { ("101", "102") };
        let noon = (day.as_str(), "ITC", "buy", 5, 401, one);
        let sold = ("2023-12-01", "ITC", "sell", 5, 450, "T3");
        let file = match source {
            Early => tradebook(
                &self.client,
                &[
                    ("2023-06-01", "ITC", "buy", 20, 400, "T1"),
                    ("2023-07-03", "ITC", "buy", 10, 410, "T2"),
                    sold,
                ],
            ),
            Late => tradebook(
                &self.client,
                &[
                    sold,
                    ("2024-05-02", "RELIANCE", "buy", 6, 2800, "T4"),
                    ("2025-01-10", "RELIANCE", "sell", 3, 2900, "T5"),
                ],
            ),
            Noon => tradebook(&self.client, &[noon]),
            Evening => tradebook(&self.client, &[noon, (&day, "ITC", "buy", 10, 401, two)]),
            Between => statement(
                &self.account,
                "2024-01-31",
                &[("INE154A01025", 25, 402), ("INE467B01029", 3, 3000)],
            ),
            Newest => {
                let rows = [("INE154A01025", 30, 404), ("INE002A01018", 2, 2800)];
                statement(&self.account, "2026-10-30", &rows)
            }
            Reading => return sync(self.here, &self.person).await.map(drop),
        };
        let answer = self.here.import(&self.person, &file).await?;
        ensure!(answer.status == 200, "{source:?}: {}", answer.body);
        Ok(())
    }

    /// Everything that is known in the end, but for ids and for when it was told.
    async fn end(&self) -> Result<Value> {
        let mut end = Vec::new();
        for path in ["holdings", "trades", "gains?year=2023", "gains?year=2024"] {
            let reply = self.here.get(&format!("/v1/portfolio/{path}"), &self.person).await?;
            ensure!(reply.status == 200, "{path}: {}", reply.body);
            end.push(plain(reply.body));
        }
        Ok(Value::Array(end))
    }
}

/// Without what differs between two accounts that were told the same.
fn plain(value: Value) -> Value {
    const OF_ITS_OWN: [&str; 10] = [
        "accountIds",
        "accountId",
        "accounts",
        "transactionId",
        "importIds",
        "enteredBy",
        "enteredAt",
        "label",
        "clientId",
        "account",
    ];
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| !OF_ITS_OWN.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name, plain(value))).collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(plain).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other,
    }
}

#[tokio::test]
async fn whatever_is_told_in_any_order_and_however_often_ends_in_the_same_ledger() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let mut runner = TestRunner::deterministic();
    for nth in 0..HISTORIES {
        let drawn = history().new_tree(&mut runner).map_err(anyhow::Error::msg)?;
        let (told, shuffled, same_ids) = drawn.current();
        let mut ends = Vec::new();
        for (half, order) in [&told, &shuffled].into_iter().enumerate() {
            let account =
                TradedAccount::begin(&here, format!("ZA{nth:03}{half}"), same_ids).await?;
            for source in order {
                account.tell(*source).await?;
            }
            ends.push(account.end().await?);
        }
        assert_eq!(ends[0], ends[1], "{told:?} and {shuffled:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_tradebook_of_noon_leaves_the_fills_of_the_afternoon() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    for (nth, order) in [[Noon, Reading], [Reading, Noon]].into_iter().enumerate() {
        let account = TradedAccount::begin(&here, format!("ZB000{nth}"), false).await?;
        for source in order {
            account.tell(source).await?;
        }
        let trades = here.get("/v1/portfolio/trades", &account.person).await?.body;
        let trades = trades["items"].as_array().context("trades")?.iter();
        let mut told: Vec<_> =
            trades.map(|trade| format!("{} {}", trade["quantity"], trade["source"])).collect();
        told.sort_unstable();
        assert_eq!(told, [r#""10" "kite""#, r#""5" "zerodha_tradebook""#]);
    }
    Ok(())
}

#[tokio::test]
async fn trades_of_the_day_alone_do_not_hide_what_was_kept() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let day = today().to_string();
    for (nth, file_first) in [true, false].into_iter().enumerate() {
        let account = TradedAccount::begin(&here, format!("ZC000{nth}"), false).await?;
        // A hundred that were bought and sold, of which Kite says nothing among what is delivered.
        let squared = [
            (day.as_str(), "ITC", "buy", 100, 400, "1"),
            (day.as_str(), "ITC", "sell", 100, 405, "2"),
        ];
        let noon = tradebook(&account.client, &squared);
        for file in [file_first, !file_first] {
            if file {
                ensure!(here.import(&account.person, &noon).await?.status == 200);
            } else {
                account.tell(Reading).await?;
            }
        }
        let trades = here.get("/v1/portfolio/trades", &account.person).await?.body;
        assert_eq!(
            trades["items"].as_array().map(Vec::len),
            Some(4),
            "two of the file and two fills"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_a_person_took_out_stays_out_whatever_the_tradebook_calls_it() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let account = TradedAccount::begin(&here, "ZD0000".into(), false).await?;
    account.tell(Reading).await?;
    let trades = here.get("/v1/portfolio/trades", &account.person).await?.body;
    let five =
        trades["items"].as_array().context("trades")?.iter().find(|one| one["quantity"] == "5");
    let id = five.context("the first fill")?["transactionId"].as_str().context("an id")?;
    let gone = here
        .send(
            http::Method::DELETE,
            &format!("/v1/transactions/{id}"),
            Some(&account.person),
            &[],
            "",
        )
        .await?;
    ensure!(gone.status == 204, "{}", gone.body);
    for source in [Evening, Reading] {
        account.tell(source).await?;
        let trades = here.get("/v1/portfolio/trades", &account.person).await?.body;
        let left: Vec<_> = trades["items"]
            .as_array()
            .context("trades")?
            .iter()
            .map(|one| one["quantity"].clone())
            .collect();
        assert_eq!(left, ["10"], "{source:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_kite_told_is_told_again_when_the_tradebook_is_taken_back() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    for (nth, same_ids) in [true, false].into_iter().enumerate() {
        let account = TradedAccount::begin(&here, format!("ZE000{nth}"), same_ids).await?;
        account.tell(Reading).await?;
        let before = account.end().await?;
        account.tell(Evening).await?;
        let sql = "select import_id::text from imports.imports where account_id = $1::text::uuid and undone_at is null";
        let import: String = here.admin().await?.query_one(sql, &[&account.account]).await?.get(0);
        let path = format!("/v1/portfolio/imports/{import}");
        let undone = here.send(http::Method::DELETE, &path, Some(&account.person), &[], "").await?;
        assert_eq!((undone.status, &undone.body["events"]), (200, &json!(2)), "{}", undone.body);
        assert_eq!(account.end().await?, before);
        account.tell(Evening).await?;
        account.tell(Reading).await?;
        let trades = here.get("/v1/portfolio/trades", &account.person).await?.body;
        assert_eq!(trades["items"].as_array().map(Vec::len), Some(2));
    }
    Ok(())
}
