//! Keyed digests: equal for equal things, and to nobody without the key a hint at which.
//!
//! HMAC-SHA-256 over a label and parts, each with its length before it. The label names the use,
//! so a digest made for one thing never stands for another even under one key.

use rekey_primitives::secret::same;
use ring::hmac;

use crate::framed;
use crate::keys::{KeyError, KeyId, KeyText, Ring};

/// Keys for keyed digests.
pub struct MacKeys(Ring<hmac::Key>);

impl MacKeys {
    /// Takes the keys of a key text, see [`crate::KeyText`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ring::from_text(text, |_, material| hmac::Key::new(hmac::HMAC_SHA256, material)).map(Self)
    }

    /// Takes the one key of a text whose digests are looked up for ever, with no key id beside them: after a rotation
    /// nothing would be found, so a text that looks like one is refused.
    pub fn only_from_text(text: &str) -> Result<Self, KeyError> {
        if KeyText::parse(text)?.is_alone() { Self::from_text(text) } else { Err(KeyError::NotAlone) }
    }

    /// The digest by the active key. Keep [`Self::active_id`] beside it where keys rotate.
    pub fn tag(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        compute(&self.0.active().key, label, parts)
    }

    /// The digest by a named key; none if the key is not known (any more).
    pub fn tag_by(&self, key: &KeyId, label: &str, parts: &[&[u8]]) -> Option<[u8; 32]> {
        self.0.by_id(key).map(|held| compute(&held.key, label, parts))
    }

    /// Whether `tag` is the digest by the named key. Takes equally long whatever differs.
    pub fn verify(&self, key: &KeyId, label: &str, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag_by(key, label, parts).is_some_and(|right| same(&right, tag))
    }

    /// The key that makes digests today.
    pub fn active_id(&self) -> &KeyId {
        &self.0.active().id
    }

    /// Every key by which a digest may have been made, for looking one up.
    pub fn accepted(&self) -> impl Iterator<Item = &KeyId> {
        self.0.iter().map(|held| &held.id)
    }
}

fn compute(key: &hmac::Key, label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    framed(&[label.as_bytes()], |bytes| context.update(bytes));
    framed(parts, |bytes| context.update(bytes));
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

impl std::fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MacKeys").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn keys(text: &str) -> MacKeys {
        MacKeys::from_text(text).unwrap()
    }

    fn id(text: &str) -> KeyId {
        KeyId::parse(text).unwrap()
    }

    #[test]
    fn a_digest_verifies_by_its_key_label_and_parts_alone() {
        let keys = keys(&format!("old retired {OLD}\nnew active {NEW}"));

        let tag = keys.tag("code", &[b"tenant", b"123456"]);

        assert!(keys.verify(&id("new"), "code", &[b"tenant", b"123456"], &tag));
        assert!(!keys.verify(&id("old"), "code", &[b"tenant", b"123456"], &tag));
        assert!(!keys.verify(&id("gone"), "code", &[b"tenant", b"123456"], &tag));
        assert!(!keys.verify(&id("new"), "grant", &[b"tenant", b"123456"], &tag));
        assert!(!keys.verify(&id("new"), "code", &[b"tenant1", b"23456"], &tag));
        assert!(!keys.verify(&id("new"), "code", &[b"tenant", b"123456"], &tag[..31]));
        assert!(!keys.verify(&id("new"), "code", &[b"tenant", b"123456"], &[]));
    }

    #[test]
    fn a_label_cannot_pass_for_a_part() {
        let keys = keys(&format!("old active {OLD}"));

        assert_ne!(keys.tag("code", &[b"x"]), keys.tag("", &[b"code", b"x"]));
        assert_ne!(keys.tag("codex", &[]), keys.tag("code", &[b"x"]));
    }

    #[test]
    fn a_digest_outlives_the_activity_of_its_key() {
        let before = keys(&format!("old active {OLD}"));
        let after = keys(&format!("old retired {OLD}\nnew active {NEW}"));

        let tag = before.tag("code", &[b"123456"]);

        assert!(after.verify(before.active_id(), "code", &[b"123456"], &tag));
        assert_eq!(after.tag_by(&id("old"), "code", &[b"123456"]), Some(tag));
        assert_ne!(after.tag("code", &[b"123456"]), tag);
        assert_eq!(after.tag_by(&id("gone"), "code", &[]), None);
        assert_eq!(after.accepted().map(KeyId::as_str).collect::<Vec<_>>(), ["old", "new"]);
    }

    #[test]
    fn debug_shows_ids_alone() {
        assert_eq!(format!("{:?}", keys(&format!("old active {OLD}"))), "MacKeys({old: Active})");
    }
}
