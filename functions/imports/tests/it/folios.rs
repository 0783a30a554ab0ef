//! Consolidated statements of folios: what happened in them, and what they close with.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};

/// A statement of one scheme in one folio, as casparser writes it.
fn statement(period: [&str; 2], units: [&str; 2], cost: &str, transactions: &Value) -> Form {
    statement_of("123 / 4", period, units, cost, transactions)
}

fn statement_of(
    folio: &str,
    period: [&str; 2],
    units: [&str; 2],
    cost: &str,
    transactions: &Value,
) -> Form {
    let [from, to] = period;
    let [open, close] = units;
    let cas = json!({
        "statement_period": { "from": from, "to": to },
        "folios": [{ "folio": folio, "schemes": [{
            "scheme": "A fund", "isin": "INF204KB14I2", "open": open, "close": close,
            "valuation": { "date": to, "nav": "45", "cost": cost, "value": "1" },
            "transactions": transactions,
        }] }],
    });
    Form::file("cas.json", cas.to_string()).with("clientId", "ABCDE")
}

fn bought(on: &str, units: &str, amount: &str) -> Value {
    json!([{ "date": on, "amount": amount, "units": units, "type": "PURCHASE_SIP" }])
}

async fn imported(here: &Here, person: &Person, form: &Form) -> Result<Value> {
    let reply = here.import(person, form).await?;
    anyhow::ensure!(reply.status == 200, "{} {}", reply.status, reply.body);
    Ok(reply.body)
}

/// What is held, as `quantity invested lots`.
async fn held(here: &Here, person: &Person) -> Result<Vec<String>> {
    let body = here.get("/v1/portfolio/holdings", person).await?.body;
    let items = body["items"].as_array().context("holdings")?.iter();
    let text = |item: &Value| format!("{} {} {}", item["quantity"], item["invested"], item["lots"]);
    Ok(items.map(|item| text(item).replace('"', "")).collect())
}

#[tokio::test]
async fn units_from_before_a_statement_are_an_opening_until_an_older_one_explains_them()
-> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let newer = statement(
        ["01-Apr-2024", "31-Mar-2025"],
        ["50.000", "60.000"],
        "2500",
        &bought("2024-05-02", "10.000", "500.00"),
    );
    let older = statement(
        ["01-Jan-2023", "31-Mar-2024"],
        ["0.000", "50.000"],
        "2100",
        &bought("2023-06-01", "50.000", "2100.00"),
    );
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let first = imported(&here, &asha, &newer).await?;
    assert_eq!(first["warnings"][0]["column"], "open");
    assert_eq!(held(&here, &asha).await?, ["60 2500.00 derived_opening"]);
    imported(&here, &asha, &older).await?;
    assert_eq!(held(&here, &asha).await?, ["60 2600.00 reconciled"]);
    imported(&here, &asha, &older).await?;
    for file in [&older, &newer, &newer] {
        imported(&here, &ravi, file).await?;
    }
    assert_eq!(held(&here, &ravi).await?, held(&here, &asha).await?, "in any order, however often");

    // Another reading of the same statement writes the folio without spaces.
    let bare = statement_of(
        "123/4",
        ["01-Apr-2024", "31-Mar-2025"],
        ["50.000", "60.000"],
        "2500",
        &bought("2024-05-02", "10.000", "500.00"),
    );
    imported(&here, &ravi, &bare).await?;
    assert_eq!(held(&here, &ravi).await?, ["60 2600.00 reconciled"]);

    let path = format!("/v1/portfolio/imports/{}", first["importId"].as_str().context("an id")?);
    let undone = here.send(Method::DELETE, &path, Some(&asha), &[], "").await?;
    assert_eq!(undone.status, 200, "{}", undone.body);
    assert_eq!(held(&here, &asha).await?, ["50 2100.00 reconciled"]);
    Ok(())
}

#[tokio::test]
async fn a_summary_without_transactions_says_what_is_held() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let none = json!([]);
    let summary = statement(["01-Apr-2024", "31-Mar-2025"], ["60", "60"], "2500", &none);
    let answer = imported(&here, &asha, &summary).await?;
    assert_eq!(answer["events"]["added"], 0);
    assert_eq!(held(&here, &asha).await?, ["60 2500.00 statement_only"]);
    let income = here.get("/v1/portfolio/gains", &asha).await?;
    assert_eq!(income.body["totals"], json!([]));
    let closed = statement(["01-Apr-2025", "31-Mar-2026"], ["60", "0"], "0", &none);
    imported(&here, &asha, &closed).await?;
    assert_eq!(held(&here, &asha).await?, [""; 0], "the newest statement has none left");
    let future = statement(["01-Apr-2024", "31-Mar-2099"], ["60", "60"], "2500", &none);
    let refused = here.import(&asha, &future).await?;
    assert_eq!((refused.status, refused.reason()), (422, "future_statement"));
    Ok(())
}

/// A folio of somebody's, with one purchase of so many units in May 2024.
fn folio(number: &str, holder: &str, isin: &str, units: &str) -> Value {
    json!({ "folio": number, "PAN": holder, "schemes": [{
        "scheme": "A fund", "isin": isin, "open": "0.000", "close": units,
        "valuation": { "date": "31-Mar-2025", "nav": "45", "cost": "500.00", "value": "1" },
        "transactions": bought("2024-05-02", units, "500.00"),
    }] })
}

fn cas(folios: &[Value]) -> Form {
    let period = json!({ "from": "01-Apr-2024", "to": "31-Mar-2025" });
    Form::file("cas.json", json!({ "statement_period": period, "folios": folios }).to_string())
}

async fn patched(here: &Here, person: &Person, account: &Value, body: &Value) -> Result<u16> {
    let path = format!("/v1/accounts/{}", account.as_str().context("an account")?);
    let json = [("content-type", "application/json")];
    Ok(here.send(Method::PATCH, &path, Some(person), &json, body.to_string()).await?.status)
}

const GOLD: &str = "INF204KB14I2";
const FLEXI: &str = "INF879O01027";

#[tokio::test]
async fn folios_of_several_people_go_into_an_account_of_each() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let (hers, his) = ("ABCDE1234F", "FGHIJ5678K");
    let file = cas(&[
        folio("1 / 1", hers, GOLD, "10"),
        folio("2", his, GOLD, "7"),
        folio("3", hers, FLEXI, "5"),
    ]);
    let refused = here.import(&asha, &file.clone().with("clientId", "hers")).await?;
    assert_eq!((refused.status, refused.reason()), (422, "several_owners"));
    assert!(here.get("/v1/accounts", &asha).await?.body["items"] == json!([]), "nothing is begun");
    let first =
        imported(&here, &asha, &file.clone().with("clientId", "hers").with("holder", "abcde1234f"))
            .await?;
    assert_eq!(first["events"]["added"], 2);
    assert_eq!(first["warnings"][0]["column"], "folio", "{first}");
    let told = first["warnings"][0]["reason"].as_str().unwrap_or_default();
    assert!(told.starts_with("2 ") && !first.to_string().contains(his), "{told}");
    // Whose it is is said once, by the first import of them or by a person; another's is not taken for it.
    let again = imported(&here, &asha, &file.clone().with("clientId", "hers")).await?;
    assert_eq!((&again["events"]["added"], &again["events"]["repeated"]), (&json!(0), &json!(2)));
    let his_alone = cas(&[folio("2", his, GOLD, "7")]).with("clientId", "hers");
    let refused = here.import(&asha, &his_alone).await?;
    assert_eq!((refused.status, refused.reason()), (422, "no_folio"), "{}", refused.body);
    // Whose a folio without a holder is in a file of several nobody can know.
    let bare =
        [folio("1/1", hers, GOLD, "10"), folio("5", his, GOLD, "1"), folio("8", "", FLEXI, "3")];
    let left = imported(&here, &asha, &cas(&bare).with("clientId", "hers")).await?;
    assert_eq!(left["warnings"].as_array().map(Vec::len), Some(2), "{left}");
    let other =
        here.import(&asha, &file.clone().with("clientId", "hers").with("holder", his)).await?;
    assert_eq!((other.status, other.reason()), (422, "other_account"));
    imported(&here, &asha, &file.with("clientId", "his").with("holder", his)).await?;
    let accounts = here.get("/v1/portfolio/holdings", &asha).await?.body;
    let quantities: Vec<_> = accounts["items"]
        .as_array()
        .context("items")?
        .iter()
        .map(|item| item["quantity"].clone())
        .collect();
    assert_eq!(quantities, [json!("10"), json!("7"), json!("5")]);
    Ok(())
}

#[tokio::test]
async fn a_folio_that_is_linked_is_its_accounts_and_no_other_ones() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let dated = "HOLDINGS AS ON 2026-10-30\n\nScheme Name,AMC,Category,Sub-category,Folio No.,Source,Units,Invested Value,Current Value,Returns,XIRR\n";
    let groww =
        |rows: &str| Form::file("groww.csv", format!("{dated}{rows}")).with("clientId", "G1");
    let row = "Parag Parikh Flexi Cap Fund Direct Growth,PPFAS,Equity,Flexi Cap,1 / 1,Groww,12,1200,1300,100,10%\n";
    let of_groww = imported(&here, &asha, &groww(row)).await?["accountId"].clone();
    assert_eq!(held(&here, &asha).await?, ["12 1200.00 statement_only"]);
    let hers = "ABCDE1234F";
    let file = cas(&[folio("1/1", hers, FLEXI, "10"), folio("9", hers, GOLD, "4")]);
    let to_groww = file.clone().with("accountId", of_groww.as_str().context("an id")?);
    let refused = here.import(&asha, &to_groww).await?;
    assert_eq!((refused.status, refused.reason()), (422, "other_account"), "before it is linked");
    // What another account has already would be counted twice.
    let early = imported(&here, &asha, &file.clone().with("clientId", "F1")).await?;
    let link = json!({ "folios": ["1/1"] });
    assert_eq!(patched(&here, &asha, &of_groww, &link).await?, 409);
    let undo = format!("/v1/portfolio/imports/{}", early["importId"].as_str().context("an id")?);
    assert_eq!(here.send(Method::DELETE, &undo, Some(&asha), &[], "").await?.status, 200);
    assert_eq!(patched(&here, &asha, &of_groww, &link).await?, 204);
    // The linked one into its account, the free one into an account for folios: each once.
    let linked = imported(&here, &asha, &to_groww).await?;
    assert_eq!((&linked["accountId"], &linked["events"]["added"]), (&of_groww, &json!(1)));
    let free = imported(&here, &asha, &file.clone().with("clientId", "F1")).await?;
    assert_eq!(
        (&free["events"]["added"], &free["warnings"][0]["column"]),
        (&json!(1), &json!("folio"))
    );
    // Ten were bought, and the newer statement has twelve.
    let both = ["4 500.00 reconciled", "12 1200.00 derived_opening"];
    assert_eq!(held(&here, &asha).await?, both);
    // A statement of the linked folio alone needs no account named.
    let alone = imported(&here, &asha, &cas(&[folio("1/1", hers, FLEXI, "10")])).await?;
    assert_eq!((&alone["accountId"], &alone["events"]["repeated"]), (&of_groww, &json!(1)));
    let nobodys = here.import(&asha, &file).await?;
    assert_eq!((nobodys.status, nobodys.reason()), (422, "account_required"));
    assert_eq!(nobodys.body["candidates"].as_array().map(Vec::len), Some(2));
    // The folio is in no newer statement of the account: it is gone.
    let none = "HDFC Flexi Cap Fund Direct Growth,HDFC,Equity,Flexi Cap,2,Groww,0,0,0,0,0%\n";
    let newer = format!("{}{none}", dated.replace("10-30", "11-20"));
    let emptied =
        here.import(&asha, &Form::file("groww.csv", newer).with("clientId", "G1")).await?;
    assert_eq!(emptied.status, 200, "{}", emptied.body);
    assert_eq!(held(&here, &asha).await?, ["4 500.00 reconciled"], "{}", emptied.body);
    Ok(())
}

#[tokio::test]
async fn a_demat_account_that_is_linked_is_imported_into_its_account() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let account = |client: &str, shares: u32| {
        json!({ "dp_id": "IN300394", "client_id": client, "equities": [
            { "name": "INFOSYS", "isin": "INE009A01021", "num_shares": shares, "price": 1, "value": 1 }] })
    };
    let cas = |accounts: &[Value]| {
        let cas = json!({ "statement_period": { "from": "01-Oct-2026", "to": "31-Oct-2026" }, "accounts": accounts });
        Form::file("ecas.json", cas.to_string())
    };
    let (own, other) = (account("12345678", 12), account("87654321", 5));
    let two = cas(&[own.clone(), other.clone()]);
    let template = "isin,symbol,name,segment,quantity,t1_quantity,pledged_quantity,discrepant_quantity,average_price,invested,as_of\nINE009A01021,,,equity,10,,,,1400,,2026-09-30\n";
    let known = Form::file("h.csv", template).with("broker", "zerodha").with("clientId", "AB1234");
    let zerodha = imported(&here, &asha, &known).await?["accountId"].clone();
    let several = here.import(&asha, &two).await?;
    assert_eq!((several.status, several.reason()), (422, "several_demat_accounts"));
    assert_eq!(several.body["dematIds"], json!(["IN30039412345678", "IN30039487654321"]));
    let unlinked = here.import(&asha, &two.clone().with("dematId", "12345678")).await?;
    assert_eq!((unlinked.status, unlinked.reason()), (422, "account_required"));
    assert_eq!(unlinked.body["dematId"], "IN30039412345678");
    let links = json!({ "dematIds": ["IN30039412345678"] });
    assert_eq!(patched(&here, &asha, &zerodha, &links).await?, 204);
    // By the id of the account, by the depository's, or because there is no other.
    let id = zerodha.as_str().context("an id")?;
    for form in [
        two.clone().with("accountId", id),
        two.clone().with("dematId", "12345678"),
        cas(&[account("12345678", 12)]),
    ] {
        assert_eq!(imported(&here, &asha, &form).await?["accountId"], zerodha);
    }
    assert_eq!(held(&here, &asha).await?, ["12 null statement_only"]);
    let other = known.with("label", "x");
    let elsewhere = imported(&here, &asha, &other).await?["accountId"].clone();
    assert_eq!(elsewhere, zerodha, "the same account by its client");
    let wrong = Form::file("h.csv", template.replace("09-30", "09-29"))
        .with("broker", "groww")
        .with("clientId", "G1");
    let groww = imported(&here, &asha, &wrong).await?["accountId"].clone();
    let refused =
        two.with("dematId", "12345678").with("accountId", groww.as_str().context("an id")?);
    let refused = here.import(&asha, &refused).await?;
    assert_eq!((refused.status, refused.reason()), (422, "other_account"));
    Ok(())
}

/// Loads the NAV of a scheme on one day.
async fn load_nav(here: &Here, isin: &str, day: &str, nav: &str) -> Result<()> {
    let date: jiff::civil::Date = day.parse()?;
    let text = format!(
        "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Plan;Option;Net Asset Value;Date\n\n\
         Open Ended Schemes(Equity Scheme - Flexi Cap Fund)\n\nZT Mutual Fund\n\n\
         100001;-;{isin};ZT Fund;Regular Plan;IDCW;{nav};{}\n",
        date.strftime("%d-%b-%Y")
    );
    let folder = std::env::temp_dir().join(uuid::Uuid::now_v7().to_string());
    std::fs::create_dir(&folder)?;
    let file = folder.join(format!("NAVAll-{}.txt", date.strftime("%Y%m%d")));
    std::fs::write(&file, text)?;
    let loaded = here.load_price_file(&file).await;
    std::fs::remove_dir_all(&folder)?;
    loaded
}

#[tokio::test]
async fn a_dividend_that_a_statement_says_was_reinvested_is_income_and_a_purchase() -> Result<()> {
    let here = Here::start().await?;
    let isin = "INFZT8K01I04";
    let navs = [
        ("2024-01-10", "10"),
        ("2024-06-07", "10.60"),
        ("2024-06-10", "10.00"),
        ("2024-06-28", "10.10"),
    ];
    for (day, nav) in navs {
        load_nav(&here, isin, day, nav).await?;
    }
    let transactions = json!([
        { "date": "2024-01-10", "amount": "10000.00", "units": "1000.000", "type": "PURCHASE" },
        { "date": "2024-06-10", "description": "IDCW Reinvested @ Rs.0.60 per unit", "amount": "600.00",
          "units": "60.000", "type": "DIVIDEND_REINVEST", "dividend_rate": "0.60" },
    ]);
    let scheme = json!({ "scheme": "ZT Fund IDCW", "isin": isin, "open": "0", "close": "1060.000",
        "transactions": transactions });
    let cas = json!({ "statement_period": { "from": "2024-01-01", "to": "2024-06-28" },
        "folios": [{ "folio": "9100031/31", "schemes": [scheme] }] });
    let asha = here.person().await?;
    let form = Form::file("cas.json", cas.to_string()).with("clientId", "ABCDE");
    imported(&here, &asha, &form).await?;
    assert_eq!(held(&here, &asha).await?, ["1060 10600.00 reconciled"]);
    let income = here.get("/v1/portfolio/income?year=2024", &asha).await?.body;
    assert_eq!(income["years"][0]["gross"], "600.00", "{income}");
    let found = here.get("/v1/portfolio/performance?to=2024-06-28", &asha).await?.body;
    assert_eq!(
        (&found["timeWeightedPercent"], &found["absolutePercent"], &found["xirr"]["percent"]),
        (&json!("7.06"), &json!("7.06"), &json!("15.77")),
        "{found}"
    );
    Ok(())
}

#[tokio::test]
async fn an_account_is_one_demat_account_from_the_first_import_on() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let asha = here.person().await?;
    let cas = |client: &str, shares: u32| {
        let account = json!({ "dp_id": "IN300394", "client_id": client, "equities": [
            { "name": "INFOSYS", "isin": "INE009A01021", "num_shares": shares, "price": 1, "value": 1 }] });
        let cas = json!({ "statement_period": { "to": "31-Oct-2026" }, "accounts": [account] });
        Form::file("ecas.json", cas.to_string())
    };
    let named = |form: Form| form.with("broker", "zerodha").with("clientId", "AB1234");
    imported(&here, &asha, &named(cas("12345678", 12))).await?;
    let account = here.get("/v1/accounts", &asha).await?.body["items"][0].clone();
    assert_eq!(account["dematIds"], json!(["IN30039412345678"]));
    for form in [named(cas("87654321", 5)), named(cas("87654321", 5)).with("dryRun", "true")] {
        let refused = here.import(&asha, &form).await?;
        assert_eq!((refused.status, refused.reason()), (422, "other_account"));
    }
    let contradicted = cas("12345678", 12).with("broker", "groww").with("clientId", "G1");
    assert_eq!(here.import(&asha, &contradicted).await?.reason(), "other_account");
    assert_eq!(held(&here, &asha).await?, ["12 null statement_only"]);
    Ok(())
}

#[tokio::test]
async fn units_of_a_folio_meet_purchases_that_name_none_and_survive_an_export() -> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let (asha, ravi) = (here.person().await?, here.person().await?);
    let bought = "kind,date,isin,segment,quantity,amount,reference\n\
        buy,2024-05-02,INF879O01027,mutual_fund,12,1200,1\n";
    let of = |form: Form| form.with("broker", "groww").with("clientId", "G1");
    imported(&here, &asha, &of(Form::file("t.csv", bought))).await?;
    let groww = "HOLDINGS AS ON 2026-10-30\n\nScheme Name,AMC,Category,Sub-category,Folio No.,Source,Units,Invested Value,Current Value,Returns,XIRR\n\
        Parag Parikh Flexi Cap Fund Direct Growth,PPFAS,Equity,Flexi Cap,1 / 1,Groww,12,1200,1300,100,10%\n";
    let statement = Form::file("groww.csv", groww).with("clientId", "G1");
    imported(&here, &asha, &statement).await?;
    assert_eq!(held(&here, &asha).await?, ["12 1200.00 reconciled"]);
    // Two folios, and units that are said to be in none.
    let more = groww.to_owned()
        + "Parag Parikh Flexi Cap Fund Direct Growth,PPFAS,Equity,Flexi Cap,7,Groww,5,600,650,50,10%\n\
           Parag Parikh Flexi Cap Fund Direct Growth,PPFAS,Equity,Flexi Cap,,Groww,2,240,260,20,10%\n";
    let more = Form::file("groww.csv", more.replace("10-30", "11-19")).with("clientId", "G1");
    imported(&here, &asha, &more).await?;
    let quantities = |held: &[String]| {
        held.iter().map(|one| one.split(' ').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(quantities(&held(&here, &asha).await?), [Some("19".to_owned())]);
    let made = here.post("/v1/portfolio/exports", &asha, &json!({})).await?.body;
    let zipped = local::web::get(made["url"].as_str().context("a link")?).await?;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zipped.body.to_vec()))?;
    for name in ["transactions-groww-G1.csv", "holdings-groww-G1-2026-11-19.csv"] {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_name(name)?, &mut content)?;
        imported(&here, &ravi, &of(Form::file(name, content))).await?;
    }
    assert_eq!(held(&here, &ravi).await?, held(&here, &asha).await?);
    Ok(())
}

#[tokio::test]
async fn returns_begin_with_the_first_statement_of_a_folio_in_whatever_order_they_came()
-> Result<()> {
    let here = Here::start().await?;
    here.load_prices().await?;
    let groww = |day: &str| {
        let rows = format!(
            "HOLDINGS AS ON {day}\n\nScheme Name,AMC,Category,Sub-category,Folio No.,Source,Units,Invested Value,Current Value,Returns,XIRR\n\
             Parag Parikh Flexi Cap Fund Direct Growth,PPFAS,Equity,Flexi Cap,1 / 1,Groww,12,1200,1300,100,10%\n"
        );
        Form::file("groww.csv", rows).with("clientId", "G1")
    };
    for order in [["2026-11-19", "2026-11-20"], ["2026-11-20", "2026-11-19"]] {
        let asha = here.person().await?;
        for day in order {
            imported(&here, &asha, &groww(day)).await?;
        }
        let performance = here.get("/v1/portfolio/performance", &asha).await?;
        assert_eq!(
            (performance.status, &performance.body["from"]),
            (200, &json!("2026-11-19")),
            "{order:?} {}",
            performance.body
        );
    }
    Ok(())
}
