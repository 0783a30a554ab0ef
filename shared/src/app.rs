//! What one process has: settings, the database connection, clients, keys.

use std::sync::Arc;

use axum::extract::FromRef;

use crate::auth::KeyRing;
use crate::aws::Aws;
use crate::secrets::Secrets;
use crate::{Config, Db};

/// The state of a process, cheap to clone. Making it connects nothing.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    db: Db,
    aws: Aws,
    secrets: Secrets,
    keys: KeyRing,
}

impl App {
    /// The state for these settings.
    pub fn new(config: Config) -> Self {
        let aws = Aws::new(config.clone());
        let db = Db::new(&config);
        Self(Arc::new(Parts {
            secrets: Secrets::new(aws.clone()),
            keys: KeyRing::default(),
            db,
            aws,
            config,
        }))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// AWS clients.
    pub fn aws(&self) -> &Aws {
        &self.0.aws
    }

    /// Secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// The public keys that tokens are checked with.
    pub fn keys(&self) -> &KeyRing {
        &self.0.keys
    }
}

impl FromRef<App> for Db {
    fn from_ref(app: &App) -> Self {
        app.db().clone()
    }
}
