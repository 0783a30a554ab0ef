//! What integration tests stand on: a database, a cloud and people of their own.
//!
//! `cargo run -- test` starts Postgres and the emulator and migrates a template database; each test
//! clones it, names its resources apart, and runs the real binaries behind the real gateway.

mod client;
mod models;
mod people;
mod tenants;
mod zerodha;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use local::builder::Builder;
use local::cloud::{Cloud, Ground};
use local::command::USES;
use local::home::{Home, setting};
use local::postgres::Database;
use local::proxy::access_key;
use serde_json::Value;
use shared::{App, Config};
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub use client::{Form, Reply};
pub use models::{ANTHROPIC, MODEL_KEY, ModelReply, ModelStubs, OPENAI};
pub use people::Person;
pub use tenants::Tenant;
pub use zerodha::LandingQuery;

/// A test's own cloud.
pub struct Here {
    /// The cloud.
    pub cloud: Cloud,
    /// Its database.
    pub database: Database,
    /// The emulator all tests share; names are apart.
    pub emulator_url: String,
}

impl Here {
    /// A cloud on a fresh database. Queues are not polled until [`Here::poll_queues`].
    pub async fn start() -> Result<Self> {
        Self::start_in(Home::of_checkout()?.root).await
    }

    /// The same for the template in a folder.
    pub async fn start_in(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        let need = |name: &str| {
            setting(name).with_context(|| format!("{name} is not set: run `cargo run -- test`"))
        };
        let (address, emulator_url) =
            (need("KITEMATE_TEST_DATABASE")?, need("KITEMATE_TEST_EMULATOR")?);
        let password = need("KITEMATE_TEST_PASSWORD")?;
        let name = format!("t{}", Uuid::now_v7().simple());
        let mut database = Database::at(&format!("postgres://postgres@{address}/{name}"))?;
        database.password = password;
        database
            .run(
                "postgres",
                &format!("create database {name} template km_template strategy file_copy"),
            )
            .await?;
        let home = Home::of_checkout()?;
        let ground = Ground {
            root: root.clone(),
            binaries: setting("KITEMATE_TEST_BINARIES")
                .map_or_else(|| home.binaries(), PathBuf::from),
            logs: PathBuf::from(need("KITEMATE_TEST_FOLDER")?),
            // The template's signing key is the clone's too.
            secrets: template_secrets(&name)?,
            database: database.clone(),
            emulator_url: emulator_url.clone(),
            allowed_origins: Default::default(),
            limits_times: 1,
            prefix: name,
            uses: Some(PathBuf::from(need("KITEMATE_TEST_FOLDER")?).join(USES)),
        };
        let gateway = TcpListener::bind(("127.0.0.1", 0)).await?;
        let cloud = Cloud::assemble(
            ground,
            Arc::new(Builder::done(local::template::functions(&root.join("template.yaml"))?)),
            gateway,
            false,
        )
        .await?;
        Ok(Self { cloud, database, emulator_url })
    }

    /// Lets queues be consumed.
    pub fn poll_queues(&mut self) {
        self.cloud.poll_queues();
    }

    /// A connection as the administrator, who may see everything.
    pub async fn admin(&self) -> Result<Client> {
        connect(self.database.config(&self.database.name)).await
    }

    /// A connection as a service's role.
    pub async fn service(&self, role: &str) -> Result<Client> {
        let mut config = self.database.config(&self.database.name);
        config.user(role);
        connect(config).await
    }

    /// The state a function of this cloud has, for calling its library in this process.
    pub fn app(&self, function: &str) -> Result<App> {
        let spec = self.cloud.model.functions.iter().find(|one| one.name == function);
        let mut settings = spec.context("there is no such function")?.environment.clone();
        for (name, value) in [
            ("_HANDLER", function),
            ("AWS_ENDPOINT_URL", &self.cloud.aws_url),
            ("AWS_ACCESS_KEY_ID", &access_key(function, 0)),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("DATABASE_PASSWORD", &self.database.password),
            ("DATABASE_TLS", "off"),
            ("DATABASE_AUTH", ""),
        ] {
            settings.insert(name.into(), value.into());
        }
        Ok(App::new(Config::from_pairs(settings)))
    }

    /// Gives a function an event and answers its JSON; `Err` when the function failed.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let outcome = self.cloud.lambda.invoke(function, event.to_string().into()).await;
        let answer: Value = serde_json::from_slice(&outcome.payload).unwrap_or_default();
        if outcome.failed { Err(anyhow::anyhow!("{function}: {answer}")) } else { Ok(answer) }
    }

    /// Gives a consumer every event of a name that was ever published, as its queue would; answers how many it failed.
    pub async fn deliver(&self, event: &str, function: &str) -> Result<usize> {
        let sql = "select to_jsonb(o) from shared.outbox o where event = $1 order by created_at, event_id";
        let rows = self.admin().await?.query(sql, &[&event]).await?;
        let record = |row: &tokio_postgres::Row| {
            let row: Value = row.get(0);
            let body = serde_json::json!({
                "eventId": row["event_id"], "workspaceId": row["workspace_id"], "event": row["event"], "body": row["body"],
            });
            serde_json::json!({ "messageId": row["event_id"], "body": body.to_string() })
        };
        let records: Vec<Value> = rows.iter().map(record).collect();
        let answer = self.invoke(function, &serde_json::json!({ "Records": records })).await?;
        Ok(answer["batchItemFailures"].as_array().map_or(0, Vec::len))
    }

    /// The sample event of a function.
    pub fn sample(function: &str) -> Result<Value> {
        let file = Home::of_checkout()?.root.join("events").join(format!("{function}.json"));
        Ok(serde_json::from_str(
            &std::fs::read_to_string(&file).with_context(|| file.display().to_string())?,
        )?)
    }

    /// Loads the example prices, as the queue's function would be told to.
    pub async fn load_prices(&self) -> Result<()> {
        let folder = Self::example("prices");
        for file in std::fs::read_dir(folder)? {
            self.load_price_file(&file?.path()).await?;
        }
        Ok(())
    }

    /// Loads one price file.
    pub async fn load_price_file(&self, file: &Path) -> Result<()> {
        self.cloud.put_prices(file).await?;
        let key = format!("prices/{}", file.file_name().unwrap_or_default().to_string_lossy());
        let answer = self.load_put(&key).await?;
        anyhow::ensure!(answer["batchItemFailures"] == serde_json::json!([]), "{key}: {answer}");
        Ok(())
    }

    /// Loads a price file that is given as text, and answers what the consumer said.
    pub async fn load_price_text(&self, key: &str, text: &str) -> Result<Value> {
        let put = self.cloud.aws.s3.put_object().bucket(self.cloud.bucket()?).key(key);
        put.body(text.as_bytes().to_vec().into()).send().await?;
        self.load_put(key).await
    }

    /// Has what was put into the bucket loaded, as its notification would.
    async fn load_put(&self, key: &str) -> Result<Value> {
        let mut event = Self::sample("market-prices-load")?;
        let put = serde_json::json!({ "Records": [{ "s3": {
            "bucket": { "name": self.cloud.bucket()? }, "object": { "key": key },
        } }] });
        event["Records"][0]["body"] = Value::String(put.to_string());
        self.invoke("market-prices-load", &event).await
    }

    /// A file of examples/.
    pub fn example(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
    }
}

async fn connect(config: tokio_postgres::Config) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The template database's secrets under this test's names.
fn template_secrets(prefix: &str) -> Result<PathBuf> {
    let folder = PathBuf::from(setting("KITEMATE_TEST_FOLDER").context("run `cargo run -- test`")?);
    let text = std::fs::read_to_string(folder.join("secrets.json"))?;
    let file = folder.join(format!("{prefix}.json"));
    std::fs::write(&file, text.replace("\"kitemate-", &format!("\"{prefix}-")))?;
    Ok(file)
}
