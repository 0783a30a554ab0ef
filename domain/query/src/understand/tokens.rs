//! A question cut into words and numbers.

use rust_decimal::Decimal;

/// The words that are looked at; a longer question is cut.
pub(super) const MOST_WORDS: usize = 80;

/// A word of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// In small letters, without a possessive ending.
    pub(super) text: String,
    /// As it was written.
    pub(super) raw: String,
}

/// Cuts a question. Letters, digits and `%` make words; `&`, `.`, `,` and `/` count between them, and a hyphen parts words but
/// not dates and years.
pub(super) fn tokens(question: &str) -> Vec<Token> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = question.chars().take(MOST_WORDS * 12).collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let between = |kind: fn(&char) -> bool| before.is_some_and(kind) && after.is_some_and(kind);
        let keeps = match letter {
            '.' | ',' | '/' | '-' | '–' => between(char::is_ascii_digit),
            '&' => between(|letter| letter.is_alphabetic()),
            '\'' | '’' => false,
            letter => letter.is_alphanumeric() || *letter == '%' || is_mark(*letter),
        };
        if keeps {
            word.push(if *letter == '–' { '-' } else { *letter });
        } else if matches!(letter, '\'' | '’') && after.is_some_and(|next| next.is_alphabetic()) {
            // The ending of a possessive, or of "what's", says nothing.
            word.push('\'');
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.push(word);
    let tokens = words.iter().flat_map(|word| token(word));
    tokens.take(MOST_WORDS).collect()
}

/// Whether it belongs to the letter before, as vowels of Devanagari do.
fn is_mark(letter: char) -> bool {
    ('\u{900}'..='\u{97F}').contains(&letter)
}

fn token(word: &str) -> Vec<Token> {
    // "doesn't" says not.
    if let Some(verb) = word.to_lowercase().strip_suffix("n't") {
        let token = |text: &str| Token { text: text.to_owned(), raw: text.to_owned() };
        return vec![token(if verb == "ca" { "can" } else { verb }), token("not")];
    }
    let raw = word.split('\'').next().unwrap_or_default();
    if raw.is_empty() {
        return Vec::new();
    }
    // "10%" is a number and a percent sign; "90-days" and "1.5cr" are cut where digits end.
    let mut parts: Vec<String> = Vec::new();
    for letter in raw.chars() {
        let kind = |letter: char| match letter {
            '%' => 0,
            letter if letter.is_ascii_digit() || matches!(letter, '.' | ',' | '/' | '-') => 1,
            _ => 2,
        };
        match parts.last_mut() {
            Some(part) if part.chars().last().is_some_and(|last| kind(last) == kind(letter)) => {
                part.push(letter);
            }
            // A year of two parts keeps its letters: FY26, Q1.
            Some(part) if kind(letter) == 1 && part.chars().all(char::is_alphabetic) => {
                part.push(letter)
            }
            _ => parts.push(letter.to_string()),
        }
    }
    parts.into_iter().map(|raw| Token { text: raw.to_lowercase(), raw }).collect()
}

/// A number as it is written in India: `1,00,000`, `12.5`.
pub(super) fn number(text: &str) -> Option<Decimal> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) || text.contains(['/', '-']) {
        return None;
    }
    text.replace(',', "")
        .parse()
        .ok()
        .filter(|number: &Decimal| *number < Decimal::from(10_u64.pow(15)))
}

/// What a word multiplies the number before it by.
pub(super) fn multiplier(word: &str) -> Option<Decimal> {
    let times: u64 = match word {
        "k" | "thousand" | "thousands" | "hazar" | "hazaar" | "hajar" => 1_000,
        "l" | "lakh" | "lakhs" | "lac" | "lacs" | "laakh" => 100_000,
        "m" | "mn" | "million" => 1_000_000,
        "cr" | "crore" | "crores" | "karod" | "karor" => 10_000_000,
        "hundred" | "sau" => 100,
        _ => return None,
    };
    Some(Decimal::from(times))
}

/// A number in words.
pub(super) fn word_number(word: &str) -> Option<u32> {
    Some(match word {
        "one" | "ek" | "single" => 1,
        "two" => 2,
        "three" | "teen" => 3,
        "four" | "char" | "chaar" => 4,
        "five" | "paanch" | "panch" => 5,
        "six" | "chhe" => 6,
        "seven" | "saat" => 7,
        "eight" | "aath" => 8,
        "nine" | "nau" => 9,
        "ten" | "das" => 10,
        "twelve" => 12,
        "fifteen" => 15,
        "twenty" => 20,
        "thirty" => 30,
        "fifty" | "pachas" => 50,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(question: &str) -> Vec<String> {
        tokens(question).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_question_is_cut_into_words_and_numbers() {
        let table = [
            ("What's my P&L?", vec!["what", "my", "p&l"]),
            ("today's gain in ITC", vec!["today", "gain", "in", "itc"]),
            ("over 10% weight", vec!["over", "10", "%", "weight"]),
            ("₹1,00,000 or 1.5cr", vec!["1,00,000", "or", "1.5", "cr"]),
            ("FY 2025-26, FY26 and 31/03/2026", vec!["fy", "2025-26", "fy26", "and", "31/03/2026"]),
            ("short-term, 52-week", vec!["short", "term", "52", "week"]),
            ("52w high", vec!["52", "w", "high"]),
            ("", vec![]),
        ];
        for (question, expected) in table {
            assert_eq!(words(question), expected, "{question}");
        }
    }
}
