//! Makes what the template describes in the emulator: queues, tables, secrets, buckets.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types as dynamodb;
use aws_sdk_s3::types as s3;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::postgres::Database;
use crate::template::{Bucket, Model, Queue, REGION};
use crate::web;

/// Clients of the emulator.
#[derive(Clone, Debug)]
pub struct Aws {
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    emulator_url: String,
}

macro_rules! client {
    ($sdk:ident, $url:expr, $http:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new(REGION))
                .credentials_provider(Credentials::new("local", "local", None, None, "local"))
                .endpoint_url($url)
                .http_client($http.clone())
                .build(),
        )
    };
}

impl Aws {
    /// Clients of the emulator at this URL.
    pub fn at(url: &str) -> Self {
        let http = transport::sdk_client();
        let s3 = client!(aws_sdk_s3, url, http);
        let s3 =
            aws_sdk_s3::Client::from_conf(s3.config().to_builder().force_path_style(true).build());
        let uncompressed = client!(aws_sdk_cloudwatch, url, http);
        let uncompressed =
            uncompressed.config().to_builder().disable_request_compression(true).build();
        Self {
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(uncompressed),
            dynamodb: client!(aws_sdk_dynamodb, url, http),
            s3,
            secrets: client!(aws_sdk_secretsmanager, url, http),
            sqs: client!(aws_sdk_sqs, url, http),
            emulator_url: url.to_owned(),
        }
    }

    /// Makes what is not there yet. Secrets keep their values in a file of ours, because an
    /// emulator that was killed has forgotten them.
    pub async fn make(&self, model: &Model, secrets: &Path) -> Result<()> {
        // Dead-letter queues first: the others name them.
        for dead_letters in [true, false] {
            for queue in model.queues.iter().filter(|queue| queue.redrive.is_none() == dead_letters)
            {
                self.queue(queue).await.with_context(|| format!("queue {}", queue.name))?;
            }
        }
        for (name, key, ttl) in &model.tables {
            self.table(name, key, ttl.as_deref()).await.with_context(|| format!("table {name}"))?;
        }
        let kept = kept_secrets(secrets);
        for name in &model.secrets {
            let value = kept.get(name).or_else(|| model.first_values.get(name));
            self.secret(name, value).await.with_context(|| format!("secret {name}"))?;
        }
        for bucket in &model.buckets {
            self.bucket(bucket).await.with_context(|| format!("bucket {}", bucket.name))?;
        }
        let senders =
            model.functions.iter().filter_map(|function| function.environment.get("MAIL_FROM"));
        for sender in senders {
            self.sender(sender).await.with_context(|| format!("sender {sender}"))?;
        }
        Ok(())
    }

    /// Verifies a sender of mail: by hand, since nothing else here needs SES' own client.
    async fn sender(&self, sender: &str) -> Result<()> {
        let address = sender.split(['<', '>']).find(|part| part.contains('@')).unwrap_or(sender);
        let form = format!(
            "Action=VerifyEmailIdentity&Version=2010-12-01&EmailAddress={}",
            address.replace('+', "%2B")
        );
        let request = http::Request::post(&self.emulator_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/ses/aws4_request"),
            );
        let answer = web::send(request.body(form.into())?).await?;
        if answer.status == 200 {
            Ok(())
        } else {
            bail!("SES answered {}: {}", answer.status, answer.text())
        }
    }

    async fn queue(&self, queue: &Queue) -> Result<()> {
        let visibility = queue.visibility_s.to_string();
        let mut create = self
            .sqs
            .create_queue()
            .queue_name(&queue.name)
            .attributes(QueueAttributeName::VisibilityTimeout, visibility);
        if let Some(redrive) = &queue.redrive {
            let policy =
                json!({ "deadLetterTargetArn": redrive.arn, "maxReceiveCount": redrive.receives });
            create = create.attributes(QueueAttributeName::RedrivePolicy, policy.to_string());
        }
        create.send().await?;
        Ok(())
    }

    async fn table(&self, name: &str, key: &str, ttl: Option<&str>) -> Result<()> {
        let attribute = dynamodb::AttributeDefinition::builder()
            .attribute_name(key)
            .attribute_type(dynamodb::ScalarAttributeType::S)
            .build()?;
        let hash = dynamodb::KeySchemaElement::builder()
            .attribute_name(key)
            .key_type(dynamodb::KeyType::Hash)
            .build()?;
        let created = self
            .dynamodb
            .create_table()
            .table_name(name)
            .attribute_definitions(attribute)
            .key_schema(hash)
            .billing_mode(dynamodb::BillingMode::PayPerRequest)
            .send()
            .await;
        match created {
            Err(err)
                if err.as_service_error().is_some_and(|err| err.is_resource_in_use_exception()) =>
            {
                return Ok(());
            }
            created => created?,
        };
        if let Some(ttl) = ttl {
            let ttl = dynamodb::TimeToLiveSpecification::builder()
                .attribute_name(ttl)
                .enabled(true)
                .build()?;
            self.dynamodb
                .update_time_to_live()
                .table_name(name)
                .time_to_live_specification(ttl)
                .send()
                .await?;
        }
        Ok(())
    }

    /// Keeps the administrator's name and password where RDS keeps them.
    pub async fn administrator(&self, name: &str, database: &Database) -> Result<()> {
        let secret = json!({ "username": database.admin, "password": database.password });
        self.secret(name, Some(&secret.to_string())).await
    }

    /// Puts a value into a secret.
    pub async fn put_secret(&self, name: &str, value: &str) -> Result<()> {
        self.secret(name, Some(&value.to_owned())).await
    }

    async fn secret(&self, name: &str, value: Option<&String>) -> Result<()> {
        let created = self.secrets.create_secret().name(name).secret_string("{}").send().await;
        match created {
            Err(err)
                if err.as_service_error().is_some_and(|err| err.is_resource_exists_exception()) => {
            }
            created => drop(created?),
        }
        if let Some(value) = value {
            // A signing key's id is its version's.
            let kid = serde_json::from_str::<Value>(value).ok();
            let kid = kid.and_then(|value| value["kid"].as_str().map(str::to_owned));
            let put = self.secrets.put_secret_value().secret_id(name).secret_string(value);
            put.set_client_request_token(kid).send().await?;
        }
        Ok(())
    }

    /// Makes an empty bucket, where there is none of that name yet.
    pub async fn make_bucket(&self, name: &str) -> Result<()> {
        let place = s3::CreateBucketConfiguration::builder();
        let place = place.location_constraint(s3::BucketLocationConstraint::from(REGION)).build();
        let created =
            self.s3.create_bucket().bucket(name).create_bucket_configuration(place).send().await;
        match created {
            Err(err)
                if err
                    .as_service_error()
                    .is_some_and(|err| err.is_bucket_already_owned_by_you()) => {}
            created => drop(created?),
        }
        Ok(())
    }

    async fn bucket(&self, bucket: &Bucket) -> Result<()> {
        self.make_bucket(&bucket.name).await?;
        let mut notify = s3::NotificationConfiguration::builder();
        for (queue, prefix) in &bucket.notifies {
            let rule =
                s3::FilterRule::builder().name(s3::FilterRuleName::Prefix).value(prefix).build();
            let filter = s3::S3KeyFilter::builder().filter_rules(rule).build();
            notify = notify.queue_configurations(
                s3::QueueConfiguration::builder()
                    .queue_arn(queue)
                    .events(s3::Event::S3ObjectCreated)
                    .filter(s3::NotificationConfigurationFilter::builder().key(filter).build())
                    .build()?,
            );
        }
        let put = self.s3.put_bucket_notification_configuration().bucket(&bucket.name);
        put.notification_configuration(notify.build())
            .skip_destination_validation(true)
            .send()
            .await?;
        Ok(())
    }

    /// Writes the secrets' values to our file.
    pub async fn keep_secrets(&self, model: &Model, file: &Path) -> Result<()> {
        let mut kept = BTreeMap::new();
        for name in &model.secrets {
            let value = self.secrets.get_secret_value().secret_id(name).send().await?;
            kept.insert(name.clone(), value.secret_string.unwrap_or_default());
        }
        write_private(file, &serde_json::to_string(&kept)?)
    }
}

fn kept_secrets(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Writes a file that only its owner reads.
pub fn write_private(file: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let beside = file.with_extension("new");
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    out.write_all(text.as_bytes())?;
    Ok(std::fs::rename(beside, file)?)
}
