//! Every endpoint of the contract, with every id of somebody else's.
//!
//! What is called is read from openapi.json, so a new endpoint is tried without a word here; only an id of a new kind
//! has to be made in `testkit::Tenant`.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use http::Method;
use serde_json::{Map, Value};
use testkit::{Form, Here, Person, Reply, Tenant};
use tokio_postgres::Client;

use crate::root;

/// Operations that write and leave no entry in the audit log, and why.
const UNAUDITED: [(&str, &str); 9] = [
    ("chat-ask", "the question is in the person's own conversation, and nothing else is written"),
    ("chat-conversation-delete", "a person's own conversation, which nobody else sees"),
    ("chat-rate", "what a person says of an answer to their own question"),
    ("chat-stream", "as chat-ask"),
    ("imports-create", "the tenant's file was imported before: nothing is written"),
    ("query-execute", "the query is in the person's log of queries, and nothing else is written"),
    ("query-rerun", "the query is in the person's log of queries, and nothing else is written"),
    ("query-validate", "it reads a query and writes nothing"),
    ("workspaces-switch", "only where the session's next refresh leads is written"),
];

/// An operation of the contract that takes a token.
struct Operation {
    function: String,
    method: Method,
    path: String,
    /// Names of ids in its path, its query and its body.
    ids: BTreeSet<String>,
    query: Map<String, Value>,
    body: Option<Map<String, Value>>,
    /// The ids in its form, if it takes one.
    form: Option<Vec<String>>,
}

fn operations() -> Result<Vec<Operation>> {
    let contract: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("openapi.json"))?)?;
    let mut all = Vec::new();
    for (path, item) in contract["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let identified = operation["security"].as_array().into_iter().flatten();
            if identified.clone().any(|one| one.get("accessToken").is_some()) {
                all.push(Operation::read(&contract, path, method, operation)?);
            }
        }
    }
    Ok(all)
}

impl Operation {
    fn read(contract: &Value, path: &str, method: &str, operation: &Value) -> Result<Self> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (mut ids, mut query) = (BTreeSet::new(), Map::new());
        for parameter in parameters {
            let name = text(&parameter["name"]);
            // A broker's own id of its client is no UUID.
            let is_uuid = parameter["schema"]["format"] == "uuid";
            let is_id = parameter["in"] == "path" || (parameter["in"] == "query" && is_uuid);
            if is_id {
                ids.insert(name.clone());
            }
            if parameter["in"] == "query" && (is_id || parameter["required"] == true) {
                query.insert(name, parameter["example"].clone());
            }
        }
        let content = &operation["requestBody"]["content"];
        let schema = |kind: &str| {
            let name = content[kind]["schema"]["$ref"].as_str()?.rsplit('/').next()?;
            Some(&contract["components"]["schemas"][name])
        };
        let body = schema("application/json")
            .map(|schema| schema["example"].as_object().cloned().unwrap_or_default());
        let form = schema("multipart/form-data").map(uuids);
        let in_body = schema("application/json").map(uuids).unwrap_or_default();
        ids.extend(
            in_body
                .into_iter()
                .filter(|name| body.as_ref().is_some_and(|body| body.contains_key(name))),
        );
        ids.extend(form.iter().flatten().cloned());
        Ok(Self {
            function: text(&operation["operationId"]),
            method: method.to_uppercase().parse()?,
            path: path.to_owned(),
            ids,
            query,
            body,
            form,
        })
    }

    /// Calls it as one of a tenant's people, with ids that `id` chooses.
    async fn call(
        &self,
        here: &Here,
        (whose, as_whom): (&Tenant, &Person),
        id: impl Fn(&str) -> Value,
    ) -> Result<Reply> {
        let text = |name: &str| id(name).as_str().unwrap_or_default().to_owned();
        let mut path = self.path.clone();
        for name in &self.ids {
            path = path.replace(&format!("{{{name}}}"), &text(name));
        }
        if let Some(fields) = &self.form {
            let form = Form::example("zerodha-console-holdings.xlsx")?;
            let form = fields.iter().fold(form, |form, name| form.with(name, &text(name)));
            return here.upload(&path, as_whom, &form, &[]).await;
        }
        let query = self.query.iter().map(|(name, example)| {
            let value = if self.ids.contains(name) { id(name) } else { example.clone() };
            format!("{name}={}", value.as_str().unwrap_or_default())
        });
        let query: Vec<String> = query.collect();
        let body = self.body.clone().map(|mut body| {
            for (name, value) in &mut body {
                if let Some(secret) = whose.secrets.get(name.as_str()) {
                    *value = secret.clone();
                } else if self.ids.contains(name) {
                    *value = id(name);
                }
            }
            Value::Object(body).to_string()
        });
        let json = [("content-type", "application/json")];
        let headers = if body.is_some() { json.as_slice() } else { &[] };
        let path = format!("{path}?{}", query.join("&"));
        let body = body.unwrap_or_default();
        here.send(self.method.clone(), path.trim_end_matches('?'), Some(as_whom), headers, body)
            .await
    }
}

/// The fields of a schema that are ids of ours.
fn uuids(schema: &Value) -> Vec<String> {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.filter(|(_, field)| field["format"] == "uuid").map(|(name, _)| name.clone()).collect()
}

fn id_of(tenant: &Tenant, name: &str) -> Value {
    let id = tenant.ids.get(name).cloned();
    id.unwrap_or_else(|| panic!("testkit::Tenant has to make something with a {name}"))
}

/// What a tenant has in every table that names workspaces or people.
async fn everything(admin: &Client, tenant: &Tenant) -> Result<Vec<(String, String)>> {
    let tables = admin
        .query(
            "select n.nspname || '.' || c.relname, a.attname::text
             from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
             where c.relkind = 'r' and a.attname in ('workspace_id', 'user_id') and n.nspname !~ '^pg_' order by 1, 2",
            &[],
        )
        .await?;
    let ids: Vec<_> =
        tenant.people.iter().flat_map(|one| [one.workspace_id, one.user_id]).collect();
    let mut all = Vec::new();
    for row in tables {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let sql = format!(
            "select coalesce(md5(string_agg(x::text, '|' order by x::text)), '') from {table} x where {column} = any ($1)"
        );
        all.push((format!("{table}.{column}"), admin.query_one(&sql, &[&ids]).await?.get(0)));
    }
    Ok(all)
}

/// Whether the audit log has an entry of the request.
async fn is_audited(admin: &Client, reply: &Reply) -> Result<bool> {
    let entries = "select exists (select from access.audit where request_id = $1)";
    Ok(admin.query_one(entries, &[&reply.header("x-request-id")]).await?.get(0))
}

/// Calls an operation as one of its own people after the other, until it works; says whether the audit log has an entry of
/// that. An operation that works for none of them fails.
async fn works_and_is_audited(
    here: &Here,
    admin: &Client,
    operation: &Operation,
    own: &Tenant,
) -> Result<bool> {
    let mut answers = Vec::new();
    for person in &own.people {
        let reply = operation.call(here, (own, person), |name| id_of(own, name)).await?;
        if (200..300).contains(&reply.status) {
            return is_audited(admin, &reply).await;
        }
        answers.push((reply.status, reply.reason().to_owned()));
    }
    bail!("{} works for none of its own: {answers:?}", operation.function)
}

/// A tenant whose plan has everything.
async fn pro_tenant(here: &Here, admin: &Client) -> Result<Tenant> {
    let tenant = here.tenant().await?;
    let sql =
        "insert into billing.entitlements (user_id, tier, reason) values ($1, 'pro', 'a test')";
    admin.execute(sql, &[&tenant.owner().user_id]).await?;
    Ok(tenant)
}

#[tokio::test]
async fn each_endpoint_works_for_its_owner_and_with_any_id_of_theirs_for_nobody_else() -> Result<()>
{
    let here = Here::start().await?;
    // Returns are there for what has prices.
    here.load_prices().await?;
    // There are models to agree to.
    here.models("1").await?;
    let admin = here.admin().await?;
    let tenant = || pro_tenant(&here, &admin);
    let (mut with_ids, mut without) = (0, 0);
    let mut unaudited = BTreeSet::new();
    let (reader, victim, thief) = (tenant().await?, tenant().await?, tenant().await?);
    for operation in operations()? {
        let name = &operation.function;
        // What changes something is tried on a tenant of its own.
        let reads = operation.method == Method::GET;
        let first = if reads { reader.clone() } else { tenant().await? };
        let changes_own = !reads && operation.ids.is_empty();
        let stranger = if changes_own { tenant().await? } else { thief.clone() };
        if !works_and_is_audited(&here, &admin, &operation, &first).await? && !reads {
            unaudited.insert(name.clone());
        }
        let before = everything(&admin, &victim).await?;
        if operation.ids.is_empty() {
            without += 1;
            let reply =
                operation.call(&here, (&stranger, stranger.owner()), |_| Value::Null).await?;
            let text = reply.answer.text();
            let leaked = victim.words().into_iter().find(|word| text.contains(word));
            assert_eq!(leaked, None, "{name} shows what is somebody else's");
        } else {
            with_ids += 1;
            let reply = operation
                .call(&here, (&stranger, stranger.owner()), |name| id_of(&victim, name))
                .await?;
            assert_eq!(reply.status, 404, "{name} with a stranger's ids: {}", reply.body);
            // And each id of theirs beside one's own.
            for theirs in operation.ids.iter().filter(|_| operation.ids.len() > 1) {
                let id = |name: &str| id_of(if name == theirs { &victim } else { &stranger }, name);
                let reply = operation.call(&here, (&stranger, stranger.owner()), id).await?;
                assert_eq!(reply.status, 404, "{name} with a stranger's {theirs}: {}", reply.body);
            }
        }
        assert_eq!(
            everything(&admin, &victim).await?,
            before,
            "{name} changed what is somebody else's"
        );
    }
    let reasons: BTreeSet<String> = UNAUDITED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        unaudited, reasons,
        "what is written is in the audit log, or says here why it is not"
    );
    assert!(with_ids >= 12 && without >= 10, "{with_ids} with ids, {without} without");
    Ok(())
}
