//! Keyed digests: equal for equal things, and to nobody without the key a hint at which.
//!
//! HMAC-SHA-256 over a label and parts, each with its length before it. The label names the use,
//! so a digest made for one thing never stands for another even under one key.

use rekey_primitives::secret::same;
use ring::hmac;

use crate::framed;
use crate::held::{HeldKey, NotTaken};
use crate::key_ring::{KeyRing, Ring, RingKey};
use crate::keys::{KeyError, KeyId, KeyText};

/// Keys for keyed digests. Clones hold the same ones, later texts included.
#[derive(Clone)]
pub struct MacKeys(Ring<hmac::Key>);

impl MacKeys {
    /// Takes the keys of a key text, see [`crate::KeyText`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self(Ring::rotating(&KeyText::parse(text)?, ready)))
    }

    /// Takes the one key of a text whose digests are looked up for ever, with no key id beside them: after a rotation
    /// nothing would be found, so a text that looks like one is refused, and so is any later text but the same.
    pub fn only_from_text(text: &str) -> Result<Self, KeyError> {
        let text = KeyText::parse(text)?;
        if text.is_alone() { Ok(Self(Ring::steady(&text, ready))) } else { Err(KeyError::NotAlone) }
    }

    /// The digest by the active key, for what is compared before a rotation or never. Otherwise [`Self::named_tag`].
    pub fn tag(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        compute(&self.0.now().active().key, label, parts)
    }

    /// The digest by the active key, and which that is.
    pub fn named_tag(&self, label: &str, parts: &[&[u8]]) -> (KeyId, [u8; 32]) {
        let keys = self.0.now();
        let active = keys.active();
        (active.id.clone(), compute(&active.key, label, parts))
    }

    /// The digests by every key, that of the active one first: by one of them it was made, if it was.
    pub fn every_tag(&self, label: &str, parts: &[&[u8]]) -> Vec<(KeyId, [u8; 32])> {
        let keys = self.0.now();
        let active = keys.active();
        let others = keys.iter().filter(|held| held.id != active.id);
        let tag = |held: &RingKey<hmac::Key>| (held.id.clone(), compute(&held.key, label, parts));
        std::iter::once(active).chain(others).map(tag).collect()
    }

    /// Whether `tag` is the digest by the named key. Takes equally long whatever differs.
    pub fn verify(&self, key: &KeyId, label: &str, parts: &[&[u8]], tag: &[u8]) -> bool {
        let keys = self.0.now();
        keys.by_id(key).is_some_and(|held| same(&compute(&held.key, label, parts), tag))
    }

    /// Whether `tag` is the digest by any key.
    pub fn verify_any(&self, label: &str, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.every_tag(label, parts).iter().any(|(_, right)| same(right, tag))
    }
}

impl KeyRing for MacKeys {
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

fn ready(_: &KeyId, material: &[u8; 32]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, material)
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
        let keys = keys(&format!("old active {OLD}"));
        let next = KeyText::parse(&format!("old retired {OLD}\nnew active {NEW}")).unwrap();

        let (by, tag) = keys.named_tag("code", &[b"123456"]);
        keys.take(&next).unwrap();
        let tags = keys.every_tag("code", &[b"123456"]);

        assert_eq!(by, id("old"));
        assert!(keys.verify(&by, "code", &[b"123456"], &tag));
        assert!(keys.verify_any("code", &[b"123456"], &tag) && !keys.verify_any("code", &[b"1"], &tag));
        assert_eq!(tags, [(id("new"), keys.tag("code", &[b"123456"])), (id("old"), tag)]);
    }

    #[test]
    fn a_key_that_does_not_rotate_stays() {
        let keys = MacKeys::only_from_text(&format!("old active {OLD}")).unwrap();
        let take = |text: &str| keys.take(&KeyText::parse(text).unwrap());

        let changed = [
            format!("old active {NEW}"),
            format!("new active {NEW}"),
            format!("old active {OLD}\nnew accept {NEW}"),
        ];

        take(&format!("# ours\nold active {OLD}")).unwrap();
        assert_eq!(changed.map(|text| take(&text)), [(); 3].map(|()| Err(NotTaken::Steady(id("old")))));
    }

    #[test]
    fn debug_shows_ids_alone() {
        assert_eq!(format!("{:?}", keys(&format!("old active {OLD}"))), "MacKeys({old: Active})");
    }
}
