//! CloudFormation's functions, evaluated for one machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::yaml::{Kind, Node};
use super::{ACCOUNT, REGION, Surroundings};

/// Knows what references stand for.
pub(super) struct Evaluator<'a> {
    parameters: BTreeMap<String, String>,
    conditions: BTreeMap<String, &'a Node>,
    mappings: Option<&'a Node>,
    /// Types of resources by logical id.
    types: BTreeMap<String, String>,
    emulator_url: String,
    prefix: String,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(document: &'a Node, surroundings: &Surroundings) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for (name, parameter) in document.get("Parameters").map_or(&[][..], Node::entries) {
            let default = parameter.get("Default").map(Node::text).transpose()?;
            let value = surroundings.parameters.get(name).map(String::as_str).or(default);
            let value = value.ok_or_else(|| {
                anyhow!("line {}: parameter {name} has no value here", parameter.line)
            })?;
            parameters.insert(name.clone(), value.to_owned());
        }
        let mut types = BTreeMap::new();
        for (id, resource) in document.need("Resources")?.entries() {
            types.insert(id.clone(), resource.need("Type")?.text()?.to_owned());
        }
        let conditions = document.get("Conditions").map_or(&[][..], Node::entries);
        Ok(Self {
            parameters,
            conditions: conditions.iter().map(|(name, node)| (name.clone(), node)).collect(),
            mappings: document.get("Mappings"),
            types,
            emulator_url: surroundings.emulator_url.clone(),
            prefix: surroundings.prefix.clone(),
        })
    }

    /// The value of a node; `AWS::NoValue` is null.
    pub(super) fn value(&self, node: &Node) -> Result<Value> {
        let line = node.line;
        if let Some(tag) = &node.tag {
            return self.function(tag, node).with_context(|| format!("line {line}: !{tag}"));
        }
        match &node.kind {
            Kind::Text(text) => Ok(Value::String(text.clone())),
            Kind::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Kind::Map(entries) => match entries.as_slice() {
                [(name, argument)] if name == "Ref" || name.starts_with("Fn::") => {
                    let name = name.trim_start_matches("Fn::");
                    self.function(name, argument).with_context(|| format!("line {line}: {name}"))
                }
                entries => {
                    let value =
                        |(name, node): &(String, Node)| Ok((name.clone(), self.value(node)?));
                    let map: Result<serde_json::Map<_, _>> = entries.iter().map(value).collect();
                    Ok(Value::Object(
                        map?.into_iter().filter(|(_, value)| !value.is_null()).collect(),
                    ))
                }
            },
        }
    }

    /// The value of a node as a text.
    pub(super) fn text(&self, node: &Node) -> Result<String> {
        match self.value(node)? {
            Value::String(text) => Ok(text),
            _ => bail!("line {}: expected a text", node.line),
        }
    }

    /// Whether a resource or function with this condition exists.
    pub(super) fn holds(&self, condition: &str) -> Result<bool> {
        let node = self
            .conditions
            .get(condition)
            .ok_or_else(|| anyhow!("there is no condition {condition}"))?;
        self.condition(node)
    }

    /// The name a resource has on this machine.
    pub(super) fn physical(&self, id: &str) -> String {
        let mut name = self.prefix.clone();
        for letter in id.chars() {
            if letter.is_ascii_uppercase() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    fn function(&self, name: &str, argument: &Node) -> Result<Value> {
        let arguments = match &argument.kind {
            Kind::List(items) => items.as_slice(),
            _ => &[],
        };
        match (name, arguments) {
            ("Ref", _) => self.reference(argument.text()?),
            ("GetAtt", _) => self.attribute(argument, arguments),
            ("Sub", []) => self.substitute(argument.text()?, &BTreeMap::new()),
            ("Sub", [text, own]) => {
                let own: Result<BTreeMap<_, _>> = own
                    .entries()
                    .iter()
                    .map(|(name, node)| Ok((name.clone(), self.text(node)?)))
                    .collect();
                self.substitute(text.text()?, &own?)
            }
            ("Join", [separator, parts]) => match self.value(parts)? {
                Value::Array(parts) => {
                    let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                    Ok(parts.join(separator.text()?).into())
                }
                _ => bail!("takes a list"),
            },
            ("If", [condition, yes, no]) => {
                self.value(if self.holds(condition.text()?)? { yes } else { no })
            }
            ("Select", [index, list]) => {
                let index: usize = self.text(index)?.parse()?;
                self.value(list)?
                    .get(index)
                    .cloned()
                    .ok_or_else(|| anyhow!("there is no item {index}"))
            }
            ("Split", [separator, text]) => Ok(self
                .text(text)?
                .split(separator.text()?)
                .map(|part| Value::String(part.into()))
                .collect()),
            ("FindInMap", [map, first, second]) => self.find_in_map(map, first, second),
            _ => bail!("is not a function the local cloud understands"),
        }
    }

    fn reference(&self, name: &str) -> Result<Value> {
        let pseudo = match name {
            "AWS::Region" => Some(REGION),
            "AWS::AccountId" => Some(ACCOUNT),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            "AWS::StackName" => Some("kitemate"),
            "AWS::NoValue" => return Ok(Value::Null),
            _ => self.parameters.get(name).map(String::as_str),
        };
        if let Some(value) = pseudo {
            return Ok(value.into());
        }
        let kind = self
            .types
            .get(name)
            .ok_or_else(|| anyhow!("there is no parameter or resource {name}"))?;
        Ok(match kind.as_str() {
            "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{}", self.emulator_url, self.physical(name)),
            _ => self.physical(name),
        }
        .into())
    }

    fn attribute(&self, argument: &Node, arguments: &[Node]) -> Result<Value> {
        let (id, attribute) = match arguments {
            [id, attribute] => (id.text()?, attribute.text()?),
            _ => argument
                .text()?
                .split_once('.')
                .ok_or_else(|| anyhow!("needs `resource.attribute`"))?,
        };
        let kind = self.types.get(id).ok_or_else(|| anyhow!("there is no resource {id}"))?;
        let name = self.physical(id);
        let arn = match kind.as_str() {
            "AWS::SQS::Queue" => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
            "AWS::DynamoDB::Table" => format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"),
            "AWS::Serverless::Function" => {
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
            }
            "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            "AWS::Logs::LogGroup" => format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"),
            kind => bail!("a {kind} has no attributes here"),
        };
        match attribute {
            "Arn" => Ok(arn.into()),
            _ => bail!("{attribute} of {id} is not known here"),
        }
    }

    /// `${Name}`, `${Resource.Attribute}`, and `${!Literal}`.
    fn substitute(&self, text: &str, own: &BTreeMap<String, String>) -> Result<Value> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let end = rest[at..].find('}').ok_or_else(|| anyhow!("`${{` without `}}`"))? + at;
            let name = &rest[at + 2..end];
            out.push_str(&rest[..at]);
            let value = match (name.strip_prefix('!'), own.get(name), name.split_once('.')) {
                (Some(literal), ..) => Value::String(format!("${{{literal}}}")),
                (_, Some(value), _) => Value::String(value.clone()),
                (.., Some(_)) => {
                    let node = Node { line: 0, tag: None, kind: Kind::Text(name.into()) };
                    self.attribute(&node, &[])?
                }
                _ => self.reference(name)?,
            };
            out.push_str(value.as_str().unwrap_or_default());
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Ok(out.into())
    }

    fn find_in_map(&self, map: &Node, first: &Node, second: &Node) -> Result<Value> {
        let (map, first, second) = (self.text(map)?, self.text(first)?, self.text(second)?);
        let found = self.mappings.and_then(|maps| maps.get(&map)?.get(&first)?.get(&second));
        self.value(found.ok_or_else(|| anyhow!("there is no {map}.{first}.{second}"))?)
    }

    fn condition(&self, node: &Node) -> Result<bool> {
        let line = node.line;
        let (name, argument) = match (&node.tag, node.entries()) {
            (Some(tag), _) => (tag.as_str(), node),
            (None, [(name, argument)]) => (name.trim_start_matches("Fn::"), argument),
            _ => bail!("line {line}: a condition must be a function"),
        };
        let arguments = match &argument.kind {
            Kind::List(items) => items.as_slice(),
            _ => &[],
        };
        match (name, arguments) {
            ("Equals", [one, other]) => Ok(self.value(one)? == self.value(other)?),
            ("Not", [one]) => Ok(!self.condition(one)?),
            ("And", all) => {
                all.iter().try_fold(true, |so_far, one| Ok(so_far && self.condition(one)?))
            }
            ("Or", all) => {
                all.iter().try_fold(false, |so_far, one| Ok(so_far || self.condition(one)?))
            }
            ("Condition", _) => self.holds(argument.text()?),
            _ => bail!("line {line}: !{name} is not a condition the local cloud understands"),
        }
    }
}
