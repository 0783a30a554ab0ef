//! The language as a document.

use std::fmt::Write;

use crate::filter::{Comparison, Match};
use crate::period::{Relative, Unit as SpanUnit};
use crate::query::{Direction, Operation, Visualisation};
use crate::vocabulary::Word;
use crate::{Dimension, Entity, Measure};

/// What stands before the tables.
const ABOUT: &str = "# The portfolio query language\n\n\
    A query is JSON. `GET /v1/query/schema` answers its JSON Schema, and `POST /v1/query/validate` says what a query asks in \
    words, or every fault of it with its place. Amounts are decimal strings in rupees.\n\n\
    ```json\n\
    {\n  \"version\": 1,\n  \"operation\": \"rank\",\n  \"entity\": \"holding\",\n  \"measures\": [\"weight\", \"value\"],\n  \
    \"groupBy\": [\"security\"],\n  \"filters\": [{ \"measure\": \"weight\", \"op\": \">\", \"value\": \"10\" }],\n  \
    \"sort\": { \"by\": \"weight\", \"direction\": \"descending\" },\n  \"limit\": 5,\n  \"visualisation\": \"bar\"\n}\n\
    ```\n\n\
    - A **filter** compares a measure with a number (`value`) or with another measure of the same unit (`than`), or names \
    values of a dimension (`in`, `not_in`) or a part of its name (`contains`).\n\
    - **Time** is one of `{\"asOf\": \"2026-03-31\"}`, `{\"from\": …, \"to\": …}`, `{\"period\": \"this_month\"}`, \
    `{\"last\": 90, \"unit\": \"days\"}`, `{\"financialYear\": \"2025-26\"}`. `compareWith` is another of these.\n\
    - Quantities and prices are of one security: shares of two companies add up to nothing.\n\n\
    This page is written by `cargo run -p contract` from the tables that the reader and the schema are made of.\n";

/// The language as Markdown, for docs/query.md.
pub fn reference() -> String {
    let mut text = ABOUT.to_owned();
    let out = &mut text;
    words::<Operation>(out, "Operations");
    words::<Entity>(out, "Entities");
    let measures = Measure::ALL.iter().map(|one| {
        let scope = if one.is_of_rows() { "" } else { ", as a whole" };
        let of = format!("{}{scope}", entities(one.entities()));
        [code(one.name()), one.unit().name().into(), of, one.about().into()]
    });
    table(out, "Measures", &["measure", "unit", "of", ""], measures);
    let dimensions = Dimension::ALL
        .iter()
        .map(|one| [code(one.name()), entities(one.entities()), one.about().into()]);
    table(out, "Dimensions", &["dimension", "of", ""], dimensions);
    words::<Comparison>(out, "Comparisons of measures");
    words::<Match>(out, "Comparisons of dimensions");
    words::<Relative>(out, "Periods");
    words::<SpanUnit>(out, "Units of `last`");
    words::<Direction>(out, "Directions");
    words::<Visualisation>(out, "Visualisations");
    text
}

/// A table of words and what they mean.
fn words<W: Word>(text: &mut String, title: &str) {
    let rows = W::ALL.iter().map(|one| [code(one.word()), one.meaning().into()]);
    table(text, title, &["word", ""], rows);
}

fn table<const N: usize>(
    text: &mut String,
    title: &str,
    heads: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let _ = writeln!(text, "\n## {title}\n\n| {} |\n|{}", heads.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

fn code(word: &str) -> String {
    format!("`{word}`")
}

fn entities(all: &[Entity]) -> String {
    if all.len() == Entity::ALL.len() {
        return "every entity".to_owned();
    }
    all.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
}
