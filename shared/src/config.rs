//! The settings of a function. Only this module reads the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Secret;

/// The environment as it was when the process started; cheap to clone.
#[derive(Clone)]
pub struct Config {
    settings: Arc<BTreeMap<String, String>>,
}

/// A setting that is not there, or not what it should be.
#[derive(Debug, thiserror::Error)]
#[error(
    "the environment variable {name} {wrong}; the service's template.yaml sets it for the functions that need it"
)]
pub struct BadSetting {
    name: String,
    wrong: &'static str,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place the rule points to")]
    pub fn from_environment() -> Self {
        Self { settings: Arc::new(std::env::vars().collect()) }
    }

    /// Settings chosen by a test or a tool.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { settings: Arc::new(pairs.collect()) }
    }

    /// A setting that may be missing; an empty one counts as missing.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting that must be there.
    pub fn need(&self, name: &str) -> Result<&str, BadSetting> {
        self.find(name).ok_or_else(|| BadSetting { name: name.into(), wrong: "is not set" })
    }

    /// The name of this function, `imports-create`; `function` outside Lambda.
    ///
    /// template.yaml states it as the handler, which a custom runtime has no other use for: Lambda's
    /// own name of the function has the deployment's name in it.
    pub fn function(&self) -> &str {
        let handler = self.find("_HANDLER").filter(|handler| *handler != "bootstrap");
        handler.or_else(|| self.find("AWS_LAMBDA_FUNCTION_NAME")).unwrap_or("function")
    }

    /// The service this function belongs to, the first word of its name.
    pub fn service(&self) -> &str {
        self.function().split('-').next().unwrap_or("function")
    }

    /// These settings with some changed.
    pub fn with<K: Into<String>, V: Into<String>>(
        &self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut settings = BTreeMap::clone(&self.settings);
        settings.extend(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        Self { settings: Arc::new(settings) }
    }

    /// The password of the database role, where it signs in with one.
    pub fn database_password(&self) -> Option<Secret> {
        self.find("DATABASE_PASSWORD").map(Secret::new)
    }

    /// The namespace of metrics: each stage of an account has its own.
    pub fn metrics_namespace(&self) -> &str {
        self.find("METRICS_NAMESPACE").unwrap_or("KiteMate")
    }

    /// The region of every AWS call.
    pub fn region(&self) -> String {
        self.find("AWS_REGION").unwrap_or("ap-south-1").into()
    }

    /// Where AWS calls go instead of AWS: an emulator.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.find("AWS_ENDPOINT_URL")
    }

    /// Who issues our tokens: the base URL of the API.
    pub fn issuer(&self) -> Result<&str, BadSetting> {
        self.need("TOKEN_ISSUER")
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("names", &self.settings.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_names_itself_and_its_place() {
        let missing = Config::from_pairs([("DATABASE_ADDRESS", "")])
            .need("DATABASE_ADDRESS")
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("DATABASE_ADDRESS") && missing.contains("template.yaml"),
            "{missing}"
        );
    }

    #[test]
    fn debugging_a_config_shows_names_without_values() {
        let shown = format!("{:?}", Config::from_pairs([("DATABASE_PASSWORD", "hunter2")]));
        assert!(shown.contains("DATABASE_PASSWORD") && !shown.contains("hunter2"), "{shown}");
    }
}
