//! What was imported, listed.

use anyhow::Result;
use http::Method;
use testkit::{Form, Here};

#[tokio::test]
async fn imports_are_listed_newest_first_over_pages_and_by_account() -> Result<()> {
    let here = Here::start().await?;
    let asha = here.person().await?;
    let mut ids = Vec::new();
    for (file, client) in [("first.csv", "C1"), ("second.csv", "C2"), ("third.csv", "C1")] {
        let rows = format!(
            "isin,segment,quantity,average_price,as_of\nINE002A01018,equity,{},100,2026-11-2{}\n",
            ids.len() + 1,
            ids.len(),
        );
        let form = Form::file(file, rows).with("broker", "other").with("clientId", client);
        let reply = here.import(&asha, &form).await?;
        assert_eq!(reply.status, 200, "{}", reply.body);
        ids.push((reply.body["importId"].clone(), reply.body["accountId"].clone()));
    }
    let page = here.get("/v1/portfolio/imports?limit=2", &asha).await?;
    assert_eq!(page.status, 200, "{}", page.body);
    let of = |body: &serde_json::Value| -> Vec<_> {
        let items = body["items"].as_array().into_iter().flatten();
        items.map(|item| item["importId"].clone()).collect()
    };
    assert_eq!(of(&page.body), [ids[2].0.clone(), ids[1].0.clone()]);
    assert_eq!(page.body["items"][0]["fileName"], "third.csv");
    let next = page.body["nextCursor"].as_str().unwrap_or_default();
    let last = here.get(&format!("/v1/portfolio/imports?limit=2&cursor={next}"), &asha).await?;
    assert_eq!(of(&last.body), [ids[0].0.clone()]);
    let account = ids[1].1.as_str().unwrap_or_default();
    let own = here.get(&format!("/v1/portfolio/imports?accountId={account}"), &asha).await?;
    assert_eq!(of(&own.body), [ids[1].0.clone()]);
    // Taken back, it is listed still, and says so.
    let undone = ids[2].0.as_str().unwrap_or_default();
    let path = format!("/v1/portfolio/imports/{undone}");
    assert_eq!(here.send(Method::DELETE, &path, Some(&asha), &[], "").await?.status, 200);
    let page = here.get("/v1/portfolio/imports?limit=1", &asha).await?;
    assert_eq!(of(&page.body), [ids[2].0.clone()]);
    assert!(page.body["items"][0]["undoneAt"].is_string(), "{}", page.body);
    // Others see nothing of it.
    let ravi = here.person().await?;
    let none = here.get(&format!("/v1/portfolio/imports?accountId={account}"), &ravi).await?;
    assert_eq!((none.status, none.reason()), (404, "not_found"));
    let none = here.get("/v1/portfolio/imports", &ravi).await?;
    assert_eq!((none.status, of(&none.body)), (200, Vec::new()));
    Ok(())
}
