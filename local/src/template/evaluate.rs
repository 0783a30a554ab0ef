//! CloudFormation's functions, evaluated for one machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::documents::{Documents, beside};
use super::yaml::{Kind, Node};
use super::{ACCOUNT, REGION, Surroundings};

/// Knows what references in one template stand for.
pub(super) struct Evaluator<'a> {
    documents: &'a Documents,
    path: PathBuf,
    document: &'a Node,
    parameters: BTreeMap<String, String>,
    emulator_url: String,
    /// What the names of resources begin with that have none of their own; of the first template, its stack's name.
    prefix: String,
}

impl<'a> Evaluator<'a> {
    /// For the first template.
    pub(super) fn of(documents: &'a Documents, surroundings: &Surroundings) -> Result<Self> {
        Self::new(
            documents,
            documents.root().to_owned(),
            &surroundings.parameters,
            surroundings.emulator_url.clone(),
            surroundings.prefix.clone(),
        )
    }

    fn new(
        documents: &'a Documents,
        path: PathBuf,
        given: &BTreeMap<String, String>,
        emulator_url: String,
        prefix: String,
    ) -> Result<Self> {
        let document = documents.at(&path)?;
        let mut parameters = BTreeMap::new();
        for (name, parameter) in document.get("Parameters").map_or(&[][..], Node::entries) {
            let default = parameter.get("Default").map(Node::text).transpose()?;
            let value = given.get(name).map(String::as_str).or(default).ok_or_else(|| {
                let (file, line) = (path.display(), parameter.line);
                anyhow!("{file}:{line}: parameter {name} has no value here")
            })?;
            parameters.insert(name.clone(), value.to_owned());
        }
        Ok(Self { documents, path, document, parameters, emulator_url, prefix })
    }

    /// For the stack that a resource of this template is.
    pub(super) fn nested(&self, id: &str) -> Result<Self> {
        let properties = self.resource(id)?.need("Properties")?;
        let path = beside(&self.path, properties.need("Location")?.text()?);
        let known = self.documents.at(&path)?.get("Parameters");
        let mut given = BTreeMap::new();
        for (name, node) in properties.get("Parameters").map_or(&[][..], Node::entries) {
            if known.and_then(|known| known.get(name)).is_none() {
                bail!("line {}: {} has no parameter {name}", node.line, path.display());
            }
            let value = match self.value(node)? {
                Value::Null => continue,
                Value::Array(items) => {
                    items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
                }
                value => value.as_str().unwrap_or_default().to_owned(),
            };
            given.insert(name.clone(), value);
        }
        Self::new(self.documents, path, &given, self.emulator_url.clone(), self.generated(id))
    }

    /// The template.
    pub(super) fn document(&self) -> &'a Node {
        self.document
    }

    /// A place in the template, for people.
    pub(super) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The document that stands at a location of this template.
    pub(super) fn included(&self, location: &str) -> Result<&'a Node> {
        self.documents.at(&beside(&self.path, location))
    }

    fn resource(&self, id: &str) -> Result<&'a Node> {
        let resource = self.document.need("Resources")?.get(id);
        resource.ok_or_else(|| anyhow!("there is no parameter or resource {id}"))
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
        let node = self.document.get("Conditions").and_then(|all| all.get(condition));
        self.condition(node.ok_or_else(|| anyhow!("there is no condition {condition}"))?)
    }

    /// The name a resource has on this machine: its own, or one made of its logical id.
    pub(super) fn physical(&self, id: &str) -> Result<String> {
        let resource = self.resource(id)?;
        let property = match resource.need("Type")?.text()? {
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::Serverless::Function" => "FunctionName",
            _ => return Ok(self.generated(id)),
        };
        match resource.get("Properties").and_then(|properties| properties.get(property)) {
            Some(name) => self.text(name),
            None => Ok(self.generated(id)),
        }
    }

    fn generated(&self, id: &str) -> String {
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
            "AWS::StackName" => Some(self.prefix.as_str()),
            "AWS::NoValue" => return Ok(Value::Null),
            _ => self.parameters.get(name).map(String::as_str),
        };
        if let Some(value) = pseudo {
            return Ok(value.into());
        }
        let physical = self.physical(name)?;
        Ok(match self.resource(name)?.need("Type")?.text()? {
            "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{physical}", self.emulator_url),
            _ => physical,
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
        let kind = self.resource(id)?.need("Type")?.text()?;
        if let ("AWS::Serverless::Application", Some(output)) =
            (kind, attribute.strip_prefix("Outputs."))
        {
            return self.output(id, output);
        }
        let name = self.physical(id)?;
        let arn = match kind {
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

    /// The output of a stack in this one.
    fn output(&self, id: &str, output: &str) -> Result<Value> {
        let nested = self.nested(id)?;
        let found = nested.document.get("Outputs").and_then(|outputs| outputs.get(output));
        let found =
            found.ok_or_else(|| anyhow!("{} has no output {output}", nested.path.display()));
        nested.value(found?.need("Value")?).with_context(|| nested.path.display().to_string())
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
        let mappings = self.document.get("Mappings");
        let found = mappings.and_then(|maps| maps.get(&map)?.get(&first)?.get(&second));
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
