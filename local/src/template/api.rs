//! The API: its own settings, and the body that API Gateway imports.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::documents::included;
use super::evaluate::Evaluator;
use super::yaml::{Kind, Node};

/// The REST API.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Media types whose bodies travel as base64.
    pub binary_types: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// What is answered to a browser that asks whether its page may call, by path.
    pub preflights: BTreeMap<String, Preflight>,
    /// What API Gateway answers by itself.
    pub responses: BTreeMap<String, GatewayResponse>,
    /// The logical id of the role it calls functions with.
    pub role: String,
}

/// A route of the API.
#[derive(Clone, Debug)]
pub struct Route {
    /// In upper case.
    pub method: String,
    /// With `{parameters}`.
    pub path: String,
    /// Whether the request must be signed with AWS credentials.
    pub signed: bool,
    /// Whether its answer is handed on while it comes.
    pub streams: bool,
    /// The ARN of the function that answers.
    pub function: String,
}

/// The answer to a CORS preflight.
#[derive(Clone, Debug)]
pub struct Preflight {
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// The origins that it lets in, when its headers do not say so already: `*`, or some with commas between.
    pub origins: Option<String>,
}

/// An answer of API Gateway itself.
#[derive(Clone, Debug)]
pub struct GatewayResponse {
    /// Its status, when the template changes it.
    pub status: Option<u16>,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body, with `$context.requestId` in it.
    pub body: String,
}

impl Api {
    /// Reads the API of evaluated properties.
    pub(super) fn read(properties: &Node, evaluator: &Evaluator<'_>) -> Result<Self> {
        let mut api = Self::default();
        if let Some(types) = properties.get("BinaryMediaTypes") {
            let types = evaluator.value(types)?;
            let types = types.as_array().into_iter().flatten().filter_map(Value::as_str);
            api.binary_types = types.map(|kind| kind.replace("~1", "/")).collect();
        }
        let body = properties.need("DefinitionBody")?;
        let body = match included(body) {
            Some(location) => evaluator.included(location.text()?)?,
            None => body,
        };
        for (path, item) in body.need("paths")?.entries() {
            for (method, operation) in
                item.entries().iter().filter(|(name, _)| name != "parameters")
            {
                api.add(path, method, operation, evaluator)
                    .with_context(|| format!("{} {path}", method.to_uppercase()))?;
            }
        }
        let responses = body.get("x-amazon-apigateway-gateway-responses");
        for (kind, response) in responses.map_or(&[][..], Node::entries) {
            api.responses.insert(kind.clone(), gateway_response(response, evaluator)?);
        }
        Ok(api)
    }

    fn add(
        &mut self,
        path: &str,
        method: &str,
        operation: &Node,
        evaluator: &Evaluator<'_>,
    ) -> Result<()> {
        let integration = operation.need("x-amazon-apigateway-integration")?;
        match (method, integration.need("type")?.text()?) {
            ("options", "mock") => {
                self.preflights.insert(path.to_owned(), preflight(integration, evaluator)?);
                return Ok(());
            }
            (_, "aws_proxy") => {}
            (_, kind) => bail!("the local cloud knows no integration `{kind}`"),
        }
        let role = match &integration.need("credentials")?.need("Fn::GetAtt")?.kind {
            Kind::List(parts) if parts.len() == 2 => parts[0].text()?.to_owned(),
            _ => bail!("its credentials are no role of the template"),
        };
        if !self.role.is_empty() && self.role != role {
            bail!("the local cloud calls functions with one role, and this is another: {role}");
        }
        self.role = role;
        let uri = evaluator.text(integration.need("uri")?)?;
        let streams = uri.ends_with("/response-streaming-invocations");
        let mode = integration.get("responseTransferMode").map(Node::text).transpose()?;
        if streams != (mode == Some("STREAM")) {
            bail!(
                "a stream has its own URI and `responseTransferMode: STREAM`, and nothing else has either"
            );
        }
        let function = uri.split_once("/functions/").and_then(|(_, rest)| rest.split_once('/'));
        let (function, _) = function.ok_or_else(|| anyhow!("no function is in {uri}"))?;
        self.routes.push(Route {
            method: method.to_uppercase(),
            path: path.to_owned(),
            signed: operation.get("security").is_some(),
            streams,
            function: function.to_owned(),
        });
        Ok(())
    }
}

fn preflight(integration: &Node, evaluator: &Evaluator<'_>) -> Result<Preflight> {
    let answer = integration.need("responses")?.need("default")?;
    let headers = headers(answer, "method.response.header.", evaluator)?;
    let template = answer.get("responseTemplates").map(|all| all.need("application/json"));
    // Of API Gateway's templates, the one that contract/src/gateway.rs writes: its first text is `,origin,origin,`.
    let origins = template.transpose()?.map(|template| {
        let text = evaluator.text(template)?;
        let allowed = text.split('"').nth(1).map(|list| list.trim_matches(',').to_owned());
        allowed.ok_or_else(|| anyhow!("the local cloud does not understand this template: {text}"))
    });
    Ok(Preflight { headers, origins: origins.transpose()? })
}

fn gateway_response(response: &Node, evaluator: &Evaluator<'_>) -> Result<GatewayResponse> {
    let status = response.get("statusCode").map(|status| evaluator.text(status)).transpose()?;
    Ok(GatewayResponse {
        status: status.map(|status| status.parse()).transpose()?,
        headers: headers(response, "gatewayresponse.header.", evaluator)?,
        body: response.need("responseTemplates")?.need("application/json")?.text()?.to_owned(),
    })
}

/// The headers among the parameters of a response. API Gateway's literals stand in single quotes.
fn headers(
    response: &Node,
    prefix: &str,
    evaluator: &Evaluator<'_>,
) -> Result<Vec<(String, String)>> {
    let parameters = response.get("responseParameters").map_or(&[][..], Node::entries).iter();
    let headers = parameters.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    headers
        .map(|(name, value)| {
            Ok((name.to_owned(), evaluator.text(value)?.trim_matches('\'').to_owned()))
        })
        .collect()
}
