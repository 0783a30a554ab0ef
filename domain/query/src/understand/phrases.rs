//! Phrases and what they mean.

use std::collections::HashMap;

use super::tokens::Token;

/// Phrases by their words. Of a phrase that is there twice the first meaning counts.
pub(super) struct Phrases<T> {
    meanings: HashMap<&'static str, T>,
    /// The words of the longest.
    longest: usize,
}

impl<T: Copy> Phrases<T> {
    pub(super) fn new(phrases: impl Iterator<Item = (&'static str, T)>) -> Self {
        let (mut meanings, mut longest) = (HashMap::new(), 0);
        for (phrase, meaning) in phrases {
            meanings.entry(phrase).or_insert(meaning);
            longest = longest.max(phrase.split(' ').count());
        }
        Self { meanings, longest }
    }

    /// What the longest phrase that the tokens begin with means, and how many words it has.
    pub(super) fn longest(&self, tokens: &[Token]) -> Option<(T, usize)> {
        let words: Vec<&str> =
            tokens.iter().take(self.longest).map(|token| token.text.as_str()).collect();
        (1..=words.len()).rev().find_map(|length| {
            let meaning = self.meanings.get(words[..length].join(" ").as_str())?;
            Some((*meaning, length))
        })
    }

    /// The words of all phrases.
    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        self.meanings.keys().flat_map(|phrase| phrase.split(' '))
    }
}
