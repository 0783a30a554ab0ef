//! What the template describes, in the terms of one machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::api::{Api, Route};
use super::evaluate::Evaluator;
use super::secret;
use super::yaml::{Kind, Node};
use crate::iam::{Policy, Role};

/// Everything a template describes that one machine can run.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Functions in the order of the file.
    pub functions: Vec<Function>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Names of the DynamoDB tables with their key and their time-to-live attribute.
    pub tables: Vec<(String, String, Option<String>)>,
    /// Names of the secrets.
    pub secrets: Vec<String>,
    /// What secrets have in them when they are made, by name.
    pub first_values: BTreeMap<String, String>,
    /// Buckets.
    pub buckets: Vec<Bucket>,
    /// The API.
    pub api: Api,
    /// Roles.
    pub roles: Vec<Role>,
    /// Policies that roles share.
    pub policies: BTreeMap<String, Policy>,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name of its binary.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Megabytes of memory.
    pub memory_mb: u32,
    /// How long one event may take.
    pub timeout: Duration,
    /// How many of it may run at once, where that is reserved.
    pub reserved: Option<usize>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The queue it consumes.
    pub queue: Option<QueueTrigger>,
    /// When it runs.
    pub schedules: Vec<ScheduleTrigger>,
    /// The logical id of its role.
    pub role: String,
    /// The log group it writes to.
    pub log_group: String,
    /// The file and the line it begins on, as `functions/auth/template.yaml:30`.
    pub place: String,
}

/// A queue as an event source.
#[derive(Clone, Debug)]
pub struct QueueTrigger {
    /// The name of the queue.
    pub queue: String,
    /// How many messages an event carries at most.
    pub batch: i32,
}

/// A schedule.
#[derive(Clone, Debug)]
pub struct ScheduleTrigger {
    /// `rate(…)` or `cron(…)`.
    pub expression: String,
    /// Its time zone.
    pub zone: String,
    /// The ARN of the function it runs.
    pub function: String,
    /// The logical id of the role it runs it with.
    pub role: String,
}

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Seconds a received message is hidden.
    pub visibility_s: u32,
    /// Where messages go that failed too often.
    pub redrive: Option<Redrive>,
}

/// Where messages go that failed too often.
#[derive(Clone, Debug)]
pub struct Redrive {
    /// The ARN of the dead-letter queue.
    pub arn: String,
    /// How often a message is received at most.
    pub receives: u32,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Queues that hear of new objects, with the prefix of their keys.
    pub notifies: Vec<(String, String)>,
}

/// Types that stand for nothing on one machine: those that begin so.
const WITHOUT_EFFECT: &[&str] = &[
    "AWS::ApiGateway::",
    "AWS::CloudFront::",
    "AWS::CloudWatch::",
    "AWS::EC2::",
    "AWS::KMS::",
    "AWS::Logs::",
    "AWS::RDS::",
    "AWS::Route53::",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::",
    // The local cloud migrates by itself.
    "Custom::Migration",
];

impl Model {
    pub(super) fn of(evaluator: &Evaluator<'_>) -> Result<Self> {
        let mut model = Self::default();
        model.add_stack(evaluator)?;
        for route in &model.api.routes {
            let function = model.functions.iter_mut().find(|one| one.arn == route.function);
            let function = function
                .with_context(|| format!("{} has no function {}", route.path, route.function));
            function?.routes.push(route.clone());
        }
        // Roles of what does not run here (API Gateway's own, the proxy's) stand for nothing.
        let functions = model.functions.iter();
        let used: BTreeSet<&String> = functions
            .flat_map(|one| {
                let schedules = one.schedules.iter().map(|schedule| &schedule.role);
                std::iter::once(&one.role).chain(schedules)
            })
            .chain([&model.api.role])
            .collect();
        model.roles.retain(|role| used.contains(&role.name));
        for role in &mut model.roles {
            role.attach(&model.policies)?;
        }
        Ok(model)
    }

    /// Adds what a template describes, and the stacks in it.
    fn add_stack(&mut self, evaluator: &Evaluator<'_>) -> Result<()> {
        let document = evaluator.document();
        let globals = document.get("Globals").and_then(|globals| globals.get("Function"));
        for (id, resource) in document.need("Resources")?.entries() {
            let place = || format!("{}: {id}", evaluator.place(resource.line));
            if let Some(condition) = resource.get("Condition")
                && !evaluator.holds(condition.text()?).with_context(place)?
            {
                continue;
            }
            self.add(id, resource, globals, evaluator).with_context(place)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        id: &str,
        resource: &Node,
        globals: Option<&Node>,
        evaluator: &Evaluator<'_>,
    ) -> Result<()> {
        let empty = Node { line: resource.line, tag: None, kind: Kind::Map(Vec::new()) };
        let properties = resource.get("Properties").unwrap_or(&empty);
        match resource.need("Type")?.text()? {
            "AWS::Serverless::Application" => self.add_stack(&evaluator.nested(id)?)?,
            "AWS::Serverless::Function" => {
                self.functions.push(function(id, resource, globals, evaluator)?)
            }
            "AWS::IAM::Role" => {
                if self.roles.iter().any(|role| role.name == id) {
                    bail!(
                        "another stack has a role of this name; the local cloud knows roles by it"
                    );
                }
                self.roles.push(Role::read(id, &evaluator.value(properties)?)?);
            }
            "AWS::Serverless::Api" => self.api = Api::read(properties, evaluator)?,
            "AWS::SQS::Queue" => {
                self.queues.push(queue(evaluator.physical(id)?, &evaluator.value(properties)?)?)
            }
            "AWS::DynamoDB::Table" => {
                self.tables.push(table(evaluator.physical(id)?, &evaluator.value(properties)?)?)
            }
            "AWS::SecretsManager::Secret" => {
                let name = evaluator.physical(id)?;
                let first = secret::generated(&evaluator.value(properties)?)?;
                self.first_values.extend(first.map(|value| (name.clone(), value)));
                self.secrets.push(name);
            }
            "AWS::S3::Bucket" => {
                self.buckets.push(bucket(evaluator.physical(id)?, &evaluator.value(properties)?)?)
            }
            "AWS::IAM::ManagedPolicy" => {
                let policy = Policy::read(&evaluator.value(properties)?["PolicyDocument"])?;
                self.policies.insert(evaluator.physical(id)?, policy);
            }
            kind if WITHOUT_EFFECT.iter().any(|known| kind.starts_with(known)) => {}
            kind => bail!("the local cloud does not run a {kind}"),
        }
        Ok(())
    }
}

/// The binary of a function.
pub(super) fn binary(resource: &Node) -> Result<&str> {
    resource.need("Metadata")?.need("BuildProperties")?.need("Binary")?.text()
}

fn function(
    id: &str,
    resource: &Node,
    globals: Option<&Node>,
    evaluator: &Evaluator<'_>,
) -> Result<Function> {
    let properties = resource.need("Properties")?;
    // A function's own settings come before those of all functions.
    let setting = |name: &str| properties.get(name).or_else(|| globals?.get(name));
    let number = |name: &str| -> Result<u32> {
        let node = setting(name).ok_or_else(|| anyhow!("`{name}` is missing, here and in Globals"));
        Ok(evaluator.text(node?)?.parse()?)
    };
    let reserved = setting("ReservedConcurrentExecutions").map(|node| evaluator.value(node));
    let reserved = reserved.transpose()?.unwrap_or_default();
    let log_group = setting("LoggingConfig").and_then(|logging| logging.get("LogGroup"));
    let log_group = log_group.map(|group| evaluator.text(group)).transpose()?;
    let mut function = Function {
        name: binary(resource)?.to_owned(),
        arn: evaluator.text(&arn_of(id, resource.line))?,
        environment: environment([globals, Some(properties)], evaluator)?,
        memory_mb: number("MemorySize")?,
        timeout: Duration::from_secs(number("Timeout")?.into()),
        reserved: reserved.as_str().map(str::parse).transpose()?,
        routes: Vec::new(),
        queue: None,
        schedules: Vec::new(),
        // Without a role it may do nothing.
        role: properties.get("Role").map(role).transpose()?.unwrap_or_default(),
        log_group: log_group.unwrap_or_default(),
        place: evaluator.place(resource.line),
    };
    for (_, event) in properties.get("Events").map_or(&[][..], Node::entries) {
        trigger(&mut function, event, evaluator)?;
    }
    for schedule in &mut function.schedules {
        schedule.function = function.arn.clone();
    }
    Ok(function)
}

/// The environment that several settings make, the later before the earlier.
fn environment(
    settings: [Option<&Node>; 2],
    evaluator: &Evaluator<'_>,
) -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    let settings = settings.into_iter().flatten();
    for variables in settings.filter_map(|node| node.get("Environment")?.get("Variables")) {
        for (name, value) in variables.entries() {
            match evaluator.value(value)? {
                // `AWS::NoValue` takes away what was set.
                Value::Null => drop(environment.remove(name)),
                _ => drop(environment.insert(name.clone(), evaluator.text(value)?)),
            }
        }
    }
    Ok(environment)
}

/// `!GetAtt Id.Arn`.
fn arn_of(id: &str, line: usize) -> Node {
    Node { line, tag: Some("GetAtt".into()), kind: Kind::Text(format!("{id}.Arn")) }
}

/// The logical id in `!GetAtt SomeRole.Arn`.
fn role(node: &Node) -> Result<String> {
    let id = node.text()?.strip_suffix(".Arn");
    Ok(id.ok_or_else(|| anyhow!("line {}: expected `!GetAtt Role.Arn`", node.line))?.to_owned())
}

fn trigger(function: &mut Function, event: &Node, evaluator: &Evaluator<'_>) -> Result<()> {
    let properties = event.need("Properties")?;
    let text = |name: &str| evaluator.text(properties.need(name)?);
    match event.need("Type")?.text()? {
        "SQS" => {
            let arn = text("Queue")?;
            let queue = arn.rsplit(':').next().unwrap_or_default().to_owned();
            function.queue = Some(QueueTrigger { queue, batch: text("BatchSize")?.parse()? });
        }
        "ScheduleV2" => {
            function.schedules.push(ScheduleTrigger {
                expression: text("ScheduleExpression")?,
                zone: text("ScheduleExpressionTimezone")?,
                function: String::new(),
                role: role(properties.need("RoleArn")?)?,
            });
        }
        kind => bail!("line {}: the local cloud knows no {kind} event", event.line),
    }
    Ok(())
}

fn queue(name: String, properties: &Value) -> Result<Queue> {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let redrive = properties.get("RedrivePolicy").map(|policy| {
        let arn = policy["deadLetterTargetArn"]
            .as_str()
            .ok_or_else(|| anyhow!("a redrive policy without a target"))?;
        Ok::<_, anyhow::Error>(Redrive {
            arn: arn.into(),
            receives: number(&policy["maxReceiveCount"]).unwrap_or(5),
        })
    });
    let visibility_s = number(&properties["VisibilityTimeout"]).unwrap_or(30);
    Ok(Queue { name, visibility_s, redrive: redrive.transpose()? })
}

fn table(name: String, properties: &Value) -> Result<(String, String, Option<String>)> {
    let key = properties["KeySchema"][0]["AttributeName"]
        .as_str()
        .ok_or_else(|| anyhow!("a table without a key"))?;
    if properties["KeySchema"].get(1).is_some() {
        bail!("the local cloud makes no table with a sort key yet");
    }
    let ttl = properties["TimeToLiveSpecification"]["AttributeName"].as_str();
    Ok((name, key.to_owned(), ttl.map(str::to_owned)))
}

fn bucket(name: String, properties: &Value) -> Result<Bucket> {
    let queues = properties["NotificationConfiguration"]["QueueConfigurations"].as_array();
    let notifies = queues.into_iter().flatten().map(|one| {
        let arn = one["Queue"].as_str().ok_or_else(|| anyhow!("a notification without a queue"))?;
        let prefix = one["Filter"]["S3Key"]["Rules"][0]["Value"].as_str().unwrap_or_default();
        Ok((arn.to_owned(), prefix.to_owned()))
    });
    Ok(Bucket { name, notifies: notifies.collect::<Result<_>>()? })
}
