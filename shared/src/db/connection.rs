//! Connecting: over TLS, as the service's own role, and giving up in time.

mod sign_in;
mod tls;

use std::future::Future;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;
use crate::Config;
use sign_in::SignIn;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the answer to one round trip, unless `DATABASE_PATIENCE_S` says otherwise;
/// `tenant.enter` limits statements to less.
const PATIENCE_S: u64 = 15;
/// Longest wait for an idle connection to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// Where to connect and how, or why that is unknown.
pub struct Target {
    route: anyhow::Result<Route>,
    patience: Duration,
}

struct Route {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    sign_in: SignIn,
}

impl Target {
    /// Reads the settings; what is wrong with them is said when a connection is wanted.
    pub fn read(config: &Config) -> Self {
        let patience = config.find("DATABASE_PATIENCE_S").and_then(|text| text.parse().ok());
        let patience = Duration::from_secs(patience.unwrap_or(PATIENCE_S));
        Self { route: Route::read(config), patience }
    }

    /// Waits for an answer, but not for ever.
    pub(super) async fn timely<F: Future>(&self, answer: F) -> Result<F::Output, DbError> {
        tokio::time::timeout(self.patience, answer).await.map_err(|_| DbError::Timeout)
    }

    /// Opens a connection and lets it run in the background. Only migrations hold one of their own.
    pub async fn connect(&self) -> Result<Client, DbError> {
        let route = self.route.as_ref().map_err(|wrong| DbError::Settings(format!("{wrong:#}")))?;
        let config = route.sign_in.signed(&route.config);
        // On the heap: what it takes to connect would be part of every request's future, and of its stack.
        let connecting = async {
            match &route.tls {
                Some(tls) => {
                    let (client, connection) = Box::pin(config.connect(tls.clone())).await?;
                    run(connection);
                    Ok(client)
                }
                None => {
                    let (client, connection) = Box::pin(config.connect(NoTls)).await?;
                    run(connection);
                    Ok(client)
                }
            }
        };
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        connected.map_err(|_| DbError::Timeout)?.map_err(DbError::Connect)
    }
}

impl Route {
    fn read(settings: &Config) -> anyhow::Result<Self> {
        let mut config = place(settings)?;
        if let Some(password) = settings.database_password() {
            config.password(password.expose());
        }
        config.connect_timeout(CONNECT_TIMEOUT);
        let tls = tls::connector(settings)?;
        if tls.is_some() {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
        }
        Ok(Self { sign_in: SignIn::read(settings), config, tls })
    }
}

/// Host, port, database and role: `DATABASE_URL`, or `DATABASE_ADDRESS`, `host:port/database`, and `DATABASE_USER`.
fn place(settings: &Config) -> anyhow::Result<tokio_postgres::Config> {
    if let Some(url) = settings.find("DATABASE_URL") {
        // The parser's message could quote the password.
        return url.parse().map_err(|_| anyhow::anyhow!("DATABASE_URL is not a postgres:// URL"));
    }
    let address = settings.need("DATABASE_ADDRESS")?;
    let parts = address.split_once('/').and_then(|(place, database)| {
        let (host, port) = place.rsplit_once(':')?;
        Some((host, port.parse().ok()?, database))
    });
    let (host, port, database) = parts
        .ok_or_else(|| anyhow::anyhow!("DATABASE_ADDRESS is not host:port/database: {address}"))?;
    let mut config = tokio_postgres::Config::new();
    config.host(host).port(port).dbname(database).user(settings.need("DATABASE_USER")?);
    Ok(config)
}

fn run(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(err) = connection.await {
            tracing::debug!(closed = err.is_closed(), "the database connection ended");
        }
    });
}

/// Whether a connection still answers.
pub(super) async fn answers(client: &Client) -> bool {
    let ping = tokio::time::timeout(PING_TIMEOUT, client.batch_execute(""));
    !client.is_closed() && matches!(ping.await, Ok(Ok(())))
}
