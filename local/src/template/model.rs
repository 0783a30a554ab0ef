//! What the template describes, in the terms of one machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

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
    /// Names of log groups by what references to them are here.
    pub log_groups: BTreeMap<String, String>,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name of its binary.
    pub name: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Megabytes of memory.
    pub memory_mb: u32,
    /// How long one event may take.
    pub timeout: Duration,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The queue it consumes.
    pub queue: Option<QueueTrigger>,
    /// When it runs.
    pub schedules: Vec<ScheduleTrigger>,
    /// The logical id of its role.
    pub role: String,
    /// The log group it writes to, as the template refers to it.
    pub log_group: String,
    /// The line of the template it begins on.
    pub line: usize,
}

/// A route of the API.
#[derive(Clone, Debug)]
pub struct Route {
    /// In upper case.
    pub method: String,
    /// With `{parameters}`.
    pub path: String,
    /// Whether the request must be signed with AWS credentials.
    pub signed: bool,
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
    /// The name of the function it runs, as ARNs have it.
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

/// The REST API.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Media types whose bodies travel as base64.
    pub binary_types: Vec<String>,
    /// Headers of the answer to a CORS preflight.
    pub cors: Vec<(String, String)>,
    /// What API Gateway answers by itself.
    pub responses: BTreeMap<String, GatewayResponse>,
}

/// An answer of API Gateway itself.
#[derive(Clone, Debug)]
pub struct GatewayResponse {
    /// Its status, when the template changes it.
    pub status: Option<u16>,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body, with `$context.requestId` in it.
    pub body: String,
}

/// Types that stand for nothing on one machine: those that begin so.
const WITHOUT_EFFECT: &[&str] = &[
    "AWS::ApiGateway::",
    "AWS::CloudFront::",
    "AWS::CloudWatch::",
    "AWS::EC2::",
    "AWS::KMS::",
    "AWS::Logs::MetricFilter",
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
    pub(super) fn of(document: &Node, evaluator: &Evaluator<'_>) -> Result<Self> {
        let mut model = Self::default();
        let globals = document.get("Globals").and_then(|globals| globals.get("Function"));
        for (id, resource) in document.need("Resources")?.entries() {
            if let Some(condition) = resource.get("Condition")
                && !evaluator.holds(condition.text()?)?
            {
                continue;
            }
            model
                .add(id, resource, globals, evaluator)
                .with_context(|| format!("line {}: {id}", resource.line))?;
        }
        // Roles of what does not run here (API Gateway's own, the proxy's) stand for nothing.
        let functions = model.functions.iter();
        let used: BTreeSet<&String> = functions
            .flat_map(|one| {
                let schedules = one.schedules.iter().map(|schedule| &schedule.role);
                std::iter::once(&one.role).chain(schedules)
            })
            .collect();
        model.roles.retain(|role| used.contains(&role.name));
        for role in &mut model.roles {
            role.attach(&model.policies)?;
        }
        Ok(model)
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
            "AWS::Serverless::Function" => {
                self.functions.push(function(id, resource, globals, evaluator)?)
            }
            "AWS::IAM::Role" => self.roles.push(Role::read(id, &evaluator.value(properties)?)?),
            "AWS::Logs::LogGroup" => {
                let name = evaluator.text(properties.need("LogGroupName")?)?;
                self.log_groups.insert(evaluator.physical(id), name);
            }
            "AWS::Serverless::Api" => self.api = api(properties, evaluator)?,
            "AWS::SQS::Queue" => {
                self.queues.push(queue(evaluator.physical(id), &evaluator.value(properties)?)?)
            }
            "AWS::DynamoDB::Table" => {
                self.tables.push(table(evaluator.physical(id), &evaluator.value(properties)?)?)
            }
            "AWS::SecretsManager::Secret" => {
                let name = evaluator.physical(id);
                let first = secret::generated(&evaluator.value(properties)?)?;
                self.first_values.extend(first.map(|value| (name.clone(), value)));
                self.secrets.push(name);
            }
            "AWS::S3::Bucket" => {
                self.buckets.push(bucket(evaluator.physical(id), &evaluator.value(properties)?)?)
            }
            "AWS::IAM::ManagedPolicy" => {
                let policy = Policy::read(&evaluator.value(properties)?["PolicyDocument"])?;
                self.policies.insert(evaluator.physical(id), policy);
            }
            kind if WITHOUT_EFFECT.iter().any(|known| kind.starts_with(known)) => {}
            kind => bail!("the local cloud does not run a {kind}"),
        }
        Ok(())
    }
}

fn function(
    id: &str,
    resource: &Node,
    globals: Option<&Node>,
    evaluator: &Evaluator<'_>,
) -> Result<Function> {
    let properties = resource.need("Properties")?;
    let binary = resource.need("Metadata")?.need("BuildProperties")?.need("Binary")?.text()?;
    let mut environment = BTreeMap::new();
    let own = [globals, Some(properties)].into_iter().flatten();
    for variables in own.filter_map(|node| node.get("Environment")?.get("Variables")) {
        for (name, value) in variables.entries() {
            environment.insert(name.clone(), evaluator.text(value)?);
        }
    }
    let number = |name: &str| -> Result<u32> {
        let node = properties.get(name).or_else(|| globals?.get(name));
        let node = node.ok_or_else(|| anyhow!("`{name}` is missing, here and in Globals"))?;
        Ok(evaluator.text(node)?.parse()?)
    };
    let mut function = Function {
        name: binary.to_owned(),
        environment,
        memory_mb: number("MemorySize")?,
        timeout: Duration::from_secs(number("Timeout")?.into()),
        routes: Vec::new(),
        queue: None,
        schedules: Vec::new(),
        // Without a role it may do nothing.
        role: properties.get("Role").map(role).transpose()?.unwrap_or_default(),
        log_group: properties
            .get("LoggingConfig")
            .and_then(|logging| logging.get("LogGroup"))
            .map(|group| evaluator.text(group))
            .transpose()?
            .unwrap_or_default(),
        line: resource.line,
    };
    for (_, event) in properties.get("Events").map_or(&[][..], Node::entries) {
        trigger(&mut function, event, evaluator)?;
    }
    for schedule in &mut function.schedules {
        schedule.function = evaluator.physical(id);
    }
    Ok(function)
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
        "Api" => {
            let authorizer = properties.get("Auth").and_then(|auth| auth.get("Authorizer"));
            let signed = authorizer.map(|authorizer| evaluator.text(authorizer)).transpose()?;
            let signed = signed.as_deref() == Some("AWS_IAM");
            function.routes.push(Route {
                method: text("Method")?.to_uppercase(),
                path: text("Path")?,
                signed,
            });
        }
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

fn api(properties: &Node, evaluator: &Evaluator<'_>) -> Result<Api> {
    let mut api = Api::default();
    if let Some(types) = properties.get("BinaryMediaTypes") {
        let types = evaluator.value(types)?;
        let types = types.as_array().into_iter().flatten().filter_map(Value::as_str);
        api.binary_types = types.map(|kind| kind.replace("~1", "/")).collect();
    }
    for (name, value) in properties.get("Cors").map_or(&[][..], Node::entries) {
        let dashed = match name.as_str() {
            "MaxAge" => "Access-Control-Max-Age".to_owned(),
            name => format!("Access-Control-{}", name.replace("Allow", "Allow-")),
        };
        api.cors.push((dashed, unquoted(&evaluator.text(value)?)));
    }
    for (name, response) in properties.get("GatewayResponses").map_or(&[][..], Node::entries) {
        let status = response.get("StatusCode").map(|status| evaluator.text(status)).transpose()?;
        let headers = response.get("ResponseParameters").and_then(|node| node.get("Headers"));
        let headers = headers.map_or(&[][..], Node::entries).iter();
        let headers =
            headers.map(|(name, value)| Ok((name.clone(), unquoted(&evaluator.text(value)?))));
        let body = response.need("ResponseTemplates")?.need("application/json")?.text()?.to_owned();
        let status = status.map(|status| status.parse()).transpose()?;
        let headers = headers.collect::<Result<_>>()?;
        api.responses.insert(name.clone(), GatewayResponse { status, headers, body });
    }
    Ok(api)
}

/// API Gateway's literals stand in single quotes.
fn unquoted(text: &str) -> String {
    text.trim_matches('\'').to_owned()
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
