//! Names in a question: companies and funds, sectors, accounts, brokers.

use super::sectors::SECTORS;
use super::tokens::{Token, tokens};

/// What there is in a portfolio that a question may name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Securities that are held, or were.
    pub securities: Vec<SecurityName>,
    /// Their sectors.
    pub sectors: Vec<String>,
    /// What the accounts are called.
    pub accounts: Vec<String>,
    /// Their brokers.
    pub brokers: Vec<String>,
}

/// A security by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityName {
    /// What it is called.
    pub name: String,
    /// Its exchange symbol.
    pub symbol: Option<String>,
    /// Its ISIN.
    pub isin: String,
}

impl SecurityName {
    /// What a query names it by: its symbol, which people read, else its name.
    pub(super) fn value(&self) -> String {
        self.symbol.clone().unwrap_or_else(|| self.name.clone())
    }
}

/// What some words name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// One security, or several that could be meant.
    Securities(Vec<usize>),
    Sectors(Vec<String>),
    Accounts(Vec<String>),
    Broker(String),
}

/// Words of names that name nothing by themselves.
const GENERIC: &str = "bank, fund, funds, india, indian, limited, ltd, industries, industry, company, corporation, corp, \
    direct, growth, regular, plan, option, scheme, etf, services, consultancy, motors, cap, mutual, \
    the, and, of, small, large, mid, index, nifty, 50, dividend, idcw, first, international, group, \
    systems, info, ventures, enterprises, holdings, holding, products, technologies, laboratories, \
    financial, finance, capital, power, energy, oil, gas, steel, life, general, new, one, central, account, \
    demat, share, shares, value, my";

fn is_generic(word: &str) -> bool {
    GENERIC.split(", ").any(|generic| generic == word)
}

/// Names made ready to look words up in.
pub(super) struct Lookup<'a> {
    names: &'a Names,
    /// The words of each security's name, and its symbol.
    securities: Vec<(Vec<String>, Option<String>)>,
    /// The words of each account's label.
    accounts: Vec<Vec<String>>,
    /// The words for sectors, and the sectors they name.
    sectors: Vec<(Vec<String>, Vec<String>)>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        let securities = names.securities.iter();
        let securities = securities
            .map(|one| (words(&one.name), one.symbol.as_ref().map(|symbol| symbol.to_lowercase())));
        let accounts = names.accounts.iter().map(|label| words(label));
        Self {
            names,
            securities: securities.collect(),
            accounts: accounts.collect(),
            sectors: sectors(&names.sectors),
        }
    }

    /// Every word of a name, for whoever mends the spelling.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let of_securities = self
            .securities
            .iter()
            .flat_map(|(words, symbol)| words.iter().map(String::as_str).chain(symbol.as_deref()));
        of_securities.chain(self.names.brokers.iter().map(String::as_str))
    }

    /// What the tokens begin with, and how many of them it takes.
    pub(super) fn read(&self, tokens: &[Token]) -> Option<(Named, usize)> {
        let found =
            [self.security(tokens), self.account(tokens), self.broker(tokens), self.sector(tokens)];
        found.into_iter().flatten().rev().max_by_key(|(_, length)| *length)
    }

    fn security(&self, tokens: &[Token]) -> Option<(Named, usize)> {
        let first = tokens.first()?;
        // "it" and the like are symbols only where they are written as such.
        let symbols = self.securities.iter().enumerate();
        let by_symbol: Vec<usize> = symbols
            .filter(|(_, (_, symbol))| symbol.as_deref() == Some(first.text.as_str()))
            .map(|(number, _)| number)
            .collect();
        // A symbol in pieces: "nifty bees".
        for length in 2..=3_usize.min(tokens.len()) {
            // "in fy" is no symbol.
            if tokens[..length].iter().any(|token| token.text.len() < 3) {
                continue;
            }
            let joined: String = tokens[..length].iter().map(|token| token.text.as_str()).collect();
            let same = |symbol: &Option<String>| symbol.as_deref() == Some(joined.as_str());
            if let Some(number) = self.securities.iter().position(|(_, symbol)| same(symbol)) {
                return Some((Named::Securities(vec![number]), length));
            }
        }
        let mut best: (Vec<usize>, usize) = (Vec::new(), 0);
        for (number, (words, _)) in self.securities.iter().enumerate() {
            for from in 0..words.len() {
                let length = same_words(&words[from..], tokens);
                let known = tokens[..length].iter().any(|token| !is_generic(&token.text));
                if length == 0 || !known {
                    continue;
                }
                if length > best.1 {
                    best = (vec![number], length);
                } else if length == best.1 && !best.0.contains(&number) {
                    best.0.push(number);
                }
            }
        }
        // What is called exactly so is meant.
        let exact = |number: &usize| self.securities[*number].0.len() == best.1;
        if let Some(only) = best.0.iter().find(|number| exact(number)) {
            best.0 = vec![*only];
        }
        if !by_symbol.is_empty() && best.1 <= 1 {
            return Some((Named::Securities(by_symbol), 1));
        }
        (best.1 > 0).then_some((Named::Securities(best.0), best.1))
    }

    fn account(&self, tokens: &[Token]) -> Option<(Named, usize)> {
        let mut best: (Vec<String>, usize) = (Vec::new(), 0);
        for (label, words) in self.names.accounts.iter().zip(&self.accounts) {
            let length = same_words(words, tokens);
            let known = tokens[..length].iter().any(|token| !is_generic(&token.text));
            if length == 0 || !known {
                continue;
            }
            if length > best.1 {
                best = (vec![label.clone()], length);
            } else if length == best.1 {
                best.0.push(label.clone());
            }
        }
        (best.1 > 0).then_some((Named::Accounts(best.0), best.1))
    }

    fn broker(&self, tokens: &[Token]) -> Option<(Named, usize)> {
        let first = &tokens.first()?.text;
        let broker = self.names.brokers.iter().find(|broker| broker.to_lowercase() == *first)?;
        Some((Named::Broker(broker.clone()), 1))
    }

    fn sector(&self, tokens: &[Token]) -> Option<(Named, usize)> {
        let fits = self.sectors.iter().filter(|(words, _)| begins_with(tokens, words));
        let (words, sectors) = fits.max_by_key(|(words, _)| words.len())?;
        let length = words.len();
        // "it" is a sector where it is written as one, or beside a word for one.
        if length == 1 && tokens[0].text == "it" {
            let beside = tokens.get(1).map(|next| next.text.as_str());
            let beside = matches!(
                beside,
                Some("sector" | "stocks" | "shares" | "holdings" | "companies" | "funds")
            );
            if tokens[0].raw != "IT" && !beside {
                return None;
            }
        }
        Some((Named::Sectors(sectors.clone()), length))
    }
}

fn words(name: &str) -> Vec<String> {
    tokens(name).into_iter().map(|token| token.text).collect()
}

/// The words for sectors: a sector's own, and those that mean the same as it.
fn sectors(here: &[String]) -> Vec<(Vec<String>, Vec<String>)> {
    let own = here.iter().map(|sector| (words(sector), vec![sector.clone()]));
    let said = SECTORS.iter().flat_map(|group| {
        let meant: Vec<String> =
            here.iter().filter(|sector| is_of(sector, group)).cloned().collect();
        let phrases = group.iter().filter(|_| !meant.is_empty());
        phrases.map(|phrase| (words(phrase), meant.clone())).collect::<Vec<_>>()
    });
    own.chain(said).collect()
}

/// Whether a sector, as its source has it, is of a group of words that mean the same.
fn is_of(sector: &str, group: &[&str]) -> bool {
    let name: Vec<String> = words(sector).into_iter().filter(|word| word != "and").collect();
    group.contains(&name.join(" ").as_str())
}

fn begins_with(tokens: &[Token], words: &[String]) -> bool {
    !words.is_empty()
        && tokens.len() >= words.len()
        && words.iter().zip(tokens).all(|(word, token)| *word == token.text)
}

/// How many words of a name the tokens begin with; the beginning of a longer word, such as "pharma", is that word.
fn same_words(words: &[String], tokens: &[Token]) -> usize {
    let same = |(word, token): &(&String, &Token)| {
        let begins = token.text.len() >= 5 && word.starts_with(token.text.as_str());
        **word == token.text || begins
    };
    words.iter().zip(tokens).take_while(same).count()
}
