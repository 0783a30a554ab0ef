//! What roles allow, asked before anything is done with the emulator, and which of it was used.
//!
//! As IAM decides for identity-based policies: what no statement allows is denied, and a statement allows only where its
//! conditions hold. ("Policy evaluation logic" and "Condition operators", IAM user guide.) A policy with more in it is an
//! error that names its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A role of the template, by its logical id.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// Its logical id.
    pub name: String,
    /// What its statements allow.
    pub allows: Vec<Allow>,
    /// The names of policies it shares with others.
    shared: Vec<String>,
}

/// An action on a resource, either with `*` and `?` in it, under conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// What must hold; all of them.
    pub conditions: Vec<Condition>,
}

/// A condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The key of the request's context, as `dynamodb:LeadingKeys`.
    pub key: String,
    /// The patterns of which each of its values must fit one.
    pub patterns: Vec<String>,
    /// Whether it holds where the request has no such key, as `ForAllValues` does.
    pub vacuous: bool,
}

/// What a request says besides action and resource: the values of condition keys.
pub type RequestContext = BTreeMap<&'static str, Vec<String>>;

impl Condition {
    fn holds(&self, context: &RequestContext) -> bool {
        let Some(values) = context.get(self.key.as_str()).filter(|values| !values.is_empty())
        else {
            return self.vacuous;
        };
        values.iter().all(|value| self.patterns.iter().any(|pattern| matches(pattern, value)))
    }
}

/// Statements by themselves, which several roles may share.
#[derive(Clone, Debug, Default)]
pub struct Policy(Vec<Allow>);

impl Policy {
    /// Reads a policy's document.
    pub fn read(document: &Value) -> Result<Self> {
        let mut allows = Vec::new();
        for statement in texts_or_maps(&document["Statement"]) {
            read_statement(statement, &mut allows)?;
        }
        Ok(Self(allows))
    }
}

impl Role {
    /// Reads a role's evaluated properties.
    pub fn read(name: &str, properties: &Value) -> Result<Self> {
        let mut allows = Vec::new();
        for policy in properties["Policies"].as_array().into_iter().flatten() {
            let policy = Policy::read(&policy["PolicyDocument"]);
            allows.extend(policy.with_context(|| format!("policy of {name}"))?.0);
        }
        let shared =
            texts(&properties["ManagedPolicyArns"]).into_iter().map(str::to_owned).collect();
        Ok(Self { name: name.to_owned(), allows, shared })
    }

    /// Adds what the policies grant that it shares with others.
    pub fn attach(&mut self, policies: &BTreeMap<String, Policy>) -> Result<()> {
        for name in &self.shared {
            let policy = policies.get(name).with_context(|| {
                format!("the local cloud cannot look into {name}; state what is needed")
            })?;
            self.allows.extend(policy.0.iter().cloned());
        }
        Ok(())
    }

    /// The statements that allow this.
    fn allowing(&self, action: &str, resource: &str, context: &RequestContext) -> Vec<&Allow> {
        self.allows
            .iter()
            .filter(|allow| {
                matches(&allow.action.to_lowercase(), &action.to_lowercase())
                    && matches(&allow.resource, resource)
                    && allow.conditions.iter().all(|condition| condition.holds(context))
            })
            .collect()
    }
}

fn read_statement(statement: &Value, allows: &mut Vec<Allow>) -> Result<()> {
    let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
    let mut names = statement.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    if let Some(unknown) = names.find(|name| !known.contains(name)) {
        bail!("the local cloud does not understand `{unknown}` in a statement");
    }
    if statement["Effect"] != "Allow" {
        bail!("the local cloud understands statements that allow, and no others");
    }
    let conditions = conditions(&statement["Condition"])?;
    for action in texts(&statement["Action"]) {
        for resource in texts(&statement["Resource"]) {
            let (action, resource) = (action.to_owned(), resource.to_owned());
            allows.push(Allow { action, resource, conditions: conditions.clone() });
        }
    }
    Ok(())
}

fn conditions(block: &Value) -> Result<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (operator, keys) in block.as_object().into_iter().flatten() {
        let vacuous = match operator.as_str() {
            "StringEquals" | "StringLike" => false,
            "ForAllValues:StringEquals" | "ForAllValues:StringLike" => true,
            _ => bail!("the local cloud does not understand the condition `{operator}`"),
        };
        for (key, values) in keys.as_object().into_iter().flatten() {
            let known = ["dynamodb:LeadingKeys", "s3:prefix", "ses:FromAddress"];
            if !known.contains(&key.as_str()) {
                bail!("the local cloud does not know `{key}` of a request");
            }
            let patterns: Vec<String> = texts(values).into_iter().map(str::to_owned).collect();
            if operator.ends_with("Equals") && patterns.iter().any(|one| one.contains(['*', '?'])) {
                bail!("`{operator}` compares letter by letter; use StringLike for patterns");
            }
            conditions.push(Condition { key: key.clone(), patterns, vacuous });
        }
    }
    Ok(conditions)
}

fn texts_or_maps(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}

fn texts(value: &Value) -> Vec<&str> {
    texts_or_maps(value).into_iter().filter_map(Value::as_str).collect()
}

/// Whether a text fits a pattern with `*` for anything and `?` for one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (mut rest, mut parts) = (text, pattern.split('*'));
    let first = parts.next().unwrap_or_default();
    let Some(after) = begins(rest, first) else { return false };
    rest = after;
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(after) =
            (0..=rest.len()).find_map(|at| rest.get(at..).and_then(|rest| begins(rest, part)))
        else {
            return false;
        };
        rest = after;
    }
    rest.len() >= last.len()
        && rest.get(rest.len() - last.len()..).is_some_and(|end| begins(end, last) == Some(""))
}

/// What follows a pattern without `*` at the beginning of a text.
fn begins<'a>(text: &'a str, pattern: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for expected in pattern.chars() {
        let letter = rest.next()?;
        if expected != '?' && expected != letter {
            return None;
        }
    }
    Some(rest.as_str())
}

/// A role, an action and a resource, as a statement grants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The role's logical id.
    pub role: String,
    /// The action as the statement has it.
    pub action: String,
    /// The resource as the statement has it.
    pub resource: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.role, self.action, self.resource)
    }
}

/// What was asked for and not allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// The function that asked.
    pub function: String,
    /// Its role.
    pub role: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
}

/// The roles of a cloud, and what was used and denied of them.
#[derive(Clone, Debug, Default)]
pub struct Permissions(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    roles: BTreeMap<String, Role>,
    /// Functions' roles by the functions' names.
    of: BTreeMap<String, String>,
    seen: Mutex<Seen>,
    /// Where uses are written, and the prefix that is not to be in them.
    file: Option<(PathBuf, String)>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Which functions used a grant.
    used: BTreeMap<Grant, BTreeSet<String>>,
    denied: BTreeSet<Denial>,
}

impl Permissions {
    /// The permissions of these roles; `of` gives each function its role.
    pub fn new(
        roles: &[Role],
        of: BTreeMap<String, String>,
        file: Option<(PathBuf, String)>,
    ) -> Self {
        let roles = roles.iter().map(|role| (role.name.clone(), role.clone())).collect();
        Self(Arc::new(Inner { roles, of, seen: Mutex::default(), file }))
    }

    /// Whether a function may do this; noted either way.
    pub fn ask(
        &self,
        function: &str,
        action: &str,
        resource: &str,
        context: &RequestContext,
    ) -> Result<(), Denial> {
        let role = self.0.of.get(function).cloned().unwrap_or_default();
        self.ask_role(function, &role, (action, resource), context)
    }

    /// The same for a role that is no function's, such as the scheduler's.
    pub fn ask_role(
        &self,
        asker: &str,
        role: &str,
        (action, resource): (&str, &str),
        context: &RequestContext,
    ) -> Result<(), Denial> {
        let allowing = self.0.roles.get(role).map(|role| role.allowing(action, resource, context));
        let allowing = allowing.unwrap_or_default();
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if allowing.is_empty() {
            let denial = Denial {
                function: asker.into(),
                role: role.into(),
                action: action.into(),
                resource: resource.into(),
            };
            if seen.denied.insert(denial.clone()) {
                println!("  denied: {asker} may not {action} on {resource} (role {role})");
            }
            return Err(denial);
        }
        for Allow { action, resource, .. } in allowing {
            let grant =
                Grant { role: role.into(), action: action.clone(), resource: resource.clone() };
            if !seen.used.contains_key(&grant) {
                self.write(&grant);
            }
            seen.used.entry(grant).or_default().insert(asker.into());
        }
        Ok(())
    }

    fn write(&self, grant: &Grant) {
        let Some((file, prefix)) = &self.0.file else { return };
        let line = format!("{}\n", grant.to_string().replace(prefix.as_str(), "kitemate"));
        let out = std::fs::File::options().create(true).append(true).open(file);
        if let Err(err) = out.and_then(|mut out| out.write_all(line.as_bytes())) {
            println!("  {} cannot be written: {err}", file.display());
        }
    }

    /// The role of a function.
    pub fn role_of(&self, function: &str) -> Option<&Role> {
        self.0.roles.get(self.0.of.get(function)?)
    }

    /// Every role.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.0.roles.values()
    }

    /// The functions of a role.
    pub fn functions_of<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.of.iter().filter(move |(_, of)| *of == role).map(|(function, _)| function.as_str())
    }

    /// What was used of what is granted, and by which functions.
    pub fn used(&self) -> BTreeMap<Grant, BTreeSet<String>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).used.clone()
    }

    /// What was denied.
    pub fn denied(&self) -> BTreeSet<Denial> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).denied.clone()
    }
}

/// Everything that roles grant.
pub fn grants(roles: &[Role]) -> BTreeSet<Grant> {
    let all = roles.iter().flat_map(|role| {
        role.allows.iter().map(|allow| Grant {
            role: role.name.clone(),
            action: allow.action.clone(),
            resource: allow.resource.clone(),
        })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_is_matched_as_iam_does() {
        for (pattern, text, fits) in [
            ("*", "anything", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*:mail-*-q", "arn:mail-x-mail-y-q", true),
            ("prices/*", "prices/", true),
            ("prices/*", "price", false),
            ("*ab", "ab", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn what_no_statement_allows_is_denied_and_noted() {
        let statement = json!([
            { "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "arn:aws:sqs:r:0:mail" },
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::files/prices/*"] },
        ]);
        let properties = json!({ "Policies": [{ "PolicyDocument": { "Statement": statement } }] });
        let role = Role::read("MailRole", &properties).unwrap();
        let of = BTreeMap::from([("auth-register".to_owned(), "MailRole".to_owned())]);
        let permissions = Permissions::new(&[role], of, None);
        let ask = |action, resource| {
            permissions.ask("auth-register", action, resource, &RequestContext::new()).is_ok()
        };
        assert!(ask("sqs:SendMessage", "arn:aws:sqs:r:0:mail"));
        assert!(!ask("sqs:SendMessage", "arn:aws:sqs:r:0:mails"));
        assert!(!ask("sqs:ReceiveMessage", "arn:aws:sqs:r:0:mail"));
        assert!(ask("s3:GetObject", "arn:aws:s3:::files/prices/a.csv"));
        assert!(
            permissions
                .ask(
                    "stranger",
                    "s3:GetObject",
                    "arn:aws:s3:::files/prices/a",
                    &RequestContext::new()
                )
                .is_err()
        );
        assert_eq!((permissions.used().len(), permissions.denied().len()), (2, 3));
    }

    #[test]
    fn a_statement_allows_only_where_its_conditions_hold() {
        let statement = json!([
            { "Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": "*",
              "Condition": { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["limit#login-*", "oauth#*"] } } },
            { "Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*",
              "Condition": { "StringEquals": { "ses:FromAddress": "no-reply@kitemate.example" } } },
        ]);
        let properties = json!({ "Policies": [{ "PolicyDocument": { "Statement": statement } }] });
        let role = Role::read("R", &properties).unwrap();
        let allows = |action: &str, key: &'static str, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            !role.allowing(action, "x", &RequestContext::from([(key, values)])).is_empty()
        };
        let keys = |values: &[&str]| allows("dynamodb:UpdateItem", "dynamodb:LeadingKeys", values);
        assert!(keys(&["limit#login-address#1"]) && keys(&["oauth#1", "limit#login-account#1"]));
        assert!(!keys(&["limit#refresh#1"]) && !keys(&["oauth#1", "zerodha#1"]));
        let from = |values: &[&str]| allows("ses:SendEmail", "ses:FromAddress", values);
        assert!(from(&["no-reply@kitemate.example"]));
        assert!(
            !from(&["ceo@kitemate.example"]) && !from(&[]),
            "a key that is missing does not hold"
        );
    }

    #[test]
    fn a_statement_with_more_in_it_is_refused() {
        for statement in [
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }),
            json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "IpAddress": {} } }),
            json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": { "StringLike": { "aws:SourceArn": "*" } } }),
            json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": { "StringEquals": { "s3:prefix": "a*" } } }),
            json!({ "Effect": "Allow", "NotAction": "*", "Resource": "*" }),
        ] {
            let properties =
                json!({ "Policies": [{ "PolicyDocument": { "Statement": [statement] } }] });
            assert!(Role::read("R", &properties).is_err());
        }
    }
}
