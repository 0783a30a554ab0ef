//! template.yaml as far as one machine can run it; anything else is an error that names its line.

mod evaluate;
mod model;
mod secret;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::postgres::Database;

pub use model::{
    Api, Bucket, Function, GatewayResponse, Model, Queue, QueueTrigger, Redrive, Route,
    ScheduleTrigger,
};

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

/// Reads the template of a checkout.
pub fn read(file: &Path, surroundings: &Surroundings) -> Result<Model> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    interpret(&text, surroundings).with_context(|| format!("{} is not understood", file.display()))
}

/// Interprets a template's text.
pub fn interpret(text: &str, surroundings: &Surroundings) -> Result<Model> {
    let document = yaml::parse(text)?;
    let evaluator = evaluate::Evaluator::new(&document, surroundings)?;
    model::Model::of(&document, &evaluator)
}

#[cfg(test)]
mod tests;
