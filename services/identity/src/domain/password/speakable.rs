//! Passwords that one person reads out to another: pairs of a consonant and a vowel, and two digits, which people of any
//! language can say and write down. `Bakodi-lurema-tesipo-47` is one.
//!
//! A pair is one of 70, so nine of them and two digits are 61.8 random bits: no list of them is worth making, whoever
//! steals the hash, in the day that one lives.

use rekey_primitives::entropy::{Entropy, below};
use secrecy::SecretString;

/// Those that sound apart from each other and are written in one way.
const CONSONANTS: &[u8; 14] = b"bdfgklmnprstvz";

const VOWELS: &[u8; 5] = b"aeiou";

/// Pairs in a group: as much as one keeps in mind while writing.
const PAIRS: usize = 3;

/// Groups: with the digits, at least 60 bits.
const GROUPS: usize = 3;

/// The length of a group with the hyphen behind it.
const GROUP_LENGTH: usize = 2 * PAIRS + 1;

const DIGITS: usize = 2;

/// A fresh password of at least so many characters. It has a capital, small letters, digits and hyphens, whatever classes
/// a tenant asks for.
pub(crate) fn speakable(entropy: &dyn Entropy, minimum_length: u32) -> SecretString {
    let needed = usize::try_from(minimum_length).unwrap_or(usize::MAX).saturating_sub(DIGITS);
    let groups = GROUPS.max(needed.div_ceil(GROUP_LENGTH));
    let mut text = String::with_capacity(groups * GROUP_LENGTH + DIGITS);
    for _ in 0..groups {
        for _ in 0..PAIRS {
            text.push(one_of(entropy, CONSONANTS));
            text.push(one_of(entropy, VOWELS));
        }
        text.push('-');
    }
    for _ in 0..DIGITS {
        text.push(one_of(entropy, b"0123456789"));
    }
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    SecretString::from(text)
}

fn one_of(entropy: &dyn Entropy, characters: &[u8]) -> char {
    let drawn = below(entropy, characters.len() as u64);
    char::from(characters[usize::try_from(drawn).unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rekey_primitives::entropy::SeededEntropy;
    use secrecy::ExposeSecret;

    use super::*;

    fn drawn(count: usize, minimum_length: u32) -> Vec<String> {
        let entropy = SeededEntropy::new(7);
        (0..count).map(|_| speakable(&entropy, minimum_length).expose_secret().to_owned()).collect()
    }

    #[test]
    fn a_password_has_sixty_random_bits() {
        let pair = (CONSONANTS.len() * VOWELS.len()) as f64;

        let bits = (GROUPS * PAIRS) as f64 * pair.log2() + DIGITS as f64 * 10_f64.log2();

        assert!(bits >= 60.0, "{bits}");
    }

    #[test]
    fn a_password_is_groups_of_pairs_and_two_digits() {
        for password in drawn(50, 8) {
            let (groups, digits) = password.rsplit_once('-').unwrap();

            assert_eq!(groups.split('-').map(str::len).collect::<Vec<_>>(), [6, 6, 6], "{password}");
            assert_eq!((digits.len(), digits.parse::<u8>().is_ok()), (2, true), "{password}");
            assert!(password.starts_with(|c: char| c.is_ascii_uppercase()), "{password}");
        }
    }

    #[test]
    fn every_letter_is_drawn_and_no_password_twice() {
        let many = drawn(500, 8);

        let letters: BTreeSet<char> = many.concat().to_lowercase().chars().collect();

        let of_the_alphabet = CONSONANTS.len() + VOWELS.len() + "0123456789-".len();
        assert_eq!(letters.len(), of_the_alphabet);
        assert_eq!(many.iter().collect::<BTreeSet<_>>().len(), many.len());
    }

    #[test]
    fn a_tenant_that_asks_for_longer_ones_gets_them() {
        for minimum in [8, 23, 24, 30, 64] {
            let password = drawn(1, minimum).remove(0);

            assert!(password.len() >= minimum.max(23) as usize, "{minimum}: {password}");
            assert!(password.len() <= 72, "{minimum}: {password}");
        }
    }
}
