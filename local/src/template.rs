//! template.yaml and the templates it nests as far as one machine can run them; anything else is an error that names its
//! file and line.

mod api;
mod documents;
mod evaluate;
mod model;
mod secret;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::postgres::Database;

pub use api::{Api, GatewayResponse, Preflight, Route};
pub use model::{Bucket, Function, Model, Queue, QueueTrigger, Redrive, ScheduleTrigger};

/// Where the local cloud's parts are: what the template's references stand for.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Values of the template's parameters that differ from their defaults.
    pub parameters: BTreeMap<String, String>,
    /// The base URL of the AWS emulator.
    pub emulator_url: String,
    /// What the names of resources begin with.
    pub prefix: String,
}

impl Surroundings {
    /// What the template's references stand for beside this database, emulator and Kite.
    pub fn of(
        database: &Database,
        emulator_url: &str,
        prefix: &str,
        public_url: &str,
        kite_url: &str,
    ) -> Self {
        let parameters = [
            ("DatabaseHost", database.host.clone()),
            ("DatabasePort", database.port.to_string()),
            ("DatabaseName", database.name.clone()),
            ("DatabaseAdmin", database.admin.clone()),
            ("DatabaseSecret", administrator(prefix)),
            // One machine has as many connections as its functions have processes.
            ("DatabaseConnections", "proxied".to_owned()),
            ("PublicUrl", public_url.to_owned()),
            ("KiteApiUrl", kite_url.to_owned()),
            ("KiteLoginUrl", kite_url.to_owned()),
        ];
        Self {
            parameters: parameters
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            emulator_url: emulator_url.to_owned(),
            prefix: prefix.to_owned(),
        }
    }
}

/// The secret with the name and password of the database's administrator.
pub fn administrator(prefix: &str) -> String {
    format!("{prefix}-administrator")
}

/// The account every local ARN is in.
pub const ACCOUNT: &str = "000000000000";
/// The region everything is in.
pub const REGION: &str = "ap-south-1";

/// Reads the template of a checkout and those it nests.
pub fn read(file: &Path, surroundings: &Surroundings) -> Result<Model> {
    let documents = documents::Documents::read(file)?;
    Model::of(&evaluate::Evaluator::of(&documents, surroundings)?)
}

/// The names of a checkout's functions, which its templates tell before they can be evaluated.
pub fn functions(file: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for document in documents::Documents::read(file)?.all() {
        for (_, resource) in document.get("Resources").map_or(&[][..], yaml::Node::entries) {
            if resource.need("Type")?.text()? == "AWS::Serverless::Function" {
                names.push(model::binary(resource)?.to_owned());
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
