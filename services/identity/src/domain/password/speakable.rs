//! Temporary passwords that can be read out over a telephone.
//!
//! Ten syllables of one consonant and one vowel give 60 bits, and two digits bring a second class; the
//! letters were chosen so that none sounds or looks like another (`c`, `q`, `x`, `y`, `l`, `u` are left out).

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Password;
use super::rules::{Surroundings, judge};
use crate::domain::policy::PasswordRules;

const CONSONANTS: &[u8; 16] = b"bdfghjkmnprstvwz";
const VOWELS: &[u8; 4] = b"aeio";

/// 6 bits each, so ten are the 60 bits that a temporary password must have.
const SYLLABLES: usize = 10;

/// How often a draw that breaks the tenant's rules is thrown away. Rules that refuse this many random
/// passwords in a row refuse everything.
const DRAWS: usize = 100;

/// Draws a temporary password that keeps the tenant's rules, or `None` where no such password keeps them.
pub fn draw(
    fill: &mut dyn FnMut(&mut [u8]),
    rules: &PasswordRules,
    around: &Surroundings,
) -> Option<SecretString> {
    (0..DRAWS).map(|_| one(fill, rules)).find(|text| judge(&Password::typed(text), rules, around).is_good())
}

/// Syllables in pairs joined by hyphens, the first letter large, two digits at the end:
/// `Bafo-kuzi-...-47`. As long as the tenant's minimum asks.
fn one(fill: &mut dyn FnMut(&mut [u8]), rules: &PasswordRules) -> SecretString {
    let minimum = usize::try_from(rules.minimum_length).unwrap_or(usize::MAX);
    let mut text = Zeroizing::new(String::with_capacity(512));
    let mut syllables = 0;
    while syllables < SYLLABLES || text.len() + 2 < minimum {
        let mut pair = Zeroizing::new([0u8; 2]);
        fill(&mut *pair);
        for byte in pair.iter().map(|byte| usize::from(byte & 0x3f)) {
            let consonant = char::from(CONSONANTS[byte >> 2]);
            let is_first = text.is_empty();
            text.push(if is_first { consonant.to_ascii_uppercase() } else { consonant });
            text.push(char::from(VOWELS[byte & 3]));
        }
        text.push('-');
        syllables += 2;
    }
    for _ in 0..2 {
        text.push(digit(fill));
    }
    SecretString::from(text.as_str())
}

/// A digit without bias: of 256 values the last 6 are drawn again.
fn digit(fill: &mut dyn FnMut(&mut [u8])) -> char {
    let mut byte = [u8::MAX];
    while byte[0] >= 250 {
        fill(&mut byte);
    }
    char::from(b'0' + byte[0] % 10)
}
