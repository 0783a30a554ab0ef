//! AWS clients, each built at most once and only when first used.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;

use crate::{Config, telemetry};

/// The AWS clients of a process.
#[derive(Clone)]
pub struct Aws(Arc<Clients>);

struct Clients {
    config: Config,
    sdk: OnceLock<SdkConfig>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
}

impl Aws {
    /// Remembers the settings; builds nothing.
    pub fn new(config: Config) -> Self {
        let clients = Clients {
            config,
            sdk: OnceLock::new(),
            dynamodb: OnceLock::new(),
            secrets: OnceLock::new(),
            sqs: OnceLock::new(),
        };
        Self(Arc::new(clients))
    }

    /// What clients are built from.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        self.0.sdk.get_or_init(|| sdk(&self.0.config))
    }

    /// DynamoDB, which does not retry: its callers count attempts.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.0.dynamodb.get_or_init(|| {
            let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
            let config =
                aws_sdk_dynamodb::config::Builder::from(self.sdk()).retry_config(once).build();
            aws_sdk_dynamodb::Client::from_conf(config)
        })
    }

    /// Secrets Manager.
    pub fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.0.secrets.get_or_init(|| aws_sdk_secretsmanager::Client::new(self.sdk()))
    }

    /// SQS.
    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.0.sqs.get_or_init(|| aws_sdk_sqs::Client::new(self.sdk()))
    }
}

/// What the function signs its requests with, for as long as its process lives.
pub(crate) fn credentials(config: &Config) -> Credentials {
    Credentials::new(
        config.find("AWS_ACCESS_KEY_ID").unwrap_or_default(),
        config.find("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
        config.find("AWS_SESSION_TOKEN").map(Into::into),
        None,
        "environment",
    )
}

/// Without `aws-config`: a function's credentials are in its environment for as long as it lives.
fn sdk(config: &Config) -> SdkConfig {
    let timeouts = aws_sdk_dynamodb::config::timeout::TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build();
    let builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region()))
        .credentials_provider(SharedCredentialsProvider::new(credentials(config)))
        .http_client(telemetry::watched(transport::sdk_client()))
        .timeout_config(timeouts)
        .sleep_impl(aws_sdk_dynamodb::config::SharedAsyncSleep::new(TokioSleep));
    match config.endpoint_url() {
        Some(url) => builder.endpoint_url(url).build(),
        None => builder.build(),
    }
}

/// Lets the SDK wait between retries and for its timeouts.
#[derive(Debug)]
struct TokioSleep;

impl aws_sdk_dynamodb::config::AsyncSleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> aws_sdk_dynamodb::config::Sleep {
        aws_sdk_dynamodb::config::Sleep::new(tokio::time::sleep(duration))
    }
}
