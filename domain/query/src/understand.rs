//! Understanding questions without a model: words to a query, by rules.
//!
//! A question is cut into words; each run of words means something, names something of the portfolio, or says
//! days. What they mean together decides the query. A word that means nothing here ends it: a question that is not understood
//! whole is not answered, since a number for another question would be worse than none.

mod advice;
mod build;
mod concept;
mod filler;
mod follow;
mod frame;
mod lexicon;
pub mod model;
mod names;
mod phrases;
mod sectors;
mod time;
mod tokens;

use jiff::civil::Date;

use crate::Query;
use build::Interpretation;
use frame::Frame;
use names::Lookup;
pub use names::{Names, SecurityName};

/// The characters of a question that are looked at.
pub const LONGEST_QUESTION: usize = 500;

/// What was understood of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Understanding {
    /// It asks this.
    Query {
        /// The query.
        query: Query,
        /// Words that were taken for another: as written, and as taken.
        mended: Vec<(String, String)>,
    },
    /// It could ask several things.
    Ask {
        /// What is to be asked back.
        message: String,
        /// What it could mean.
        options: Vec<Choice>,
    },
    /// It asks for advice.
    Advice,
    /// It cannot be answered from a portfolio, or was not understood.
    Nothing {
        /// Why, for whoever asked.
        message: String,
    },
}

/// One of the things that a question could ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it is called.
    pub label: String,
    /// The query.
    pub query: Query,
}

/// Understands a question about a portfolio with these names. `before` is what was asked last in the same conversation.
pub fn understand(
    question: &str,
    names: &Names,
    today: Date,
    before: Option<&Query>,
) -> Understanding {
    let question: String = question.chars().take(LONGEST_QUESTION).collect();
    let tokens = tokens::tokens(&question);
    if advice::asks_for_advice(&tokens) {
        return Understanding::Advice;
    }
    let lookup = Lookup::new(names);
    let frame = Frame::read(&tokens, &lookup, today);
    if let Some(followed) = before.and_then(|before| follow::follow(&frame, names, before)) {
        return finish(followed, frame.mended);
    }
    finish(build::build(&frame, names), frame.mended)
}

/// Whether a text asks for advice, or gives it, by its words.
pub fn speaks_of_advice(text: &str) -> bool {
    advice::asks_for_advice(&tokens::tokens(text))
}

/// Whether a word says a number or multiplies one.
#[cfg(test)]
pub(crate) fn is_number_word(word: &str) -> bool {
    tokens::number(word).is_some()
        || tokens::word_number(word).is_some()
        || tokens::multiplier(word).is_some()
}

/// A question as it is looked for among certified ones: its words in small letters.
pub fn words_of(question: &str) -> String {
    let question: String = question.chars().take(LONGEST_QUESTION).collect();
    let words: Vec<String> =
        tokens::tokens(&question).into_iter().map(|token| token.text).collect();
    words.join(" ")
}

/// Nothing but a query that the reader takes is ever answered.
fn finish(interpretation: Interpretation, mended: Vec<(String, String)>) -> Understanding {
    let read = |query: &Query| Query::read(&query.to_json()).ok();
    match interpretation {
        Interpretation::Query(query) => match read(&query) {
            Some(query) => Understanding::Query { query, mended },
            None => build::not_understood(),
        },
        Interpretation::Choices { message, options } => {
            let choice =
                |(label, query): (String, Query)| Some(Choice { label, query: read(&query)? });
            Understanding::Ask {
                message,
                options: options.into_iter().filter_map(choice).collect(),
            }
        }
        Interpretation::Nothing(message) => Understanding::Nothing { message },
    }
}
