//! Temporary access passes: what an administrator hands to somebody who has nothing else to sign in with.
//!
//! Characters are those of Crockford's base 32, five bits each, so that nothing is misread. A pass of the shortest length has
//! 40 bits, which the lockout keeps from being guessed while it lives.

use std::ops::RangeInclusive;
use std::time::Duration;

use rekey_primitives::entropy::{Entropy, below};
use rekey_primitives::secret::{ExposeSecret, SecretString, Zeroizing};
use rekey_primitives::text::is_blank;

/// How long a pass may be, in characters: 40 bits at least, and no longer than somebody types.
pub(crate) const LENGTHS: RangeInclusive<usize> = 8..=48;

/// The usual length: 60 bits.
pub(crate) const USUAL_LENGTH: usize = 12;

/// How long a pass may live: time to type it, and a first month.
pub(crate) const LIVES: RangeInclusive<Duration> =
    Duration::from_secs(600)..=Duration::from_secs(30 * 86_400);

/// How long it lives if nothing else is said: a visit to the helpdesk.
pub(crate) const USUAL_LIFE: Duration = Duration::from_secs(3_600);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh pass of so many characters.
pub(crate) fn draw(entropy: &dyn Entropy, length: usize) -> SecretString {
    let one = |_| char::from(ALPHABET[usize::try_from(below(entropy, 32)).unwrap_or(0)]);
    SecretString::from((0..length).map(one).collect::<String>())
}

/// A pass as it is compared: what was typed without blanks and hyphens, in capitals, and the letters that are not in the
/// alphabet as the digits they are mistaken for.
pub(crate) fn normal(typed: &SecretString) -> Zeroizing<Vec<u8>> {
    let typed = typed.expose_secret().chars().filter(|c| !is_blank(*c) && *c != '-');
    let normal = typed.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    Zeroizing::new(normal.collect::<String>().into_bytes())
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    #[test]
    fn a_pass_is_as_long_as_asked_and_never_the_same() {
        let entropy = SeededEntropy::new(7);
        let drawn = |length| draw(&entropy, length).expose_secret().to_owned();

        let (short, long) = (drawn(8), drawn(48));

        assert_eq!((short.len(), long.len()), (8, 48));
        assert_ne!(drawn(8), short);
        assert!(long.bytes().all(|byte| ALPHABET.contains(&byte)), "{long}");
    }

    #[test]
    fn a_pass_is_read_as_people_type_it() {
        let normal = |text: &str| normal(&SecretString::from(text)).to_vec();

        assert_eq!(normal("abcd-ef0i"), b"ABCDEF01");
        assert_eq!(normal(" ABCD EFol "), b"ABCDEF01");
        assert_eq!(normal(""), b"");
    }
}
