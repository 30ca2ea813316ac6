//! Characters and lengths of texts that people type, by today's Unicode.

pub mod links;
pub mod shown;

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{BidiClass, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Whether a character controls or breaks a line: those that Unicode calls controls, and its two separators, which break
/// lines though they are none.
pub fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character does not show: Unicode's `Default_Ignorable_Code_Point`, among them all marks and overrides of
/// direction, joiners and zero-width blanks. They come along when a name or a code is copied, and nobody sees them.
pub fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether a character is a blank or does not show: what is dropped around a login and within a code.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether an invisible character shapes its neighbours: the joiners of Persian, Indic scripts and emoji, and the
/// selectors of variants, without which a name may be spelled wrong.
pub fn is_shaping(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// The text in NFC, in which one text has one spelling.
pub fn nfc(text: &str) -> Cow<'_, str> {
    const { ComposingNormalizerBorrowed::new_nfc() }.normalize(text)
}

/// The length of a text in characters: its code points in NFC, so that a letter counts once, however it was typed.
pub fn character_count(text: &str) -> usize {
    const { ComposingNormalizerBorrowed::new_nfc() }.normalize_iter(text.chars()).count()
}

/// Whether a text runs from right to left: its first letter with a direction says so (UAX 9, P2 and P3).
pub fn reads_right_to_left(text: &str) -> bool {
    let mut directions = text.chars().map(|c| CodePointMapData::<BidiClass>::new().get(c));
    let strong = [BidiClass::LeftToRight, BidiClass::RightToLeft, BidiClass::ArabicLetter];
    let first = directions.find(|direction| strong.contains(direction));
    first.is_some_and(|direction| direction != BidiClass::LeftToRight)
}

/// Whether a character has a shape that Unicode knows: no control, blank, private use or unassigned character, and
/// nothing invisible.
pub(crate) fn is_visible(c: char) -> bool {
    let shapeless = GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    !shapeless.contains(category(c)) && !is_invisible(c)
}

/// Whether a character is written onto the one before it.
pub(crate) fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

pub(crate) fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_starts_a_line_or_controls_a_terminal_breaks_a_line() {
        for c in ['\n', '\r', '\0', '\u{b}', '\u{c}', '\u{1b}', '\u{85}', '\u{2028}', '\u{2029}'] {
            assert!(breaks_line(c), "{c:?}");
        }
        assert!(!"Zoë Ünal 😀".chars().any(breaks_line));
    }

    #[test]
    fn marks_of_direction_and_zero_width_blanks_do_not_show() {
        for c in ['\u{ad}', '\u{61c}', '\u{200b}', '\u{200e}', '\u{202e}', '\u{2066}', '\u{3164}', '\u{feff}']
        {
            assert!(is_invisible(c) && is_blank(c), "{c:?}");
        }
        assert!(!"a é ש ०".chars().any(is_invisible));
    }

    #[test]
    fn a_text_runs_as_its_first_letter_does() {
        for text in ["1. שלום, Acme", "رمزك من Acme", "(۱۲) کد شما"] {
            assert!(reads_right_to_left(text), "{text}");
        }
        for text in ["Acme: רמז", "123 (4)", "", "コード"] {
            assert!(!reads_right_to_left(text), "{text}");
        }
    }

    #[test]
    fn a_letter_counts_once_however_it_was_typed() {
        assert_eq!((character_count("Zoë"), character_count("Zoe\u{308}")), (3, 3));
        assert_eq!(character_count("\u{1112}\u{1161}\u{11ab}"), 1);
    }
}
