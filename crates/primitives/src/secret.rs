//! What every secret needs: types that cannot be printed, wiping, and comparison in constant time.
//!
//! Domains wrap [`SecretString`] or [`SecretBox`] in their own newtypes; neither has `Display` or
//! `Serialize`, their `Debug` is redacted and their memory is wiped.

use subtle::ConstantTimeEq;

pub use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretSlice, SecretString};
pub use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Overwrites what was read into `text`, such as a key file, before its memory is given back.
pub fn wipe(text: &mut String) {
    text.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_means_equal_in_length_and_content() {
        assert!(same(b"code", b"code"));
        assert!(same(b"", b""));
        assert!(!same(b"code", b"codf"));
        assert!(!same(b"code", b"codes"));
    }

    #[test]
    fn a_wiped_text_is_empty() {
        let mut text = "key material".to_owned();

        wipe(&mut text);

        assert!(text.is_empty());
    }

    #[test]
    fn debug_of_a_secret_shows_nothing() {
        assert!(!format!("{:?}", SecretString::from("key material")).contains("key"));
    }
}
