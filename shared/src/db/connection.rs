//! Connecting, and giving up in time.

use std::future::Future;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use super::DbError;
use crate::Config;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the answer to one round trip, unless `DATABASE_PATIENCE_S` says otherwise;
/// `tenant.enter` limits statements to less.
const PATIENCE_S: u64 = 15;
/// Longest wait for an idle connection to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// Where to connect, or why that is unknown.
pub struct Target {
    config: Result<tokio_postgres::Config, String>,
    patience: Duration,
}

impl Target {
    /// Reads the settings; what is wrong with them is said when a connection is wanted.
    pub fn read(config: &Config) -> Self {
        let patience = config.find("DATABASE_PATIENCE_S").and_then(|text| text.parse().ok());
        let patience = Duration::from_secs(patience.unwrap_or(PATIENCE_S));
        Self { config: Self::parse(config), patience }
    }

    fn parse(config: &Config) -> Result<tokio_postgres::Config, String> {
        let url = config.database_url().map_err(|err| err.to_string())?;
        // The parser's message could quote the password.
        let mut target: tokio_postgres::Config =
            url.parse().map_err(|_| "DATABASE_URL is not a postgres:// URL".to_owned())?;
        if let Some(password) = config.database_password() {
            target.password(password.expose());
        }
        target.connect_timeout(CONNECT_TIMEOUT);
        Ok(target)
    }
}

impl Target {
    /// Waits for an answer, but not for ever.
    pub(super) async fn timely<F: Future>(&self, answer: F) -> Result<F::Output, DbError> {
        tokio::time::timeout(self.patience, answer).await.map_err(|_| DbError::Timeout)
    }

    /// Opens a connection and lets it run in the background. Only migrations hold one of their own.
    pub async fn connect(&self) -> Result<Client, DbError> {
        connect(self.config.as_ref().map_err(|wrong| DbError::Settings(wrong.clone()))?).await
    }
}

async fn connect(target: &tokio_postgres::Config) -> Result<Client, DbError> {
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, target.connect(NoTls));
    let (client, connection) =
        connecting.await.map_err(|_| DbError::Timeout)?.map_err(DbError::Connect)?;
    tokio::spawn(async move {
        if let Err(err) = connection.await {
            tracing::debug!(closed = err.is_closed(), "the database connection ended");
        }
    });
    Ok(client)
}

/// Whether a connection still answers.
pub(super) async fn answers(client: &Client) -> bool {
    let ping = tokio::time::timeout(PING_TIMEOUT, client.batch_execute(""));
    !client.is_closed() && matches!(ping.await, Ok(Ok(())))
}
