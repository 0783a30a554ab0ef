//! Names that go to a model, and the values of filters that may come back.

use std::collections::{HashMap, HashSet};

use crate::understand::Names;
use crate::{Dimension, Fault, Filter, Query, Why};

/// The names of accounts as they are sent: one that has a digit may be a client's number at the broker, so it is numbered, in
/// a way that nobody writes.
pub(super) fn sent_accounts(names: &Names) -> impl Iterator<Item = String> {
    names.accounts.iter().enumerate().map(|(at, label)| {
        let numbered = label.chars().any(char::is_numeric);
        if numbered { format!("account#{}", at + 1) } else { label.clone() }
    })
}

/// A query with the names of accounts as they are sent.
pub(super) fn with_sent_accounts(query: &Query, names: &Names) -> Query {
    let sent: HashMap<&String, String> = names.accounts.iter().zip(sent_accounts(names)).collect();
    let mut query = query.clone();
    for (dimension, values) in query.filters.iter_mut().filter_map(values_of) {
        for value in values.into_iter().filter(|_| names_accounts(dimension)) {
            // A part of a label, or one that is not there any more, may have a number too.
            let hidden = || "account#".to_owned();
            let numbered = value.chars().any(char::is_numeric);
            let other = sent.get(value).cloned().or_else(|| numbered.then(hidden));
            *value = other.unwrap_or_else(|| value.clone());
        }
    }
    query
}

/// Whether values of a dimension are labels of accounts: a holder is known by an account.
fn names_accounts(dimension: Dimension) -> bool {
    matches!(dimension, Dimension::Account | Dimension::Holder)
}

/// What a filter names.
fn values_of(filter: &mut Filter) -> Option<(Dimension, Vec<&mut String>)> {
    match filter {
        Filter::Among(dimension, values) | Filter::NotAmong(dimension, values) => {
            Some((*dimension, values.iter_mut().collect()))
        }
        Filter::Contains(dimension, text) => Some((*dimension, vec![text])),
        Filter::Figure(..) => None,
    }
}

/// The values that a model may put into a filter: names of the portfolio, what stands in the question, and what the query before
/// it had.
pub(super) struct KnownValues {
    /// In small letters.
    names: HashSet<String>,
    question: String,
    /// Accounts by the names they are sent with.
    accounts: HashMap<String, String>,
}

impl KnownValues {
    pub(super) fn new(question: &str, names: &Names, before: Option<&Query>) -> Self {
        let securities = names.securities.iter().flat_map(|one| {
            [Some(one.name.clone()), one.symbol.clone(), Some(one.isin.clone())]
                .into_iter()
                .flatten()
        });
        let others =
            [&names.sectors, &names.accounts, &names.brokers].into_iter().flatten().cloned();
        let mut before = before.cloned();
        let before = before.iter_mut().flat_map(|query| &mut query.filters).filter_map(values_of);
        let before = before.flat_map(|(_, values)| values).map(|value| value.clone());
        let all = securities.chain(others).chain(before);
        Self {
            names: all.map(|name| name.to_lowercase()).collect(),
            question: spaced(question),
            accounts: sent_accounts(names).zip(names.accounts.iter().cloned()).collect(),
        }
    }

    /// The query with accounts by their own names; a fault for each value that is nowhere.
    pub(super) fn check(&self, mut query: Query) -> Result<Query, Vec<Fault>> {
        let mut faults = Vec::new();
        for (at, filter) in query.filters.iter_mut().enumerate() {
            let is_part = matches!(filter, Filter::Contains(..));
            let Some((dimension, values)) = values_of(filter) else { continue };
            for value in values {
                let label = self.accounts.get(value).filter(|_| names_accounts(dimension));
                if let Some(label) = label {
                    value.clone_from(label);
                } else if !self.knows(dimension, value, is_part) {
                    faults.push(Fault {
                        path: format!("/filters/{at}"),
                        why: Why::UnknownWord,
                        message: format!("“{value}” is neither in `names` nor in the question"),
                    });
                }
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }

    fn knows(&self, dimension: Dimension, value: &str, is_part: bool) -> bool {
        let lower = value.to_lowercase();
        let is_word = dimension.values().is_some_and(|words| words.contains(&value));
        // 2026-06, Q1 2026-27, 2025-26.
        let is_time = dimension.is_time()
            && value.len() <= 12
            && value.chars().all(|one| one.is_ascii_digit() || matches!(one, '-' | ' ' | 'Q'));
        let has_words = |text: &str| {
            lower.chars().count() > 2 && format!(" {text} ").contains(&format!(" {lower} "))
        };
        is_word
            || is_time
            || self.names.contains(&lower)
            || has_words(&self.question)
            || is_part && self.names.iter().any(|name| has_words(name))
    }
}

/// A text in small letters, with a space for every sign.
fn spaced(text: &str) -> String {
    let is_word =
        |one: char| one.is_alphanumeric() || matches!(one, '&' | '-' | '\u{900}'..='\u{97F}');
    text.to_lowercase().chars().map(|one| if is_word(one) { one } else { ' ' }).collect()
}
