//! Places in another issuer's organisation: who may enter, what an export has of it, and who leads when nobody does.

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use testkit::{Form, Here, Person};
use uuid::Uuid;

use crate::oidc::{Issuer, exchange, person};

/// Signs in with the organisation, in a role.
async fn inside(here: &Here, issuer: &Issuer, subject: &str, role: &str) -> Result<Value> {
    let token = issuer.token(subject, &json!({ "o": { "id": "org_1", "rol": role } }))?;
    Ok(exchange(here, &token).await?.body)
}

/// Signs in without the organisation, as who has left it does.
async fn outside(here: &Here, issuer: &Issuer, subject: &str) -> Result<Person> {
    Ok(person(&exchange(here, &issuer.token(subject, &json!({}))?).await?.body))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Asks for an export and answers the file.
async fn exported(here: &Here, person: &Person) -> Result<String> {
    let asked = here.post("/v1/auth/exports", person, &json!({})).await?;
    assert_eq!(asked.status, 202, "{}", asked.body);
    here.deliver("export.requested", "auth-export-run").await?;
    let path = format!("/v1/auth/exports/{}", text(&asked.body["exportId"]));
    let ready = here.get(&path, person).await?;
    assert_eq!(ready.body["status"], "ready", "{}", ready.body);
    Ok(local::web::get(&text(&ready.body["url"])).await?.text())
}

/// As if the issuer had last spoken of somebody eight days ago.
async fn silent_for_a_week(here: &Here, session: &Value) -> Result<()> {
    let user = Uuid::parse_str(&text(&session["userId"]))?;
    let sql = "update workspaces.members set confirmed_at = now() - interval '8 days'
               where user_id = $1 and confirmed_at is not null";
    assert_eq!(here.admin().await?.execute(sql, &[&user]).await?, 1);
    Ok(())
}

/// Who has which role in the organisation's workspace.
async fn role_of(here: &Here, session: &Value) -> Result<String> {
    let (workspace, user) = (text(&session["workspaceId"]), text(&session["userId"]));
    let sql = format!(
        "select role from workspaces.members where workspace_id = '{workspace}' and user_id = '{user}'"
    );
    Ok(here.admin().await?.query_one(&sql, &[]).await?.get(0))
}

#[tokio::test]
async fn an_organisation_that_was_left_is_neither_listed_nor_exported() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let session = inside(&here, &issuer, "user_1", "admin").await?;
    let (workspace, member) = (text(&session["workspaceId"]), person(&session));
    here.load_prices().await?;
    let imported = here.import(&member, &Form::example("zerodha-console-holdings.xlsx")?).await?;
    assert_eq!(imported.status, 200, "{}", imported.body);
    let account = text(&imported.body["accountId"]);
    let holder = json!({ "holder": "AAAPT1234C" });
    let change = here
        .send(
            Method::PATCH,
            &format!("/v1/accounts/{account}"),
            Some(&member),
            &[("content-type", "application/json")],
            holder.to_string(),
        )
        .await?;
    assert!(change.status < 300, "{}", change.body);

    let of_member = exported(&here, &member).await?;
    assert!(of_member.contains("imports.holdings") && of_member.contains(&account));
    assert!(
        of_member.contains("AAXXXXXX4C") && !of_member.contains("AAAPT1234C"),
        "the holder's number is masked"
    );

    let left = outside(&here, &issuer, "user_1").await?;
    let of_left = exported(&here, &left).await?;
    assert!(!of_left.contains("imports.holdings") && !of_left.contains(&account), "{of_left}");
    for path in ["/v1/auth/me", "/v1/workspaces"] {
        let listed = here.get(path, &left).await?;
        assert!(!listed.answer.text().contains(&workspace), "{path}: {}", listed.body);
    }
    Ok(())
}

#[tokio::test]
async fn the_longest_confirmed_admin_follows_an_owner_whom_the_issuer_confirms_no_more()
-> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let owner = inside(&here, &issuer, "user_1", "admin").await?;
    let second = inside(&here, &issuer, "user_2", "admin").await?;
    let third = inside(&here, &issuer, "user_3", "admin").await?;
    assert_eq!(role_of(&here, &owner).await?, "owner");
    silent_for_a_week(&here, &owner).await?;
    inside(&here, &issuer, "user_4", "member").await?;
    assert_eq!(role_of(&here, &second).await?, "owner", "the longest of them");
    assert_eq!(
        (role_of(&here, &third).await?, role_of(&here, &owner).await?),
        ("admin".into(), "admin".into())
    );
    let audited = here.get("/v1/audit", &person(&second)).await?.body;
    let entry = audited["items"].as_array().into_iter().flatten();
    let entry = entry.clone().find(|entry| entry["action"] == "workspace.owner_replaced");
    let entry = entry.with_context(|| format!("an entry: {audited}"))?;
    assert_eq!(entry["subject"], second["userId"]);
    assert_eq!(entry["detail"]["before"][0], owner["userId"]);
    let back = inside(&here, &issuer, "user_1", "admin").await?;
    assert_eq!(role_of(&here, &back).await?, "admin", "who comes back is an admin");
    Ok(())
}

#[tokio::test]
async fn a_workspace_that_nobody_leads_is_read_only_until_somebody_is_confirmed() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let owner = inside(&here, &issuer, "user_1", "admin").await?;
    let workspace = text(&owner["workspaceId"]);
    let member = inside(&here, &issuer, "user_2", "member").await?;
    let path = format!("/v1/workspaces/{workspace}/members/{}", text(&member["userId"]));
    let json_type = [("content-type", "application/json")];
    let promote = json!({ "role": "analyst" }).to_string();
    let promoted =
        here.send(Method::PATCH, &path, Some(&person(&owner)), &json_type, promote).await?;
    assert_eq!(promoted.status, 204);
    let analyst = person(&member);
    silent_for_a_week(&here, &owner).await?;
    let form = Form::example("zerodha-console-holdings.xlsx")?;
    let refused = here.import(&analyst, &form).await?;
    assert_eq!((refused.status, refused.reason()), (403, "workspace_read_only"));
    assert_eq!(here.get("/v1/portfolio", &analyst).await?.status, 200, "reading goes on");
    inside(&here, &issuer, "user_1", "admin").await?;
    assert_eq!(here.import(&analyst, &form).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_somebody_left_behind_in_an_organisation_works_no_more_after_a_week() -> Result<()> {
    let here = Here::start().await?;
    let issuer = Issuer::begin(&here).await?;
    let session = inside(&here, &issuer, "user_1", "admin").await?;
    let member = person(&session);
    let key = json!({ "name": "Report", "scopes": ["portfolio:read"] });
    let key = text(&here.post("/v1/api-keys", &member, &key).await?.body["key"]);
    let path = format!("/v1/workspaces/{}/invitations", text(&session["workspaceId"]));
    let invited = json!({ "email": "ravi@example.in", "role": "viewer" });
    assert_eq!(here.post(&path, &member, &invited).await?.status, 202);
    let by_key =
        async || here.send(Method::GET, "/v1/portfolio", None, &[("x-api-key", &key)], "").await;
    assert_eq!(by_key().await?.status, 200);
    silent_for_a_week(&here, &session).await?;
    assert_eq!(by_key().await?.status, 403, "a key");
    let (token, admin) = (format!("kmi_{}", "A".repeat(43)), here.admin().await?);
    let hash = shared::crypto::sha256(token.as_bytes());
    admin.execute("update workspaces.invitations set token_sha256 = $1", &[&hash]).await?;
    let ravi = here.person().await?;
    let accepted = here.post("/v1/invitations/accept", &ravi, &json!({ "token": token })).await?;
    assert_eq!((accepted.status, accepted.reason()), (422, "invitation_expired"), "an invitation");
    Ok(())
}
