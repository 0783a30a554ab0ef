//! Secrets that CloudFormation makes a value for.

use anyhow::{Context, Result};
use serde_json::Value;

/// What a secret that generates its value has in it: its template with a random text in the place of its key.
pub(super) fn generated(properties: &Value) -> Result<Option<String>> {
    let generate = &properties["GenerateSecretString"];
    let (Some(template), Some(key)) =
        (generate["SecretStringTemplate"].as_str(), generate["GenerateStringKey"].as_str())
    else {
        return Ok(None);
    };
    let mut value: Value = serde_json::from_str(template).context("SecretStringTemplate")?;
    value[key] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]
        .map(|part| part.simple().to_string())
        .concat()
        .into();
    Ok(Some(value.to_string()))
}
