//! What a text of a model may not say by itself.

use super::{Unfit, short};

/// Number words, in English and Hinglish: what somebody could say a figure with.
const NUMBER_WORDS: &str = "zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, \
    fifteen, sixteen, seventeen, eighteen, nineteen, twenty, thirty, forty, fifty, sixty, seventy, eighty, \
    ninety, hundred, hundreds, thousand, thousands, lakh, lakhs, lac, lacs, crore, crores, million, \
    millions, billion, billions, half, halved, halves, quarter, quarters, third, thirds, fourth, fifth, \
    tenth, double, doubled, doubles, doubling, triple, tripled, triples, twice, thrice, quadruple, \
    quadrupled, tenfold, twofold, threefold, dozen, dozens, single, couple, pair, first, second, nil, none, \
    ek, teen, char, chaar, paanch, panch, chhe, chhah, saat, aath, nau, das, gyarah, barah, bees, tees, \
    chalis, pachas, saath, sattar, assi, nabbe, sau, hazar, hazaar, hajar, laakh, karod, karor, dugna, \
    dugni, dugne, tigna, tiguna, teenguna, chauguna, aadha, adha, aadhi, adhi, aadhe, dedh, dhai, dhaai, \
    paune, pauna, sava, sawa, sadhe, saadhe, pav, paav, chauthai, tihai, doguna, शून्य, एक, दो, तीन, चार, \
    पांच, पाँच, छह, सात, आठ, नौ, दस, सौ, हज़ार, हजार, लाख, करोड़, करोड, आधा, आधी, दुगना, दोगुना, डेढ़, ढाई, \
    k, l, m, mn, bn, cr, crs, thou, mil, percent, percentage, pct, times, fold, fraction";

/// Whether a text that a model wrote may be shown: outside placeholders it has no numeral of any script, no fraction sign, no
/// number word and no link.
pub fn look_through(text: &str) -> Result<(), Unfit> {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        outside.push_str(&rest[..begin]);
        outside.push(' ');
        let after = &rest[begin + 2..];
        let end = after.find("}}").ok_or_else(|| Unfit::NoSuchCell(short(after)))?;
        rest = &after[end + 2..];
    }
    outside.push_str(rest);
    if let Some(digit) = outside.chars().find(|letter| letter.is_numeric() || is_circled(*letter)) {
        return Err(Unfit::Figure(digit.to_string()));
    }
    // Letters of other scripts look like those of a number word, and what is not seen cuts it in two.
    if let Some(letter) = outside.chars().find(|letter| is_disguise(*letter)) {
        return Err(Unfit::Figure(format!("U+{:04X}", u32::from(letter))));
    }
    let letters: Vec<char> = outside.chars().collect();
    let joined = |three: &[char]| {
        three[1] == '.' && three[0].is_alphanumeric() && three[2].is_alphanumeric()
    };
    if letters.windows(3).any(joined) {
        return Err(Unfit::Link);
    }
    let lower = outside.to_lowercase();
    let marks = [
        "://",
        "www.",
        "](",
        "href",
        "mailto:",
        ".com",
        ".in/",
        ".org",
        ".net",
        "data:",
        "javascript:",
    ];
    if marks.iter().any(|mark| lower.contains(mark)) {
        return Err(Unfit::Link);
    }
    let is_letter =
        |letter: char| letter.is_alphabetic() || ('\u{900}'..='\u{97F}').contains(&letter);
    let words = lower.split(|letter: char| !is_letter(letter)).filter(|word| !word.is_empty());
    for word in words {
        if is_number_word(word) {
            return Err(Unfit::Figure(word.to_owned()));
        }
    }
    Ok(())
}

/// Whether a word is a number word, or several that are written together: "fivehundred".
fn is_number_word(word: &str) -> bool {
    let longer = |number: &&str| number.chars().count() > 2;
    NUMBER_WORDS.split(", ").any(|number| number == word)
        || NUMBER_WORDS.split(", ").filter(longer).any(|number| {
            word.strip_prefix(number).is_some_and(|rest| !rest.is_empty() && is_number_word(rest))
        })
}

/// A letter that is neither a plain Latin one nor Devanagari, a mark over a letter, or a character that is not seen.
fn is_disguise(letter: char) -> bool {
    let own = matches!(letter, '\u{0}'..='\u{7F}' | '\u{900}'..='\u{97F}');
    let hidden = letter == '\u{AD}' || letter.is_control() && !letter.is_whitespace();
    let sign = matches!(letter, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' | '₹' | '−');
    hidden || !own && !sign && !letter.is_whitespace()
}

/// Signs that stand for numbers and are no numerals: keycaps and such.
fn is_circled(letter: char) -> bool {
    letter == '\u{20E3}' || letter == '‰' || letter == '∞'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_says_a_figure_or_a_link_is_not_shown() {
        for text in [
            "You made 500.",
            "You made ५०० rupees.",
            "It is up ½.",
            "It is up ٣ times.",
            "It has doubled.",
            "Aadha portfolio TCS hai.",
            "It is worth a lakh.",
            "पैसा दोगुना हुआ",
            "See https://example.in.",
            "See [this](here).",
            "It is Ⅳ.",
            "Up twice.",
            "It is ①.",
            "half-way",
            "{{r0c0}} and 5",
            "It dou\u{200B}bled.",
            "It has d\u{43E}ubled.",
            "It has ｄoubled.",
            "It is tri\u{AD}ple.",
            "See example.io now.",
            "It is {{r0c0}} cr.",
            "It is {{r0c0}}k.",
            "It made fivehundred.",
            "It is twentyfive more.",
            "It has dóubled.",
            "It is {{r0c0}} times that.",
        ] {
            assert!(look_through(text).is_err(), "{text}");
        }
        for text in [
            "Your portfolio is worth {{r0c0}}.",
            "{{r0c0}} leads, then {{r1c0}}.",
            "Nothing was sold.",
            "Someone weighted it quarterly — आपका मुनाफ़ा {{r0c0}} है।",
        ] {
            assert_eq!(look_through(text), Ok(()), "{text}");
        }
    }
}
