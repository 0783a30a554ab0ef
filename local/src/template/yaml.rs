//! YAML with line numbers and CloudFormation's tags kept.

use std::borrow::Cow;

use anyhow::{Result, anyhow, bail};
use saphyr_parser::{Event, Parser, Tag};

/// A node and the line it begins on.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    /// `Ref`, `Sub` and so on, without the exclamation mark.
    pub(super) tag: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> Result<&Node> {
        self.get(key).ok_or_else(|| anyhow!("line {}: `{key}` is missing", self.line))
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Result<&str> {
        match &self.kind {
            Kind::Text(text) => Ok(text),
            _ => bail!("line {}: expected a text", self.line),
        }
    }
}

/// Parses a document.
pub(super) fn parse(text: &str) -> Result<Node> {
    let mut parser = Parser::new_from_str(text);
    loop {
        let Some(next) = parser.next() else { bail!("the file is empty") };
        let (event, span) = next.map_err(|err| anyhow!("it is not YAML: {err}"))?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return node(&mut parser, event, span.start.line()),
        }
    }
}

fn node<'a>(
    parser: &mut Parser<'a, impl saphyr_parser::Input>,
    event: Event<'a>,
    line: usize,
) -> Result<Node> {
    let (tag, kind) = match event {
        Event::Scalar(text, _, _, tag) => (tag, Kind::Text(text.into_owned())),
        Event::SequenceStart(_, tag) => {
            let mut items = Vec::new();
            while let Some((event, line)) = next(parser)? {
                items.push(node(parser, event, line)?);
            }
            (tag, Kind::List(items))
        }
        Event::MappingStart(_, tag) => {
            let mut entries = Vec::new();
            while let Some((event, line)) = next(parser)? {
                let Event::Scalar(key, ..) = event else {
                    bail!("line {line}: a key must be a text")
                };
                let Some((event, line)) = next(parser)? else {
                    bail!("line {line}: `{key}` has no value")
                };
                entries.push((key.into_owned(), node(parser, event, line)?));
            }
            (tag, Kind::Map(entries))
        }
        Event::Alias(_) => bail!("line {line}: CloudFormation takes no YAML aliases"),
        event => bail!("line {line}: unexpected {event:?}"),
    };
    Ok(Node { line, tag: tag.and_then(own_tag), kind })
}

/// The next event inside a list or mapping; `None` at its end.
fn next<'a>(
    parser: &mut Parser<'a, impl saphyr_parser::Input>,
) -> Result<Option<(Event<'a>, usize)>> {
    let Some(next) = parser.next() else { bail!("the file ends too early") };
    let (event, span) = next.map_err(|err| anyhow!("it is not YAML: {err}"))?;
    Ok(match event {
        Event::SequenceEnd | Event::MappingEnd => None,
        event => Some((event, span.start.line())),
    })
}

fn own_tag(tag: Cow<'_, Tag>) -> Option<String> {
    (tag.handle == "!").then(|| tag.suffix.clone())
}
