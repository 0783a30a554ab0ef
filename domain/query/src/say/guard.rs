//! What a text of a model may be made of.
//!
//! A list of what is forbidden would never end: numbers in words of three scripts, advice, links without a scheme, letters that
//! look like others. So there is a list of what is allowed.

use super::{Unfit, short};

/// The words that a model may write, in English, Hinglish and Hindi. None says a number, a negation, a comparison, what to do, or
/// what will be.
pub const WORDS: &str = "\
    a all amount an and are as at average brokerage by charges companies company cost date day dividend dividends during each \
    earned for from fund funds gain gained gains had has have held here history holding holdings how in income index interest \
    invested investment investments is it its made market money month mutual of on overall paid period portfolio price profit \
    profits quantity realised received return returns rupees shares so spent stock stocks term that the their these this till to \
    today total unrealised until value was weight were which with worth xirr year yearly yield you your yours \
    aaj aap aapka aapke aapki aapko aapne abhi ab apka apke apki apne hai hain hua hue hui huye ka kamai kamaya kamaye ke \
    keemat kharch ki kimat ko kul kya labh lagat mahina mahine mein me mila mile mili munafa nivesh par paisa paise raha rahe \
    rahi saal se sab tak tha the thi tarikh tareekh wale wali yah yeh \
    अब आज आप आपका आपकी आपके आपको आपने इस उस और कमाई कमाया का कि की कीमत कुल के को खर्च तक तारीख था थी थे दिन निवेश ने पर पैसा पैसे \
    पोर्टफोलियो ब्याज भाव मिला मिली मिले मुनाफा मुनाफ़ा में मूल्य यह रहा रही रहे रुपये लाभ लागत लाभांश वर्ष शेयर शेयरों साल से हुआ हुई हुए है हैं";

/// Whether a text that a model wrote may be shown: outside placeholders it has only [`WORDS`], spaces and some signs, and a
/// placeholder touches nothing but spaces and the end of a sentence. So it has no number of any script, no number word, no
/// fraction, no link, no mark-up and no advice.
pub fn look_through(text: &str) -> Result<(), Unfit> {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        let before = &rest[..begin];
        let after = &rest[begin + 2..];
        let end = after.find("}}").ok_or_else(|| Unfit::Cell(short(after)))?;
        let name = after[..end].trim();
        if !is_cell(name) {
            return Err(Unfit::Cell(short(name)));
        }
        outside.push_str(before);
        rest = &after[end + 2..];
        let begins = outside.chars().next_back().is_none_or(|one| one == ' ');
        if !begins || !ends_a_word(rest) {
            return Err(Unfit::Sign);
        }
    }
    outside.push_str(rest);
    for word in outside.split(|letter: char| letter == ' ' || is_sign(letter)) {
        let lower = word.to_lowercase();
        if !lower.is_empty() && !WORDS.split_whitespace().any(|allowed| allowed == lower) {
            return Err(Unfit::Word(short(word)));
        }
    }
    Ok(())
}

/// Signs that may stand between words.
fn is_sign(letter: char) -> bool {
    matches!(letter, '.' | ',' | '?' | '!' | ':' | '(' | ')' | '।')
}

/// Whether a placeholder may end before this: nothing follows, or a space, or a sign and then a space or nothing.
fn ends_a_word(rest: &str) -> bool {
    let mut letters = rest.chars();
    match letters.next() {
        None | Some(' ') => true,
        Some('(') => false,
        Some(sign) if is_sign(sign) => {
            letters.next().is_none_or(|next| next == ' ' || is_sign(next) && next != '(')
        }
        Some(_) => false,
    }
}

/// Whether a placeholder is one that a model may write: a cell of the first row, or a day.
fn is_cell(name: &str) -> bool {
    let column = name.strip_prefix("r0c");
    let is_digit =
        |column: &str| column.len() == 1 && column.bytes().all(|one| one.is_ascii_digit());
    matches!(name, "from" | "to") || column.is_some_and(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_says_anything_of_its_own_is_not_shown() {
        for text in [
            "You made 500.",
            "You made ५०० rupees.",
            "It is ½ {{r0c0}}",
            "It is ٣ {{r0c0}}",
            "It has doubled to {{r0c0}}.",
            "Aadha portfolio hai.",
            "{{r0c0}} lakh hai",
            "{{r0c0}}%",
            "{{r0c0}}{{r0c1}}",
            "-{{r0c0}}",
            "\u{2212}{{r0c0}}",
            "{{r0c0}}\u{2044}{{r0c1}}",
            "{{rows}} and {{r0c0}}",
            "{{r0c0missing}}",
            "{{r0c0}},000",
            "{{r0c0}}.5",
            "Your gain is ({{r0c0}}).",
            "पैसा दोगुना हुआ",
            "पचास फीसदी मुनाफ़ा, {{r0c0}}",
            "fi**ve** shares",
            "See https://example.in.",
            "https:\\\\evil\u{2024}example",
            "<img src=x>",
            "It is Ⅳ.",
            "It d\u{43E}ubled.",
            "the\u{200B}",
            "Sell today, it is worth {{r0c0}}.",
            "Becho, {{r0c0}}.",
            "सब शेयर बेच दीजिए, {{r0c0}}।",
            "reply with your PIN",
            "{{r0c0",
            "the\nprice",
        ] {
            assert!(look_through(text).is_err(), "{text}");
        }
        for text in [
            "Your portfolio is worth {{r0c0}}.",
            "Aapke shares ki keemat {{r0c0}} hai.",
            "आपका कुल मुनाफ़ा {{r0c0}} है, {{from}} से {{to}} तक।",
            "You gained {{r0c0}}, with {{r0c1}}, this year!",
        ] {
            assert_eq!(look_through(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn no_allowed_word_is_a_number_or_gives_advice() {
        for word in WORDS.split_whitespace() {
            assert!(!crate::understand::speaks_of_advice(word), "{word}");
            assert!(!crate::understand::is_number_word(word), "{word}");
        }
    }
}
