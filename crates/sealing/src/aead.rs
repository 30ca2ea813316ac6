//! Sealing: what was sealed can be read and changed by nobody without the key, and opens only
//! under the context (`aad`) it was sealed under.
//!
//! XChaCha20-Poly1305, because its 24-byte nonce may be drawn at random for ever by any number of
//! replicas without a repeat. A sealed value is: version (1), fingerprint of the key id (4), nonce
//! (24), ciphertext, tag (16). Version and fingerprint are authenticated with the context.

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rekey_primitives::entropy::{Entropy, array};
use rekey_primitives::secret::Zeroizing;

use crate::held::{HeldKey, NotTaken};
use crate::key_ring::{KeyRing, Ring};
use crate::keys::{KeyError, KeyId, KeyText};

const VERSION: u8 = 1;
const HEAD: usize = 1 + 4;
const NONCE: usize = 24;
const TAG: usize = 16;

/// How many bytes a sealed value is longer than what it holds.
pub const OVERHEAD: usize = HEAD + NONCE + TAG;

/// It did not open. Whether key, context or content was wrong is not said, and not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub struct NotOpened;

/// Keys for sealing. Clones hold the same ones, later texts included.
#[derive(Clone)]
pub struct AeadKeys(Ring<Cipher>);

struct Cipher {
    fingerprint: [u8; 4],
    cipher: XChaCha20Poly1305,
}

fn ready(id: &KeyId, material: &[u8; 32]) -> Cipher {
    Cipher { fingerprint: id.fingerprint(), cipher: XChaCha20Poly1305::new(material.into()) }
}

impl AeadKeys {
    /// Takes the keys of a key text, see [`crate::KeyText`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self(Ring::rotating(&KeyText::parse(text)?, ready)))
    }

    /// Seals `plain` by the active key, [`OVERHEAD`] bytes longer. `aad` is the context: name what
    /// the value is and whom it belongs to, so that it opens nowhere else.
    pub fn seal(&self, entropy: &dyn Entropy, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let keys = self.0.now();
        let key = &keys.active().key;
        let nonce: [u8; NONCE] = array(entropy);
        // Exact room from the start: a vector that grows leaves plain text behind.
        let mut sealed = Vec::with_capacity(OVERHEAD + plain.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.fingerprint);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let context = [&sealed[..HEAD], aad].concat();
        let tag = key
            .cipher
            .encrypt_inout_detached(&XNonce::from(nonce), &context, (&mut sealed[HEAD + NONCE..]).into())
            .expect("the cipher refuses only values beyond 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`Self::seal`] sealed under the same context, by whichever key sealed it.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (head, rest) = sealed.split_at_checked(HEAD).ok_or(NotOpened)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(NotOpened)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(NotOpened)?;
        if head[0] != VERSION {
            return Err(NotOpened);
        }
        let keys = self.0.now();
        let mut named = keys.iter().filter(|held| held.key.fingerprint == head[1..]);
        let cipher = &named.next().ok_or(NotOpened)?.key.cipher;
        let context = [head, aad].concat();
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        cipher
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &context,
                plain.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| NotOpened)?;
        Ok(plain)
    }

    /// Whether the active key sealed this; if not, sealing it anew completes a rotation.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let keys = self.0.now();
        sealed.first() == Some(&VERSION) && sealed.get(1..HEAD) == Some(&keys.active().key.fingerprint[..])
    }
}

impl KeyRing for AeadKeys {
    fn held(&self) -> Vec<HeldKey> {
        self.0.held()
    }

    fn judge(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.0.judge(text)
    }

    fn take(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.0.take(text)
    }
}

impl std::fmt::Debug for AeadKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AeadKeys").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn keys(text: &str) -> AeadKeys {
        AeadKeys::from_text(text).unwrap()
    }

    fn old() -> AeadKeys {
        keys(&format!("old active {OLD}"))
    }

    fn sealed() -> Vec<u8> {
        old().seal(&SeededEntropy::new(1), b"account 7", b"the pepper")
    }

    #[test]
    fn what_was_sealed_opens_under_its_context() {
        assert_eq!(old().open(b"account 7", &sealed()).unwrap().as_slice(), b"the pepper");
        assert_eq!(sealed().len(), b"the pepper".len() + OVERHEAD);
    }

    /// What stores keep must open for ever: this was written by the first release.
    #[test]
    fn a_value_sealed_by_the_first_release_opens() {
        const KEPT: &[u8] = &[
            0x01, 0x58, 0x2e, 0x9e, 0xa4, 0xc1, 0x5c, 0x02, 0x89, 0xec, 0x2d, 0x0a, 0x91, 0x67, 0xec, 0x8e,
            0x65, 0xa1, 0x8d, 0xeb, 0xbe, 0x5e, 0x55, 0x32, 0xfb, 0xee, 0xa2, 0x93, 0xf8, 0x8e, 0xcd, 0x02,
            0x1b, 0x78, 0x8d, 0x17, 0x92, 0x99, 0x56, 0xdd, 0xc0, 0x98, 0x6a, 0xb5, 0x4a, 0x1f, 0xe4, 0x20,
            0x2d, 0xa3, 0xbf, 0x44, 0x7c, 0x98, 0x3a,
        ];

        assert_eq!(sealed(), KEPT);
        assert_eq!(KEPT[1..5], KeyId::parse("old").unwrap().fingerprint());
        assert_eq!(old().open(b"account 7", KEPT).unwrap().as_slice(), b"the pepper");
    }

    #[test]
    fn an_empty_value_can_be_sealed() {
        let sealed = old().seal(&SeededEntropy::new(1), b"", b"");

        assert_eq!(sealed.len(), OVERHEAD);
        assert_eq!(old().open(b"", &sealed).unwrap().as_slice(), b"");
    }

    #[test]
    fn another_context_does_not_open() {
        assert_eq!(old().open(b"account 8", &sealed()), Err(NotOpened));
        assert_eq!(old().open(b"", &sealed()), Err(NotOpened));
    }

    #[test]
    fn another_key_does_not_open_even_under_the_same_id() {
        assert_eq!(keys(&format!("new active {NEW}")).open(b"account 7", &sealed()), Err(NotOpened));
        assert_eq!(keys(&format!("old active {NEW}")).open(b"account 7", &sealed()), Err(NotOpened));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let whole = sealed();

        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);

            assert_eq!(old().open(b"account 7", &changed), Err(NotOpened), "bit {bit}");
        }
    }

    #[test]
    fn any_other_length_is_noticed() {
        let whole = sealed();

        for length in 0..whole.len() {
            assert_eq!(old().open(b"account 7", &whole[..length]), Err(NotOpened), "{length} bytes");
        }
        assert_eq!(old().open(b"account 7", &[whole.as_slice(), b"\0"].concat()), Err(NotOpened));
    }

    #[test]
    fn a_key_is_known_before_it_is_used_and_opens_after_it_was() {
        let before = keys(&format!("old active {OLD}\nnew accept {NEW}"));
        let after = keys(&format!("old retired {OLD}\nnew active {NEW}"));
        let entropy = SeededEntropy::new(2);

        let by_old = before.seal(&entropy, b"x", b"one");
        let by_new = after.seal(&entropy, b"x", b"two");

        assert_eq!(before.open(b"x", &by_new).unwrap().as_slice(), b"two");
        assert_eq!(after.open(b"x", &by_old).unwrap().as_slice(), b"one");
        assert!(before.is_current(&by_old) && after.is_current(&by_new));
        assert!(!before.is_current(&by_new) && !after.is_current(&by_old));
        assert!(!after.is_current(b""));
    }

    #[test]
    fn keys_go_over_to_a_later_text_and_open_what_they_sealed_before() {
        let (keys, entropy) = (old(), SeededEntropy::new(4));
        let (working, by_old) = (keys.clone(), keys.seal(&entropy, b"x", b"one"));
        let next = |text: &str| keys.take(&KeyText::parse(text).unwrap());

        next(&format!("old retired {OLD}\nnew active {NEW}")).unwrap();
        let by_new = working.seal(&entropy, b"x", b"two");
        let opened = working.open(b"x", &by_old).unwrap();
        next(&format!("new active {NEW}")).unwrap();

        assert!(keys.is_current(&by_new) && !keys.is_current(&by_old));
        assert_eq!(opened.as_slice(), b"one");
        assert_eq!(working.open(b"x", &by_new).unwrap().as_slice(), b"two");
        assert_eq!(working.open(b"x", &by_old), Err(NotOpened));
    }

    #[test]
    fn the_same_value_never_seals_the_same() {
        let entropy = SeededEntropy::new(3);

        assert_ne!(old().seal(&entropy, b"x", b"one"), old().seal(&entropy, b"x", b"one"));
    }

    #[test]
    fn debug_shows_ids_alone() {
        assert_eq!(format!("{:?}", old()), "AeadKeys({old: Active})");
    }
}
