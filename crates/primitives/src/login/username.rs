//! The UsernameCaseMapped profile of RFC 8265, in today's Unicode and with full case mapping.
//!
//! Mapping and judging are apart: an e-mail address shares the mapping and has its own judge. A mapping can uncover work
//! for itself, so it is applied until nothing changes (RFC 8264, 7). The libraries for PRECIS know the Unicode of 2013, so
//! the derived property of RFC 8264, 8 is read here from the data of ICU4X.

use icu_casemap::CaseMapper;
use icu_locale_core::LanguageIdentifier;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::{BidiClass, EastAsianWidth, GeneralCategory, HangulSyllableType, Script};

use crate::text::{category, is_invisible, nfc};

/// RFC 8264, 7 asks for three more applications at most.
const APPLICATIONS: usize = 4;

/// The text in lower case, in NFC, without what does not show; `None` for one that does not come to rest. Most are plain
/// ASCII, of which nothing is invisible, wide or composed: a test holds the short way to the long one.
pub(crate) fn mapped(text: &str) -> Option<String> {
    if text.is_ascii() { Some(text.to_ascii_lowercase()) } else { mapped_by_unicode(text) }
}

fn mapped_by_unicode(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..APPLICATIONS {
        let next = mapped_once(&text);
        if next == text {
            return Some(text);
        }
        text = next;
    }
    None
}

fn mapped_once(text: &str) -> String {
    let shown = text.chars().filter(|c| !is_invisible(*c)).map(with_usual_width).collect::<String>();
    nfc(&lower_case(&nfc(&shown))).into_owned()
}

/// Full-width and half-width forms become the usual ones, one character for one.
pub(crate) fn with_usual_width(c: char) -> char {
    match CodePointMapData::<EastAsianWidth>::new().get(c) {
        // The one whose compatibility form goes further than its width.
        _ if c == '\u{ffe3}' => '\u{af}',
        EastAsianWidth::Fullwidth | EastAsianWidth::Halfwidth => compatible(c).unwrap_or(c),
        _ => c,
    }
}

/// The compatibility form of a character, where that is one other character.
fn compatible(c: char) -> Option<char> {
    let mut form = const { ComposingNormalizerBorrowed::new_nfkc() }.normalize_iter(std::iter::once(c));
    let first = form.next();
    first.filter(|first| *first != c || form.next().is_some())
}

/// Of all letters only sigma looks at its neighbours: it has a form for the end of a word, whichever was typed. Unicode's
/// own rule looks past dots and apostrophes, so that `ΝΙΚΟΣ.Μ` and `νικος.μ` would be two names; here a word ends there.
fn lower_case(text: &str) -> String {
    let mapper = CaseMapper::new();
    let lower = |word: &str| mapper.lowercase_to_string(word, &LanguageIdentifier::UNKNOWN).into_owned();
    if !text.contains(['Σ', 'σ', 'ς']) {
        return lower(text);
    }
    text.replace(['σ', 'ς'], "Σ").split_inclusive(|c: char| !c.is_alphanumeric()).map(lower).collect()
}

/// Whether a mapped text is a username: its characters belong to the IdentifierClass, and it keeps the Bidi Rule. ASCII has
/// nothing that is written from right to left.
pub(crate) fn is_username(text: &str) -> bool {
    if text.is_ascii() {
        return !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    }
    is_username_by_unicode(text)
}

fn is_username_by_unicode(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let may_stand = |(index, c): (usize, &char)| match property(*c) {
        Property::Valid => true,
        Property::Contextual => fits_context(&characters, index),
        Property::Disallowed => false,
    };
    !characters.is_empty() && characters.iter().enumerate().all(may_stand) && keeps_bidi_rule(&characters)
}

/// What the IdentifierClass makes of a character.
enum Property {
    Valid,
    /// CONTEXTO; what would be CONTEXTJ does not show and was dropped.
    Contextual,
    Disallowed,
}

/// RFC 8264, 8, in its order. Invisible characters never come here.
fn property(c: char) -> Property {
    use GeneralCategory as Category;
    match c {
        '\u{df}' | '\u{3c2}' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' | '!'..='~' => Property::Valid,
        '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{30fb}' => Property::Contextual,
        '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => Property::Contextual,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => {
            Property::Disallowed
        }
        _ if is_old_jamo(c) || is_invisible(c) || compatible(c).is_some() => Property::Disallowed,
        _ => match category(c) {
            Category::LowercaseLetter
            | Category::UppercaseLetter
            | Category::OtherLetter
            | Category::DecimalNumber
            | Category::ModifierLetter
            | Category::NonspacingMark
            | Category::SpacingMark => Property::Valid,
            _ => Property::Disallowed,
        },
    }
}

fn is_old_jamo(c: char) -> bool {
    matches!(
        CodePointMapData::<HangulSyllableType>::new().get(c),
        HangulSyllableType::LeadingJamo | HangulSyllableType::VowelJamo | HangulSyllableType::TrailingJamo
    )
}

/// The rules of RFC 5892, A.3 to A.9.
fn fits_context(text: &[char], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| text.get(before)).copied();
    let behind = text.get(index + 1).copied();
    let script = |c: Option<char>| c.map(|c| CodePointMapData::<Script>::new().get(c));
    match text[index] {
        '\u{b7}' => before == Some('l') && behind == Some('l'),
        '\u{375}' => script(behind) == Some(Script::Greek),
        '\u{5f3}' | '\u{5f4}' => script(before) == Some(Script::Hebrew),
        '\u{30fb}' => text
            .iter()
            .filter_map(|c| script(Some(*c)))
            .any(|script| [Script::Hiragana, Script::Katakana, Script::Han].contains(&script)),
        '\u{660}'..='\u{669}' => !text.iter().any(|c| matches!(c, '\u{6f0}'..='\u{6f9}')),
        _ => !text.iter().any(|c| matches!(c, '\u{660}'..='\u{669}')),
    }
}

/// The Bidi Rule of RFC 5893, 2, for a name that has characters written from right to left; others keep it anyway.
fn keeps_bidi_rule(text: &[char]) -> bool {
    use BidiClass as Class;
    let classes: Vec<Class> = text.iter().map(|c| CodePointMapData::<Class>::new().get(*c)).collect();
    let is_right = |class: &Class| [Class::RightToLeft, Class::ArabicLetter].contains(class);
    if !classes.iter().any(|class| is_right(class) || *class == Class::ArabicNumber) {
        return true;
    }
    let may_stand = |class: &Class| {
        is_right(class)
            || [
                Class::ArabicNumber,
                Class::EuropeanNumber,
                Class::EuropeanSeparator,
                Class::CommonSeparator,
                Class::EuropeanTerminator,
                Class::OtherNeutral,
                Class::BoundaryNeutral,
                Class::NonspacingMark,
            ]
            .contains(class)
    };
    let ends_well =
        |class: &Class| is_right(class) || [Class::EuropeanNumber, Class::ArabicNumber].contains(class);
    let last = classes.iter().rfind(|class| **class != Class::NonspacingMark);
    let mixes_digits = classes.contains(&Class::EuropeanNumber) && classes.contains(&Class::ArabicNumber);
    classes.first().is_some_and(is_right)
        && classes.iter().all(may_stand)
        && last.is_some_and(ends_well)
        && !mixes_digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ascii_comes_out_as_by_unicode() {
        let ascii = || (0..=127_u8).map(char::from);
        let pairs = ascii().flat_map(|one| ascii().map(move |other| String::from_iter([one, other])));

        for text in pairs.chain(ascii().map(String::from)).chain([String::new()]) {
            assert_eq!(mapped(&text), mapped_by_unicode(&text), "{text:?}");
            assert_eq!(is_username(&text), is_username_by_unicode(&text), "{text:?}");
        }
    }
}
