//! Instalment plans, what they come to, and advance tax.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use shared::clock;
use testkit::{Form, Here, Person};

async fn get(here: &Here, person: &Person, path: &str) -> Result<Value> {
    let reply = here.get(path, person).await?;
    ensure!(reply.status == 200, "{path}: {} {}", reply.status, reply.body);
    Ok(reply.body)
}

async fn pro(here: &Here, person: &Person) -> Result<()> {
    let sql =
        "insert into billing.entitlements (user_id, tier, reason) values ($1, 'pro', 'a test')";
    here.admin().await?.execute(sql, &[&person.user_id]).await?;
    Ok(())
}

/// Somebody who bought ten units of a fund for 1,000 on the 3rd of each of the six months before this one, and sold shares of
/// a company this year with a gain of 10,000.
async fn investor(here: &Here) -> Result<(Person, Date)> {
    here.load_prices().await?;
    let asha = here.person().await?;
    let today = clock::india_day(clock::now());
    let third = today.first_of_month().saturating_add(2.days());
    let mut file = "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,\
                    order_execution_time\n"
        .to_owned();
    let mut trade = |symbol: &str, isin: &str, day: Date, side: &str, quantity: i32, price: i32| {
        let id = format!("{symbol}{day}{side}");
        writeln!(
            file,
            "{symbol},{isin},{day},NSE,EQ,EQ,{side},false,{quantity},{price},{id},O{id},{day}T10:00:00"
        )
    };
    for back in 1..=6 {
        let day = third.saturating_sub(back.months());
        trade("NIFTYBEES", "INF204KB14I2", day, "buy", 10, 100)?;
    }
    let year = ledger::tax::financial_year(today);
    let april = Date::new(year, 4, 1)?;
    trade("INFY", "INE009A01021", april, "buy", 10, 1_000)?;
    trade("INFY", "INE009A01021", april.tomorrow()?, "sell", 10, 2_000)?;
    let imported = here.import(&asha, &Form::file("tradebook-AB1234-EQ.csv", file)).await?;
    ensure!(imported.status == 200, "{}", imported.body);
    Ok((asha, third))
}

#[tokio::test]
async fn a_plan_is_told_with_its_next_day_and_its_return() -> Result<()> {
    let here = Here::start().await?;
    let (asha, third) = investor(&here).await?;
    let plans = get(&here, &asha, "/v1/portfolio/sips").await?;
    let items = plans["items"].as_array().context("items")?;
    let [plan] = &items[..] else { panic!("{plans}") };
    assert_eq!((&plan["instalments"], &plan["dayOfMonth"]), (&json!(6), &json!(3)), "{plan}");
    assert_eq!((&plan["invested"], &plans["monthly"]), (&json!("6000.00"), &json!("1000.00")));
    let holdings = get(&here, &asha, "/v1/portfolio/holdings").await?;
    let fund = holdings["items"].as_array().into_iter().flatten();
    let fund = fund.into_iter().find(|one| one["isin"] == "INF204KB14I2").context("the fund")?;
    assert_eq!(plan["value"], fund["value"]);
    assert!(plan["xirr"]["percent"].as_str().is_some_and(|rate| !rate.starts_with('-')), "{plan}");
    let today = clock::india_day(clock::now());
    let open = third.saturating_add(5.days()) >= today;
    let next = if open { third } else { third.saturating_add(1.month()) };
    assert_eq!(plan["nextOn"], json!(next));
    let missed = if open { json!([]) } else { json!([today.first_of_month()]) };
    assert_eq!(plan["missed"], missed);
    let stranger = here.person().await?;
    let none = get(&here, &stranger, "/v1/portfolio/sips").await?;
    assert_eq!(none["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_projection_is_of_pro_and_says_what_it_assumes() -> Result<()> {
    let here = Here::start().await?;
    let (asha, _) = investor(&here).await?;
    let path = "/v1/portfolio/projection?yearlyReturn=0&years=2";
    let free = here.get(path, &asha).await?;
    assert_eq!((free.status, free.reason()), (403, "pro_only"));
    pro(&here, &asha).await?;
    let flat = get(&here, &asha, path).await?;
    let assumptions = &flat["assumptions"];
    assert_eq!(
        (&assumptions["monthly"], &assumptions["monthlyFrom"], &assumptions["startFrom"]),
        (&json!("1000.00"), &json!("sips"), &json!("sips"))
    );
    let start: rust_decimal::Decimal = assumptions["start"].as_str().context("a start")?.parse()?;
    let after = start + rust_decimal::Decimal::from(24_000);
    assert_eq!(flat["years"][1]["value"], format!("{after:.2}"));
    assert_eq!(flat["years"][1]["paidIn"], "24000.00");
    assert!(flat["method"].as_str().is_some_and(|method| method.contains("no forecast")));
    let own = "/v1/portfolio/projection?yearlyReturn=12&years=1&monthly=0&start=100000";
    assert_eq!(get(&here, &asha, own).await?["years"][0]["value"], "112000.00");
    for (wrong, field) in [
        ("yearlyReturn=80", "yearlyReturn"),
        ("yearlyReturn=10&monthly=-1", "monthly"),
        ("yearlyReturn=10&stepUp=90", "stepUp"),
        ("yearlyReturn=10&years=41", "years"),
    ] {
        let refused = here.get(&format!("/v1/portfolio/projection?{wrong}"), &asha).await?;
        assert_eq!((refused.status, &refused.body["errors"][0]["path"]), (400, &json!(field)));
    }
    let stranger = here.person().await?;
    pro(&here, &stranger).await?;
    let nothing = get(&here, &stranger, path).await?;
    assert_eq!(nothing["years"][1]["value"], "0.00");
    Ok(())
}

#[tokio::test]
async fn advance_tax_is_of_the_gains_so_far_and_of_pro() -> Result<()> {
    let here = Here::start().await?;
    let (asha, _) = investor(&here).await?;
    let path = "/v1/portfolio/advance-tax";
    let free = here.get(path, &asha).await?;
    assert_eq!((free.status, free.reason()), (403, "pro_only"));
    pro(&here, &asha).await?;
    let tax = get(&here, &asha, path).await?;
    let [holder] = &tax["holders"].as_array().context("holders")?[..] else { panic!("{tax}") };
    // 20 % of 10,000 and 4 % cess.
    assert_eq!(
        (&holder["shortTermEquity"], &holder["tax"], &holder["exemptionLeft"]),
        (&json!("10000.00"), &json!("2080.00"), &json!("125000.00"))
    );
    assert_eq!(holder["instalments"][0]["due"], "312.00", "15 % by June");
    assert_eq!(holder["instalments"][3]["due"], "2080.00", "all of it by March");
    Ok(())
}
