//! The language as a document.

use std::fmt::Write;

use crate::filter::{Comparison, Match};
use crate::period::{Relative, Unit as SpanUnit};
use crate::query::{Direction, Operation, Visualisation};
use crate::vocabulary::Word;
use crate::{Dimension, Entity, Measure};

/// What stands at the head of the document.
const HEAD: &str = "# The portfolio query language\n\n\
    `GET /v1/query/schema` answers the JSON Schema of the language, `POST /v1/query/validate` says what a query asks in words, or \
    every fault of it with its place, and `POST /v1/query/execute` answers it.\n\n\
    This page is written by `cargo run -p contract` from the tables that the reader and the schema are made of.\n\n";

/// What stands before the tables.
const ABOUT: &str = "A query is JSON. Amounts are decimal strings in rupees.\n\n\
    ```json\n\
    {\n  \"version\": 1,\n  \"operation\": \"rank\",\n  \"entity\": \"holding\",\n  \"measures\": [\"weight\", \"value\"],\n  \
    \"groupBy\": [\"security\"],\n  \"filters\": [{ \"measure\": \"weight\", \"op\": \">\", \"value\": \"10\" }],\n  \
    \"sort\": { \"by\": \"weight\", \"direction\": \"descending\" },\n  \"limit\": 5,\n  \"visualisation\": \"bar\"\n}\n\
    ```\n\n\
    - A **filter** compares a measure with a number (`value`) or with another measure of the same unit (`than`), or names \
    values of a dimension (`in`, `not_in`) or a part of its name (`contains`).\n\
    - **Time** is one of `{\"asOf\": \"2026-03-31\"}`, `{\"from\": …, \"to\": …}`, `{\"period\": \"this_month\"}`, \
    `{\"last\": 90, \"unit\": \"days\"}`, `{\"financialYear\": \"2025-26\"}`. `compareWith` is another of these.\n\
    - Quantities and prices are of one security: shares of two companies add up to nothing.\n\
    - **A security** is named by its name, its symbol or its ISIN, whatever the case. A name that a split changed the ISIN of \
    is one security.\n\n\
    ## Answers\n\n\
    - **Days**: holdings and open lots are those of the last day of the time, at its prices; today where no time is given. \
    Closed lots, trades, income and flows are those within the time. Measures of a whole, such as `return`, are of the time.\n\
    - **A row that is put together** has the sum of its rows, or one sum by another: `unrealised_percent` is the gain of all \
    by the cost of all. Days of lots say in their meaning how they are put together.\n\
    - **A figure that is unknown** is null and has a `reason`. A sum says how many rows are `missing` in it, and why.\n\
    - **Rows that a filter cannot judge** are in nothing of the answer; `unjudged` counts them. What has no price is neither \
    above nor below 10 %.\n\
    - **`outcome`** is `answered`; `empty` where nothing matches; `unknown` where the data cannot say, such as of days before \
    the history begins. `coverage` says from when on something is known.\n\
    - **Rows**: 200 at most, and `nextCursor`. Without `sort` they come by what they are, and events with the newest first. \
    What is unknown comes last.\n\
    - A query that takes too much work is refused with `too_much_work`. A long time in small parts, or returns of hundreds of \
    groups over a long history, can be that.\n";

/// The document of the language, docs/query.md.
pub fn reference() -> String {
    format!("{HEAD}{}", language())
}

/// The language as Markdown.
pub(crate) fn language() -> String {
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
