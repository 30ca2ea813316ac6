//! Recovery codes: a list that a person keeps on paper, each code good once.
//!
//! They are stored as keyed hashes. With 80 bits each and the key outside the database, nobody finds one by trying.

use rekey_primitives::code::{self, CROCKFORD};
use rekey_primitives::entropy::{Entropy, below};
use rekey_primitives::secret::{ExposeSecret as _, SecretString};

/// Codes of one list: enough for years of lost phones, few enough to write down.
pub(crate) const CODES: u32 = 10;

/// Characters of a code, of 5 bits each: 80 bits, of which NIST SP 800-63B-4 section 4.2.1.1 asks for 64.
const CHARACTERS: usize = 16;
const _: () = assert!(CHARACTERS * 5 >= 64, "a recovery code has at least 64 bits");

/// Characters that are shown together.
const GROUP: usize = 4;

/// A new code as it is shown, in groups that are easily read and typed.
pub(crate) fn draw(entropy: &dyn Entropy) -> SecretString {
    // Allocated once: a string that grows leaves copies of the code behind.
    let mut text = String::with_capacity(CHARACTERS + CHARACTERS / GROUP);
    for index in 0..CHARACTERS {
        if index > 0 && index % GROUP == 0 {
            text.push('-');
        }
        let choice = usize::try_from(below(entropy, 32)).unwrap_or(0);
        text.push(char::from(CROCKFORD[choice]));
    }
    SecretString::from(text)
}

/// What is hashed of a code, shown or typed.
pub(crate) fn canonical(code: &SecretString) -> SecretString {
    code::canonical(code.expose_secret())
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let drawn = draw(&SeededEntropy::new(3));
        let sloppy = drawn.expose_secret().replace('-', " ").to_lowercase();

        assert_eq!(drawn.expose_secret().len(), 19);
        assert_eq!(canonical(&drawn).expose_secret().len(), CHARACTERS);
        assert_eq!(canonical(&SecretString::from(sloppy)).expose_secret(), canonical(&drawn).expose_secret());
    }

    #[test]
    fn codes_differ() {
        let entropy = SeededEntropy::new(3);

        let codes: std::collections::BTreeSet<String> =
            (0..1_000).map(|_| draw(&entropy).expose_secret().to_owned()).collect();

        assert_eq!(codes.len(), 1_000);
    }
}
