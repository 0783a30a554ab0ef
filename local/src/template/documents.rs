//! The template of a checkout, those that it nests, and what they include.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::yaml::{self, Node};

/// A stack in a stack.
const NESTED: &str = "AWS::Serverless::Application";

/// Parsed files by their paths from the folder of the first one.
pub(super) struct Documents {
    root: PathBuf,
    files: BTreeMap<PathBuf, Node>,
}

impl Documents {
    /// Reads a template and, from it on, every other.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let name = file.file_name().ok_or_else(|| anyhow!("{} is no file", file.display()))?;
        let mut documents = Self { root: name.into(), files: BTreeMap::new() };
        let mut left = vec![documents.root.clone()];
        while let Some(path) = left.pop() {
            if documents.files.contains_key(&path) {
                continue;
            }
            let file = folder.join(&path);
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let document = yaml::parse(&text).with_context(|| path.display().to_string())?;
            for location in locations(&document)? {
                left.push(beside(&path, location));
            }
            documents.files.insert(path, document);
        }
        Ok(documents)
    }

    /// One template without others.
    #[cfg(test)]
    pub(super) fn single(text: &str) -> Result<Self> {
        let root = PathBuf::from("template.yaml");
        Ok(Self { files: BTreeMap::from([(root.clone(), yaml::parse(text)?)]), root })
    }

    /// The path of the first.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The document at a path.
    pub(super) fn at(&self, path: &Path) -> Result<&Node> {
        self.files.get(path).ok_or_else(|| anyhow!("there is no {}", path.display()))
    }

    /// Every document.
    pub(super) fn all(&self) -> impl Iterator<Item = &Node> {
        self.files.values()
    }
}

/// A path that stands in a document, seen from where the document's own is.
pub(super) fn beside(document: &Path, location: &str) -> PathBuf {
    let mut path = document.parent().map(Path::to_owned).unwrap_or_default();
    for part in Path::new(location).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path
}

/// Where a document names others: stacks in it, and what its API includes.
fn locations(document: &Node) -> Result<Vec<&str>> {
    let mut found = Vec::new();
    for (_, resource) in document.get("Resources").map_or(&[][..], Node::entries) {
        let Some(properties) = resource.get("Properties") else { continue };
        let nested = resource.need("Type")?.text()? == NESTED;
        let location = match nested {
            true => Some(properties.need("Location")?),
            false => properties.get("DefinitionBody").and_then(included),
        };
        found.extend(location.map(Node::text).transpose()?);
    }
    Ok(found)
}

/// The location in `Fn::Transform: {Name: AWS::Include, Parameters: {Location: …}}`.
pub(super) fn included(node: &Node) -> Option<&Node> {
    let transform = node.get("Fn::Transform")?;
    let name = transform.get("Name")?.text().ok()?;
    (name == "AWS::Include").then(|| transform.get("Parameters")?.get("Location"))?
}
