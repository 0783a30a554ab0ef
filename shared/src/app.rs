//! What one process has: settings, the database connection, clients, keys.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_types::SdkConfig;
use axum::extract::FromRef;

use crate::auth::KeyRing;
use crate::aws::Aws;
use crate::secrets::Secrets;
use crate::{Config, Db, events};

/// The state of a process, cheap to clone. Making it connects nothing.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    db: Db,
    aws: Aws,
    secrets: Secrets,
    keys: KeyRing,
    /// What only some functions have, by its type.
    others: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

impl App {
    /// The state for these settings.
    pub fn new(config: Config) -> Self {
        let aws = Aws::new(config.clone());
        let db = Db::new(&config);
        Self(Arc::new(Parts {
            secrets: Secrets::new(aws.clone()),
            keys: KeyRing::default(),
            others: Mutex::default(),
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

    /// Ends what a request or a message leaves behind: rolls back what it did not commit, and sends what it published.
    pub async fn settle(&self) {
        let published = self.db().settle().await;
        if !published.is_empty() {
            events::dispatch(self, &published).await;
        }
    }

    /// AWS clients.
    pub fn aws(&self) -> &Aws {
        &self.0.aws
    }

    /// Secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// What only some functions have, made when it is first asked for.
    pub fn once<T: Clone + Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> T {
        let mut others = self.0.others.lock().unwrap_or_else(PoisonError::into_inner);
        let made = others.get(&TypeId::of::<T>()).and_then(|one| one.downcast_ref::<T>()).cloned();
        made.unwrap_or_else(|| {
            let made = make();
            others.insert(TypeId::of::<T>(), Box::new(made.clone()));
            made
        })
    }

    /// The client of an AWS service that only some functions use.
    pub fn client<C: Clone + Send + Sync + 'static>(
        &self,
        build: impl FnOnce(&SdkConfig) -> C,
    ) -> C {
        self.once(|| build(self.aws().sdk()))
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
