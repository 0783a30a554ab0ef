//! A question as what its words mean.

use std::collections::HashSet;
use std::sync::LazyLock;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::concept::Concept;
use super::lexicon::phrases;
use super::names::{Lookup, Named};
use super::phrases::Phrases;
use super::time::{self, Time};
use super::tokens::{Token, multiplier, number, word_number};
use crate::period::{Period, Relative};

/// A number of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: Decimal,
    pub(super) is_percent: bool,
    /// Whether it is an amount of rupees: it has a lakh, or is written as one.
    pub(super) is_amount: bool,
    /// Whether it is written as a word, which may be one for something else.
    pub(super) is_word: bool,
}

/// What the words of a question mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) concepts: Vec<Concept>,
    pub(super) names: Vec<Named>,
    pub(super) times: Vec<Time>,
    pub(super) numbers: Vec<Number>,
    /// Whether it asks of several things: "stocks", "holdings".
    pub(super) plural: bool,
    /// Whether it says "total".
    pub(super) total: bool,
    /// Whether it speaks of tax, whose years begin in April.
    pub(super) tax: bool,
    /// Whether it speaks of whoever asks.
    pub(super) own: bool,
    /// What is left out: "except Infosys", "without mutual funds".
    pub(super) excluded: Vec<Named>,
    pub(super) excluded_classes: Vec<&'static str>,
    /// Whether what is named next is left out.
    excludes: bool,
    /// Today.
    pub(super) today: Date,
    /// Words that mean nothing here.
    pub(super) unknown: Vec<String>,
    /// Words that were taken for another, as written and as taken.
    pub(super) mended: Vec<(String, String)>,
}

static PHRASES: LazyLock<Phrases<Concept>> = LazyLock::new(|| Phrases::new(phrases()));

static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| PHRASES.words().chain(time::words()).collect());

/// Words for several things.
const PLURALS: &str = "stocks, shares, holdings, positions, companies, funds, etfs, sectors, accounts, brokers, gainers, \
    losers, winners, movers, laggards, payers, performers, trades, transactions, investments, securities, \
    schemes, names, purchases, sales, mfs, equities, scrips, bets";

impl Frame {
    pub(super) fn read(tokens: &[Token], lookup: &Lookup<'_>, today: Date) -> Self {
        let mut frame = Self { today, ..Self::default() };
        let tokens = frame.mend(tokens, lookup);
        let says = |words: &str| {
            tokens.iter().any(|token| words.split(", ").any(|word| word == token.text))
        };
        frame.plural = says(PLURALS);
        frame.own = says(
            "my, i, me, we, our, mera, meri, mere, maine, mujhe, hum, humara, portfolio, holdings",
        );
        frame.total = says("total, overall, altogether, kul");
        frame.tax = says("tax, taxable, capital, ltcg, stcg, taxes");
        let mut at = 0;
        while at < tokens.len() {
            at += frame.take(&tokens[at..], lookup, today);
        }
        frame
    }

    pub(super) fn has(&self, concept: Concept) -> bool {
        self.concepts.contains(&concept)
    }

    pub(super) fn has_any(&self, concepts: &[Concept]) -> bool {
        self.concepts.iter().any(|one| concepts.contains(one))
    }

    /// The days that are named, in their order.
    pub(super) fn days(&self) -> impl Iterator<Item = Period> {
        self.times.iter().filter_map(|time| match time {
            Time::Days(period) => Some(*period),
            _ => None,
        })
    }

    /// Whether it is about today alone.
    pub(super) fn is_today(&self) -> bool {
        self.days().next() == Some(Period::Relative(Relative::Today))
    }

    /// Takes what the tokens begin with, and answers how many it took. The longest that fits counts; names go before days,
    /// and days before other words.
    fn take(&mut self, tokens: &[Token], lookup: &Lookup<'_>, today: Date) -> usize {
        let name = lookup.read(tokens);
        let time = time::read(tokens, today);
        let phrase = PHRASES.longest(tokens);
        let length = |found: Option<usize>| found.unwrap_or(0);
        let (names, times, words) = (
            length(name.as_ref().map(|(_, length)| *length)),
            length(time.map(|(_, length)| length)),
            length(phrase.map(|(_, length)| length)),
        );
        match (name, time, phrase) {
            (Some((name, length)), ..) if names >= times && names >= words => {
                let list = if self.excludes { &mut self.excluded } else { &mut self.names };
                list.push(name);
                length
            }
            (_, Some((time, length)), _) if times >= words => {
                self.times.push(time);
                length
            }
            (.., Some((concept, length))) => {
                match concept {
                    Concept::Except => self.excludes = true,
                    Concept::ExceptThat => self.excluded.extend(self.names.pop()),
                    Concept::Class(class) if self.excludes => self.excluded_classes.push(class),
                    Concept::Filler | Concept::And | Concept::Stocks | Concept::Named(_) => {
                        self.concepts.push(concept);
                    }
                    concept => {
                        self.excludes = false;
                        self.concepts.push(concept);
                    }
                }
                length
            }
            _ => self.take_number(tokens),
        }
    }

    fn take_number(&mut self, tokens: &[Token]) -> usize {
        let first = &tokens[0];
        if first.text == "half" {
            let value = Decimal::new(5, 1);
            let words: Vec<&str> = tokens.iter().take(3).map(|token| token.text.as_str()).collect();
            let length = if words.get(1) == Some(&"a") { 3 } else { 2 };
            let is_percent =
                ["percent", "%"].contains(&words.get(length - 1).copied().unwrap_or_default());
            if is_percent {
                self.numbers.push(Number { value, is_percent, is_amount: false, is_word: true });
                return length;
            }
        }
        let read = number(&first.text).or_else(|| word_number(&first.text).map(Decimal::from));
        let Some(value) = read else {
            self.unknown.push(first.raw.clone());
            return 1;
        };
        let next = |at: usize| tokens.get(at).map(|token| token.text.as_str());
        let (value, mut length, times) = match next(1).and_then(multiplier) {
            Some(times) => (value.checked_mul(times).unwrap_or(value), 2, true),
            None => (value, 1, false),
        };
        let percent = ["%", "percent", "pct", "percentage", "pratishat"];
        let is_percent = next(length).is_some_and(|word| percent.contains(&word));
        length += usize::from(is_percent);
        let is_amount = times || first.text.contains(',') || value >= Decimal::from(1_000);
        let is_word = number(&first.text).is_none();
        self.numbers.push(Number { value, is_percent, is_amount, is_word });
        length
    }

    /// Takes a word that means nothing for one that is nearly the same: with one letter other of four to seven, two of more.
    fn mend(&mut self, tokens: &[Token], lookup: &Lookup<'_>) -> Vec<Token> {
        let names: HashSet<&str> = lookup.words().collect();
        let mend = |token: &Token| {
            let word = token.text.as_str();
            let letters = word.chars().count();
            let known = WORDS.contains(word)
                || names.contains(word)
                || multiplier(word).is_some()
                || word_number(word).is_some();
            let begins = names.iter().any(|name| letters >= 5 && name.starts_with(word));
            if known || begins || letters < 5 || word.chars().any(|letter| letter.is_ascii_digit())
            {
                return token.clone();
            }
            let most = if letters >= 8 { 2 } else { 1 };
            let first = word.chars().next();
            let words = WORDS.iter().copied().chain(names.iter().copied());
            let near = words
                .filter(|other| other.chars().next() == first && other.chars().count() >= 4)
                .map(|other| (strsim::osa_distance(word, other), other))
                .filter(|(distance, _)| *distance <= most)
                .min();
            near.map_or_else(
                || token.clone(),
                |(_, other)| Token { text: other.to_owned(), raw: token.raw.clone() },
            )
        };
        let mended: Vec<Token> = tokens.iter().map(mend).collect();
        let changed = tokens.iter().zip(&mended).filter(|(one, other)| one.text != other.text);
        self.mended = changed.map(|(one, other)| (one.raw.clone(), other.text.clone())).collect();
        mended
    }
}
