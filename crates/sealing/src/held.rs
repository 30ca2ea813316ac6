//! Keys as they can be told apart without being known, and which of them may follow which.

use std::fmt;

use rekey_primitives::secret::same;
use ring::hmac;

use crate::framed;
use crate::keys::{Entry, KeyError, KeyId, KeyState};

/// No digest that is made by keys of ours has this label.
const LABEL: &str = "rekey key check";

/// Equal for equal keys, and tells nothing of the key: a keyed digest of nothing. It may be stored anywhere.
#[derive(Clone, Copy)]
pub struct KeyCheck([u8; 32]);

impl KeyCheck {
    pub(crate) fn of(material: &[u8; 32]) -> Self {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, material));
        framed(&[LABEL.as_bytes()], |bytes| context.update(bytes));
        let mut check = [0; 32];
        check.copy_from_slice(context.sign().as_ref());
        Self(check)
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether these stored bytes are it.
    pub fn is(&self, stored: &[u8]) -> bool {
        same(&self.0, stored)
    }
}

impl PartialEq for KeyCheck {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for KeyCheck {}

impl fmt::Debug for KeyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCheck(..)")
    }
}

/// A key as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldKey {
    /// Its name.
    pub id: KeyId,
    /// Where it is in its life.
    pub state: KeyState,
    /// What it can be told by.
    pub check: KeyCheck,
}

impl HeldKey {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { id: entry.id.clone(), state: entry.state, check: KeyCheck::of(&entry.material) }
    }
}

/// Why a text does not take the place of the keys that are held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It does not read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// An id came to stand for another key.
    #[error("the material of {0} is not the one it had: a new key takes an id of its own")]
    Changed(KeyId),
    /// What was sealed a moment ago could not be opened any more.
    #[error("{0} is missing, which is the active one: activate another one before it goes")]
    ActiveGone(KeyId),
    /// The key is looked up by for ever.
    #[error("{0} does not rotate: what it hashed would not be found again")]
    Steady(KeyId),
}

/// What a store knows a key by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheck {
    /// The name of the key.
    pub id: String,
    /// Its [`KeyCheck`], as it was stored.
    pub check: Vec<u8>,
}

/// Why keys are not those of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongKeys {
    /// By this id it knows another one.
    #[error(
        "{0} is not the key that this store knows by that id: its file was replaced, so put the right one back"
    )]
    Other(KeyId),
    /// It knows none of them.
    #[error(
        "this store was used with other keys, last with {0}, of which none is here: put their file back; if they are lost for \
         good, `rekey keys forget` lets the store take new ones"
    )]
    Foreign(String),
}

/// Holds keys to those that a store knows, the one it met last at the end; the ones that are new to it.
pub fn hold<'a>(held: &'a [HeldKey], kept: &[KeptCheck]) -> Result<Vec<&'a HeldKey>, WrongKeys> {
    let known = |key: &HeldKey| kept.iter().find(|kept| kept.id == key.id.as_str());
    if let Some(key) = held.iter().find(|key| known(key).is_some_and(|kept| !key.check.is(&kept.check))) {
        return Err(WrongKeys::Other(key.id.clone()));
    }
    match kept.last() {
        Some(last) if !held.iter().any(|key| known(key).is_some()) => {
            Err(WrongKeys::Foreign(last.id.clone()))
        }
        _ => Ok(held.iter().filter(|key| known(key).is_none()).collect()),
    }
}

/// Whether keys may be followed by others.
pub(crate) fn judge(held: &[HeldKey], next: &[HeldKey], is_steady: bool) -> Result<(), NotTaken> {
    if let (true, [only]) = (is_steady, held)
        && held != next
    {
        return Err(NotTaken::Steady(only.id.clone()));
    }
    for before in held {
        match next.iter().find(|after| after.id == before.id) {
            Some(after) if after.check != before.check => return Err(NotTaken::Changed(before.id.clone())),
            None if before.state == KeyState::Active => return Err(NotTaken::ActiveGone(before.id.clone())),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyText;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn judged(held: &str, next: &str) -> Result<(), NotTaken> {
        let keys = |text: &str| KeyText::parse(text).unwrap().held();
        judge(&keys(held), &keys(next), false)
    }

    fn id(text: &str) -> KeyId {
        KeyId::parse(text).unwrap()
    }

    #[test]
    fn every_step_of_a_rotation_may_follow_the_one_before() {
        let steps = [
            format!("a active {A}"),
            format!("a active {A}\nb accept {B}"),
            format!("a retired {A}\nb active {B}"),
            format!("b active {B}"),
        ];

        let each = steps.windows(2).map(|two| judged(&two[0], &two[1])).collect::<Vec<_>>();
        let two_at_once = judged(&steps[0], &steps[2]);
        let back = judged(&steps[2], &steps[1]);

        assert_eq!(each, [Ok(()), Ok(()), Ok(())]);
        assert_eq!((two_at_once, back), (Ok(()), Ok(())));
    }

    #[test]
    fn what_seals_at_the_moment_does_not_go() {
        let refused = judged(&format!("a active {A}\nb accept {B}"), &format!("b active {B}"));

        assert_eq!(refused, Err(NotTaken::ActiveGone(id("a"))));
    }

    #[test]
    fn an_id_stands_for_one_key_whatever_its_state() {
        let refused = judged(&format!("a retired {A}\nb active {B}"), &format!("a accept {B}\nb active {A}"));

        assert_eq!(refused, Err(NotTaken::Changed(id("a"))));
    }

    #[test]
    fn a_store_takes_keys_that_it_knows_and_new_ones_beside_them() {
        let held = KeyText::parse(&format!("a retired {A}\nb active {B}")).unwrap().held();
        let kept =
            |id: &str, key: &HeldKey| KeptCheck { id: id.to_owned(), check: key.check.as_bytes().to_vec() };

        let first = hold(&held, &[]).unwrap();
        let one_more = hold(&held, &[kept("gone", &held[1]), kept("a", &held[0])]).unwrap();
        let nothing_new = hold(&held, &[kept("a", &held[0]), kept("b", &held[1])]).unwrap();
        let other = hold(&held, &[kept("a", &held[0]), kept("b", &held[0])]);
        let foreign = hold(&held, &[kept("x", &held[0]), kept("y", &held[1])]);

        assert_eq!(first, held.iter().collect::<Vec<_>>());
        assert_eq!((one_more, nothing_new), (vec![&held[1]], vec![]));
        assert_eq!(other, Err(WrongKeys::Other(id("b"))));
        assert_eq!(foreign, Err(WrongKeys::Foreign("y".to_owned())));
    }

    /// Stores keep it: it must not change by itself.
    #[test]
    fn a_check_is_what_it_was_and_shows_nothing() {
        let check = KeyCheck::of(&[1; 32]);

        assert!(check.is(check.as_bytes()) && !check.is(KeyCheck::of(&[0; 32]).as_bytes()) && !check.is(&[]));
        assert_eq!(check.as_bytes()[..4], KNOWN);
        assert_eq!(format!("{check:?}"), "KeyCheck(..)");
    }

    /// HMAC-SHA-256 of the label behind its length, by 32 bytes of 1.
    const KNOWN: [u8; 4] = [0xe6, 0x75, 0xd2, 0xf4];
}
