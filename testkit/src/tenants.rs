//! A tenant with something of everything, for those who try to get at it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Form, Here, Person};

/// A workspace with people, data, and an id of each kind that paths and bodies name.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its people, the owner first; the last one is invited and has not accepted yet.
    pub people: Vec<Person>,
    /// Ids by the name that the contract has for them.
    pub ids: BTreeMap<&'static str, Value>,
    /// What only its people know, by the name of the field it goes into.
    pub secrets: BTreeMap<&'static str, Value>,
}

impl Tenant {
    /// Its owner.
    pub fn owner(&self) -> &Person {
        &self.people[0]
    }

    /// Every id of it as text, to look for where it must not be.
    pub fn words(&self) -> Vec<String> {
        let of_people = self.people.iter().flat_map(|one| [one.user_id, one.workspace_id]);
        let ids = self.ids.values().map(|id| id.as_str().unwrap_or_default().to_owned());
        of_people.map(|id| id.to_string()).chain(ids).collect()
    }
}

/// The ISIN of a company that nobody else has heard of.
fn own_isin(owner: &Person) -> Result<String> {
    let unique = owner.user_id.simple().to_string().to_ascii_uppercase();
    let eleven = format!("INE{}01", &unique[unique.len() - 6..]);
    let isins = (0..10).map(|check| format!("{eleven}{check}"));
    let mut good = isins.filter(|isin| ledger::Isin::parse(isin).is_ok());
    good.next().context("one of ten check digits is right")
}

impl Here {
    /// A new tenant: a workspace for clients with an owner, an analyst and a viewer, an imported statement, an upload, a
    /// dividend, a key, an invitation, a connection, an export.
    pub async fn tenant(&self) -> Result<Tenant> {
        let owner = self.person().await?;
        let made = self.made("/v1/workspaces", &owner, &json!({ "name": "Rao family" })).await?;
        let workspace: Uuid = made["workspaceId"].as_str().context("a workspace")?.parse()?;
        let token = format!("/v1/workspaces/{workspace}/token");
        let token = self.made(&token, &owner, &json!({})).await?;
        let token = token["accessToken"].as_str().context("a token")?.to_owned();
        let owner = Person { workspace_id: workspace, token, ..owner };
        let analyst = self.member(workspace, "analyst").await?;
        let viewer = self.member(workspace, "viewer").await?;
        let import = self.import(&owner, &Form::example("zerodha-console-holdings.xlsx")?).await?;
        let isin = own_isin(&owner)?;
        let paid = self.paid(&owner, &import.body["accountId"], &isin).await?;
        let key = json!({ "name": "Report", "scopes": ["portfolio:read"] });
        let key = self.made("/v1/api-keys", &owner, &key).await?;
        let email = format!("{}@example.in", Uuid::now_v7().simple());
        let invitation = json!({ "email": email, "role": "viewer" });
        self.made(&format!("/v1/workspaces/{workspace}/invitations"), &owner, &invitation).await?;
        // In the place of the mailed one.
        let token =
            format!("kmi_{}{}", workspace.simple(), &owner.user_id.simple().to_string()[..11]);
        let sql = "update workspaces.invitations set token_sha256 = sha256(convert_to($1, 'UTF8')) where email = $2";
        self.admin().await?.execute(sql, &[&token, &email]).await?;
        let invited = self.person().await?;
        let upload = self.made("/v1/portfolio/uploads", &owner, &json!({ "bytes": 1 })).await?;
        let export = self.made("/v1/auth/exports", &owner, &json!({})).await?;
        let client = format!("ZX{}", &owner.user_id.simple().to_string()[24..]);
        let connection = self.connect(&owner, &client).await?;
        ensure!(connection.status == 200, "{}", connection.body);
        let ids = BTreeMap::from([
            ("workspaceId", json!(workspace)),
            ("userId", json!(viewer.user_id)),
            ("importId", import.body["importId"].clone()),
            ("accountId", import.body["accountId"].clone()),
            ("holderOf", import.body["accountId"].clone()),
            ("uploadId", upload["uploadId"].clone()),
            ("transactionId", paid),
            ("isin", json!(isin)),
            ("keyId", key["keyId"].clone()),
            ("connectionId", connection.body["connectionId"].clone()),
            ("exportId", export["exportId"].clone()),
            ("queryId", self.query_of(&owner).await?),
        ]);
        let ids = ids.into_iter().chain(self.chat_of(&owner).await?).collect::<BTreeMap<_, _>>();
        ensure!(ids.values().all(Value::is_string), "{ids:?}");
        let came = self.zerodha(&owner, &client, "success").await?;
        let (token, came) = (json!(token), (json!(came.request_token), json!(came.state)));
        let secrets =
            BTreeMap::from([("token", token), ("requestToken", came.0), ("state", came.1)]);
        Ok(Tenant { people: vec![owner, analyst, viewer, invited], ids, secrets })
    }

    /// The id of a dividend.
    async fn paid(&self, person: &Person, account: &Value, isin: &str) -> Result<Value> {
        let paid = json!({ "accountId": account, "kind": "dividend", "isin": isin, "on": "2026-08-20",
                           "amount": "55.00" });
        Ok(self.made("/v1/transactions", person, &paid).await?["transactionId"].clone())
    }

    /// The ids of a conversation and its question, and of a certified one.
    async fn chat_of(&self, person: &Person) -> Result<[(&'static str, Value); 3]> {
        let question = json!({ "question": "What is my portfolio worth?" });
        let asked = self.made("/v1/chat/query", person, &question).await?;
        let query = json!({
            "version": 1, "operation": "aggregate", "entity": "holding", "measures": ["value"],
        });
        let certified = json!({ "question": "How are we doing?", "query": query });
        let certified = self.made("/v1/query/certified", person, &certified).await?;
        // To a model that is not there any more.
        let sql = r#"insert into chat.model_consents (workspace_id, text_version, models, user_id)
                     values ($1, 1, '[{"kind": "openai"}]', $2)"#;
        self.admin().await?.execute(sql, &[&person.workspace_id, &person.user_id]).await?;
        Ok([
            ("conversationId", asked["conversationId"].clone()),
            ("turnId", asked["turnId"].clone()),
            ("certifiedId", certified["certifiedId"].clone()),
        ])
    }

    /// The id of a query that somebody asked.
    async fn query_of(&self, person: &Person) -> Result<Value> {
        let query = json!({ "query": {
            "version": 1, "operation": "list", "entity": "holding", "measures": ["quantity"],
        } });
        Ok(self.made("/v1/query/execute", person, &query).await?["queryId"].clone())
    }

    async fn made(&self, path: &str, person: &Person, body: &Value) -> Result<Value> {
        let reply = self.post(path, person, body).await?;
        ensure!((200..300).contains(&reply.status), "{path}: {}", reply.body);
        Ok(reply.body)
    }
}
