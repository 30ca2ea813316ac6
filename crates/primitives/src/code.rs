//! Codes that people type: the alphabet they are drawn from, and reading them leniently.

use secrecy::SecretString;

use crate::secret::ExposeSecret as _;
use crate::text::is_blank;

/// Crockford's base 32: no I, L, O and U, so nothing is misread and little is spelled.
pub const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The canonical form of what somebody typed: without spaces, hyphens and what does not show, digits of other scripts, and
/// the letters that Crockford's alphabet leaves out, as the digits they stand for. Empty where nothing else was typed.
pub fn canonical(typed: &str) -> SecretString {
    // Allocated once: a string that grows leaves copies of the code behind.
    let mut canonical = String::with_capacity(typed.len());
    canonical.extend(typed.chars().filter(|character| !is_separator(*character)).map(folded));
    SecretString::from(canonical)
}

/// How many characters a canonical code has.
pub fn length(canonical: &SecretString) -> usize {
    canonical.expose_secret().chars().count()
}

fn is_separator(character: char) -> bool {
    is_blank(character) || matches!(character, '-' | '\u{2010}'..='\u{2015}')
}

fn folded(character: char) -> char {
    let digit_from = |zero: u32| char::from_digit(character as u32 - zero, 10).unwrap_or(character);
    match character {
        // Arabic-Indic, Eastern Arabic-Indic and full-width digits: what keyboards of our languages give.
        '\u{0660}'..='\u{0669}' => digit_from(0x0660),
        '\u{06F0}'..='\u{06F9}' => digit_from(0x06F0),
        '\u{FF10}'..='\u{FF19}' => digit_from(0xFF10),
        'o' | 'O' => '0',
        'i' | 'I' | 'l' | 'L' => '1',
        _ => character.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_read_as_they_meant_it() {
        let read = |typed: &str| canonical(typed).expose_secret().to_owned();

        assert_eq!(read(" 12-3\u{2011}4 56"), "123456");
        assert_eq!(read("\u{0661}\u{06F2}\u{FF13}"), "123");
        assert_eq!(read("oil-lab"), "0111AB");
        assert_eq!(length(&canonical(" - ")), 0);
    }
}
