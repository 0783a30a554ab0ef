//! The parts of a local cloud put together, for `cargo run` and for tests alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::builder::Builder;
use crate::console::Console;
use crate::doors::{Allowed, Door, serve};
use crate::gateway::Gateway;
use crate::iam::{self, Permissions};
use crate::lambda::{Environment, Lambda, Listener, Listeners};
use crate::postgres::Database;
use crate::record::Record;
use crate::resources::Aws;
use crate::schedules::{Scheduler, Times};
use crate::template::{ACCOUNT, Function, Model, REGION, Surroundings};
use crate::watch::Watch;
use crate::{metrics, proxy, queues, template, vendors};

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
    /// Origins of front ends elsewhere that may call.
    pub allowed_origins: Allowed,
    /// What every limit is multiplied by.
    pub limits_times: u32,
    /// What the names of resources begin with.
    pub prefix: String,
    /// The file that is told which grants were used.
    pub uses: Option<std::path::PathBuf>,
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
    /// Where functions call AWS.
    pub aws_url: String,
    /// What their roles allow.
    pub permissions: Permissions,
    listeners: Listeners,
    /// What it stands on.
    pub ground: Ground,
    /// Where Kite stands.
    pub kite_url: String,
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
        let kite = vendors::kite::stand(format!("{url}/v1/auth/zerodha/landing")).await?;
        let Ground { database, emulator_url, prefix, .. } = &ground;
        let surroundings = Surroundings::of(database, emulator_url, prefix, &url, &kite);
        let mut model = template::read(&ground.root.join("template.yaml"), &surroundings)?;
        for name in model.secrets.iter().filter(|name| name.ends_with("kite-apps-secret")) {
            model.first_values.insert(name.clone(), vendors::kite::apps());
        }
        for function in &mut model.functions {
            let times = ground.limits_times.to_string();
            function.environment.insert("LIMITS_TIMES".into(), times);
        }
        let aws = Aws::at(&ground.emulator_url);
        aws.make(&model, &ground.secrets).await?;
        aws.administrator(&template::administrator(&ground.prefix), &ground.database).await?;
        let permissions = permissions(&model, &ground);
        let record = Record::default();
        let listeners = Listeners::default();
        listeners.add(listen(&record, &permissions, &model));
        let environment = environment(&ground, &permissions, &listeners).await?;
        let aws_url = environment.aws_url.clone();
        let lambda = Lambda::start(&model.functions, builder.clone(), environment, record).await?;
        let routes = Gateway::new(
            &model.functions,
            model.api.clone(),
            &permissions,
            lambda.clone(),
            listeners.clone(),
            chatty,
        )?;
        let mut cloud = Self {
            model,
            lambda,
            aws,
            url,
            aws_url,
            permissions,
            listeners,
            ground,
            kite_url: kite,
            tasks: JoinSet::new(),
        };
        let console = Console::of(&cloud, builder);
        let door = Door::Api(cloud.ground.allowed_origins.clone());
        // The console is stricter than the API beside it, by a door of its own.
        let router = routes.router().merge(console.router());
        cloud.tasks.spawn(async move { drop(serve(gateway, door, router).await) });
        Ok(cloud)
    }

    /// Migrates the database by the function that does it at deployment.
    pub async fn migrate(&self) -> Result<()> {
        let outcome = self.lambda.invoke("platform-migrate", Bytes::from_static(b"{}")).await;
        if outcome.failed {
            let log = self.ground.logs.join("platform-migrate.log");
            let lines = std::fs::read_to_string(&log).unwrap_or_default();
            let why =
                lines.lines().rfind(|line| line.contains("\"cause\"")).unwrap_or("it says nothing");
            bail!("platform-migrate failed: {why}\nIts log is {}", log.display());
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
                self.permissions.clone(),
            ));
        }
    }

    /// Keeps the schedules.
    pub fn keep_schedules(&mut self) -> Result<()> {
        for function in &self.model.functions {
            for trigger in &function.schedules {
                let times = Times::read(trigger).with_context(|| function.place.clone())?;
                let scheduler = self.scheduler();
                self.tasks.spawn(scheduler.keep(function.name.clone(), trigger.clone(), times));
            }
        }
        Ok(())
    }

    /// Who runs schedules.
    pub fn scheduler(&self) -> Scheduler {
        Scheduler { lambda: self.lambda.clone(), permissions: self.permissions.clone() }
    }

    /// Tells somebody every line that a function writes from now on.
    pub fn hear(&self, listener: Listener) {
        self.listeners.add(listener);
    }

    /// Feeds the emulator's CloudWatch with the metrics in the functions' lines.
    pub fn feed_metrics(&mut self) {
        let (listener, receiver) = metrics::listener();
        self.listeners.add(listener);
        self.tasks.spawn(metrics::feed(receiver, self.aws.cloudwatch.clone()));
    }

    /// Builds and replaces what changes.
    pub fn watch(&mut self, watch: Watch) -> Result<()> {
        self.tasks.spawn(watch.begin()?);
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

/// What the functions run in, with a proxy of theirs before the emulator.
async fn environment(
    ground: &Ground,
    permissions: &Permissions,
    listeners: &Listeners,
) -> Result<Environment> {
    let (emulator_url, origins) = (&ground.emulator_url, ground.allowed_origins.clone());
    Ok(Environment {
        binaries: ground.binaries.clone(),
        logs: ground.logs.clone(),
        aws_url: proxy::stand(emulator_url, permissions.clone(), origins).await?,
        database_password: ground.database.password.clone(),
        runtime_api: String::new(),
        listeners: listeners.clone(),
    })
}

/// What the roles of a template allow its functions.
fn permissions(model: &Model, ground: &Ground) -> Permissions {
    let of = model.functions.iter().map(|one| (one.name.clone(), one.role.clone())).collect();
    let uses = ground.uses.clone().map(|file| (file, ground.prefix.clone()));
    Permissions::new(&model.roles, of, uses)
}

/// Tells the record what functions say, and writes it down with their own rights, as Lambda does.
fn listen(record: &Record, permissions: &Permissions, model: &Model) -> Listener {
    let (record, permissions) = (record.clone(), permissions.clone());
    let of = |one: &Function| {
        let group = &one.log_group;
        let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:local");
        (one.name.clone(), arn)
    };
    let logs: BTreeMap<String, String> = model.functions.iter().map(of).collect();
    Arc::new(move |function: &str, line: &str| {
        if let Some(arn) = logs.get(function) {
            for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
                let _ = permissions.ask(function, action, arn, &iam::RequestContext::new());
            }
        }
        record.said(line);
    })
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.lambda.stop();
    }
}
