//! The parts of a local cloud put together, for `cargo run` and for tests alike.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::builder::Builder;
use crate::gateway::Gateway;
use crate::lambda::{Environment, Lambda};
use crate::postgres::Database;
use crate::resources::Aws;
use crate::schedules::{self, Times};
use crate::template::{ACCOUNT, Model, Surroundings};
use crate::{queues, template};

/// What a cloud stands on.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The checkout.
    pub root: std::path::PathBuf,
    /// Where the binaries are.
    pub binaries: std::path::PathBuf,
    /// Where logs go.
    pub logs: std::path::PathBuf,
    /// The file that keeps secrets over a stop.
    pub secrets: std::path::PathBuf,
    /// The database.
    pub database: Database,
    /// The emulator.
    pub emulator_url: String,
    /// What the names of resources begin with.
    pub prefix: String,
}

/// A cloud that runs; its pollers and schedules end when it is dropped.
pub struct Cloud {
    /// What the template describes.
    pub model: Model,
    /// The functions.
    pub lambda: Lambda,
    /// The emulator's clients.
    pub aws: Aws,
    /// Where the API answers.
    pub url: String,
    ground: Ground,
    tasks: JoinSet<()>,
}

impl Cloud {
    /// Makes the resources, and serves the functions behind the gateway. Nothing is triggered yet.
    pub async fn assemble(
        ground: Ground,
        builder: Arc<Builder>,
        gateway: TcpListener,
        chatty: bool,
    ) -> Result<Self> {
        let url = format!("http://localhost:{}", gateway.local_addr()?.port());
        let surroundings =
            Surroundings::of(&ground.database, &ground.emulator_url, &ground.prefix, &url);
        let model = template::read(&ground.root.join("template.yaml"), &surroundings)?;
        let aws = Aws::at(&ground.emulator_url);
        aws.make(&model, &ground.secrets).await?;
        let environment = Environment {
            binaries: ground.binaries.clone(),
            logs: ground.logs.clone(),
            emulator_url: ground.emulator_url.clone(),
            database_password: ground.database.password.clone(),
            runtime_api: String::new(),
        };
        let lambda = Lambda::start(&model.functions, builder, environment).await?;
        let router =
            Gateway::new(&model.functions, model.api.clone(), lambda.clone(), chatty)?.router();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(axum::serve(gateway, router).await) });
        Ok(Self { model, lambda, aws, url, ground, tasks })
    }

    /// Migrates the database by the function that does it at deployment.
    pub async fn migrate(&self) -> Result<()> {
        let outcome = self.lambda.invoke("platform-migrate", Bytes::from_static(b"{}")).await;
        if outcome.failed {
            bail!(
                "platform-migrate failed: {}\nIts log is {}",
                String::from_utf8_lossy(&outcome.payload),
                self.ground.logs.join("platform-migrate.log").display()
            );
        }
        self.ground
            .database
            .set_passwords()
            .await
            .context("cannot set the passwords of the services' roles")?;
        self.aws.keep_secrets(&self.model, &self.ground.secrets).await
    }

    /// Polls the queues.
    pub fn poll_queues(&mut self) {
        for function in self.model.functions.clone() {
            let Some(trigger) = function.queue.clone() else { continue };
            let url = self.queue_url(&trigger.queue);
            self.tasks.spawn(queues::poll(
                function,
                trigger,
                url,
                self.aws.clone(),
                self.lambda.clone(),
            ));
        }
    }

    /// Keeps the schedules.
    pub fn keep_schedules(&mut self) -> Result<()> {
        for function in &self.model.functions {
            let Some(trigger) = &function.schedule else { continue };
            let times = Times::read(trigger)
                .with_context(|| format!("template.yaml line {}", function.line))?;
            self.tasks.spawn(schedules::keep(function.name.clone(), times, self.lambda.clone()));
        }
        Ok(())
    }

    /// The URL of a queue by its name.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.ground.emulator_url)
    }

    /// The bucket that price files are put into.
    pub fn bucket(&self) -> Result<&str> {
        Ok(&self.model.buckets.first().context("the template has no bucket")?.name)
    }

    /// Puts a price file where the exchange's would be put.
    pub async fn put_prices(&self, file: &Path) -> Result<()> {
        let name =
            file.file_name().and_then(|name| name.to_str()).context("a file without a name")?;
        let body = std::fs::read(file)?.into();
        self.aws
            .s3
            .put_object()
            .bucket(self.bucket()?)
            .key(format!("prices/{name}"))
            .body(body)
            .send()
            .await?;
        Ok(())
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.lambda.stop();
    }
}
