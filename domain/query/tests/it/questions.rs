//! The question set: what people ask, and the cells that answer it.
//!
//! Half of the questions, chosen by a hash, may be tuned on and gate what lands; the other half is scored.

mod investor;

use std::fmt::Write;

use portfolio_query::Query;
use portfolio_query::answer::{Answer, ColumnKind, Outcome};
use serde_json::Value;

use crate::portfolio::{Book, text};
use investor::investor;

const SET: &str = include_str!("questions/set.txt");
const EXPECTED: &str = include_str!("questions/expected.txt");

/// What a question is to be answered with.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// The cells of a query.
    Cells(Value),
    /// A question back.
    Ask,
    /// That it cannot be answered.
    Nothing,
    /// A refusal.
    Advice,
}

/// Every question, and what it is to be answered with.
fn set() -> Vec<(&'static str, Wanted)> {
    let mut all = Vec::new();
    let mut wanted = None;
    for line in SET.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        wanted = match line {
            "ask" => Some(Wanted::Ask),
            "cannot" => Some(Wanted::Nothing),
            "advice" => Some(Wanted::Advice),
            _ => match line.strip_prefix("query ") {
                Some(query) => Some(Wanted::Cells(complete(query))),
                None => {
                    all.push((line, wanted.clone().expect("a heading before the first question")));
                    continue;
                }
            },
        };
    }
    all
}

/// A query with its version.
fn complete(query: &str) -> Value {
    let mut query: Value = serde_json::from_str(query).expect("JSON");
    query["version"] = 1.into();
    query
}

/// An answer as text: its outcome and reason, or a line for each row. What a dimension is called and figures, and no day or
/// account that a row happens to be told by.
fn cells(book: &Book, query: &Value) -> Vec<String> {
    let read = Query::read(query).unwrap_or_else(|faults| panic!("{query}: {faults:?}"));
    let mut answer: Answer = book.ask(query);
    if answer.outcome != Outcome::Answered {
        let reason = answer.reason.map(|why| serde_json::to_value(why).expect("a word"));
        return vec![format!("{} {}", answer.outcome.name(), reason.unwrap_or_default())];
    }
    answer.rows.truncate(read.limit);
    // Which columns come first is a matter of taste.
    let figures: Vec<bool> =
        answer.columns.iter().map(|one| one.kind != ColumnKind::Dimension).collect();
    for row in &mut answer.rows {
        let cells = std::mem::take(&mut row.cells);
        let (figures, names): (Vec<_>, Vec<_>) =
            cells.into_iter().zip(&figures).partition(|(_, is_figure)| **is_figure);
        row.cells = names.into_iter().chain(figures).map(|(cell, _)| cell).collect();
    }
    text(&answer)
}

/// The cells of every query of the set, as expected.txt has them.
fn expected() -> String {
    let book = investor();
    let mut written = String::new();
    let queries = SET.lines().filter_map(|line| line.strip_prefix("query "));
    for query in queries {
        let _ = writeln!(written, "{query}");
        for row in cells(&book, &complete(query)) {
            let _ = writeln!(written, "    {row}");
        }
    }
    written
}

#[test]
fn the_set_has_enough_questions_each_once_and_every_query_its_cells() {
    let set = set();
    let mut questions: Vec<String> = set.iter().map(|(one, _)| one.to_lowercase()).collect();
    questions.sort();
    assert!(questions.windows(2).all(|pair| pair[0] != pair[1]));
    let advice = set.iter().filter(|(_, wanted)| *wanted == Wanted::Advice).count();
    assert!(set.len() >= 280 && advice >= 30, "{} with {advice} of advice", set.len());
    assert_eq!(
        expected(),
        EXPECTED,
        "write them by `cargo test -p portfolio-query -- --ignored write_expected`"
    );
}

#[test]
#[ignore = "writes the cells of the set, for somebody to read them"]
fn write_expected() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/questions/expected.txt");
    std::fs::write(path, expected()).expect("a place to write to");
}
