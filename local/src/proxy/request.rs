//! A request to AWS, as far as a role must allow it: who asks, for which action, on which resources.
//!
//! Actions and resources: "Actions, resources, and condition keys for AWS services", Service
//! Authorization Reference.

use axum::body::Bytes;
use axum::http::request::Parts;
use serde_json::Value;

use crate::iam::RequestContext;
use crate::template::{ACCOUNT, REGION};

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AwsRequest {
    pub(super) access_key: String,
    pub(super) service: String,
    pub(super) action: String,
    pub(super) resources: Vec<String>,
    /// What conditions ask of it.
    pub(super) context: RequestContext,
}

impl AwsRequest {
    /// Reads a signed request; `Err` says what is not understood, and is denied.
    pub(super) fn read(parts: &Parts, body: &Bytes) -> Result<Self, String> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        // In a header, or in the query of a link that was signed beforehand.
        let query = parts.uri.query().unwrap_or_default();
        let query = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
        let signed = header("authorization").unwrap_or(&query);
        let scope = signed.split("Credential=").nth(1).unwrap_or_default();
        let scope = scope.split([',', '&']).next().unwrap_or_default();
        let [access_key, _, _, service, ..] = scope.split('/').collect::<Vec<_>>()[..] else {
            return Err(format!("{} {} is not signed", parts.method, parts.uri.path()));
        };
        let target = header("x-amz-target").and_then(|target| target.rsplit('.').next());
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let path = parts.uri.path();
        let (action, resources) = match (service, target) {
            ("dynamodb", Some(target)) => ((target.to_owned()), table(&json)),
            ("sqs", Some(target)) => (target.trim_end_matches("Batch").to_owned(), queue(&json)),
            ("secretsmanager", Some(target)) => (target.to_owned(), secret(&json)),
            ("ses", None) if path == "/v2/email/outbound-emails" => {
                ("SendEmail".to_owned(), sender(&json))
            }
            ("s3", None) => object(parts),
            ("monitoring", _) => {
                (path.rsplit('/').next().unwrap_or_default().to_owned(), Some("*".into()))
            }
            _ => (String::new(), None),
        };
        let Some(resource) = resources else {
            return Err(format!(
                "the local cloud cannot tell what {service} {} {path} is allowed by",
                target.unwrap_or(parts.method.as_str())
            ));
        };
        let prefix = if service == "monitoring" { "cloudwatch" } else { service };
        Ok(Self {
            access_key: access_key.to_owned(),
            service: service.to_owned(),
            action: format!("{prefix}:{action}"),
            resources: vec![resource],
            context: context(service, &json, &query),
        })
    }
}

/// The condition keys of a request that policies here ask for.
fn context(service: &str, json: &Value, query: &str) -> RequestContext {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (key, values) = match service {
        "dynamodb" => {
            let of = |part: &str| text(&json[part]["pk"]["S"]);
            ("dynamodb:LeadingKeys", of("Key").or_else(|| of("Item")))
        }
        "ses" => ("ses:FromAddress", json["FromEmailAddress"].as_str().and_then(address)),
        "s3" => {
            let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
            ("s3:prefix", prefix.map(str::to_owned))
        }
        _ => return RequestContext::new(),
    };
    RequestContext::from([(key, values.into_iter().collect())])
}

/// The address of `Name <address>`.
fn address(from: &str) -> Option<String> {
    from.split(['<', '>']).find(|part| part.contains('@')).map(str::to_owned)
}

fn table(json: &Value) -> Option<String> {
    let name = json["TableName"].as_str()?;
    Some(format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"))
}

fn queue(json: &Value) -> Option<String> {
    let name = json["QueueUrl"].as_str()?.rsplit('/').next()?;
    Some(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"))
}

/// Here a secret is referred to by its name, where AWS has its ARN.
fn secret(json: &Value) -> Option<String> {
    Some(json["SecretId"].as_str()?.to_owned())
}

fn sender(json: &Value) -> Option<String> {
    let address = address(json["FromEmailAddress"].as_str()?)?;
    Some(format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{address}"))
}

/// An object by its path: `/bucket/key`.
fn object(parts: &Parts) -> (String, Option<String>) {
    let path = parts.uri.path().trim_matches('/');
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let action = match (parts.method.as_str(), path.contains('/')) {
        ("GET" | "HEAD", true) => "GetObject",
        ("PUT", true) => "PutObject",
        ("DELETE", true) => "DeleteObject",
        ("GET" | "HEAD", false) => "ListBucket",
        _ => return (String::new(), None),
    };
    (action.to_owned(), Some(format!("arn:aws:s3:::{path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(
        service: &str,
        target: Option<&str>,
        path: &str,
        body: &str,
    ) -> Result<(String, String), String> {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=KM.1.auth-login/20261121/{REGION}/{service}/aws4_request, SignedHeaders=host"
        );
        let mut request = http::Request::get(path).header("authorization", scope);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let asked = AwsRequest::read(&parts, &Bytes::from(body.to_owned()))?;
        assert_eq!(super::super::function_of(&asked.access_key), Some("auth-login"));
        Ok((asked.action, asked.resources.concat()))
    }

    #[test]
    fn actions_and_resources_are_those_of_the_reference() {
        let targeted = |service, target, body| asked(service, Some(target), "/", body).unwrap();
        let pair = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
        let arn =
            |service: &str, rest: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}");
        assert_eq!(
            targeted("dynamodb", "DynamoDB_20120810.UpdateItem", r#"{"TableName":"t"}"#),
            pair("dynamodb:UpdateItem", &arn("dynamodb", "table/t"))
        );
        assert_eq!(
            targeted("sqs", "AmazonSQS.SendMessageBatch", r#"{"QueueUrl":"http://x/0/q"}"#),
            pair("sqs:SendMessage", &arn("sqs", "q"))
        );
        assert_eq!(
            targeted("secretsmanager", "secretsmanager.GetSecretValue", r#"{"SecretId":"s"}"#),
            pair("secretsmanager:GetSecretValue", "s")
        );
        let mail = r#"{"FromEmailAddress":"K <a@b.in>"}"#;
        assert_eq!(
            asked("ses", None, "/v2/email/outbound-emails", mail).unwrap(),
            pair("ses:SendEmail", &arn("ses", "identity/a@b.in"))
        );
        assert_eq!(
            asked("s3", None, "/files/prices/a%20b.csv", "").unwrap(),
            pair("s3:GetObject", "arn:aws:s3:::files/prices/a b.csv")
        );
        assert_eq!(
            asked("s3", None, "/files/?list-type=2&prefix=a%2F", "").unwrap(),
            pair("s3:ListBucket", "arn:aws:s3:::files")
        );
        let link = "/files/exports/a.json?X-Amz-Credential=KM.1.auth-login%2F20261121%2Fap-south-1%2Fs3%2Faws4_request&X-Amz-Date=x";
        let (parts, ()) = http::Request::get(link).body(()).unwrap().into_parts();
        let presigned = AwsRequest::read(&parts, &Bytes::new()).unwrap();
        assert_eq!(presigned.access_key, "KM.1.auth-login");
        assert_eq!(presigned.action, "s3:GetObject");
        let path = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
        assert_eq!(
            asked("monitoring", None, path, "").unwrap(),
            pair("cloudwatch:GetMetricData", "*")
        );
    }

    #[test]
    fn what_is_not_understood_is_denied() {
        assert!(asked("iam", None, "/", "").is_err());
        assert!(
            asked("dynamodb", Some("DynamoDB_20120810.TransactWriteItems"), "/", "{}").is_err()
        );
        let (parts, ()) = http::Request::get("/").body(()).unwrap().into_parts();
        assert!(AwsRequest::read(&parts, &Bytes::new()).is_err());
    }
}
