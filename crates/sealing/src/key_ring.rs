//! Keys made ready for one use, which go over to what their file holds by now.
//!
//! Whoever works takes them once ([`Ring::now`]) and finishes with those, so no value is named after one key and made by another.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::held::{self, HeldKey, NotTaken};
use crate::keys::{KeyId, KeyState, KeyText};

/// Keys that a later text can take the place of, at once and as a whole.
pub trait KeyRing: Send + Sync {
    /// The keys of the text that was taken last.
    fn held(&self) -> Vec<HeldKey>;

    /// Whether a text may take their place.
    ///
    /// # Errors
    /// It may not, and why.
    fn judge(&self, text: &KeyText) -> Result<(), NotTaken>;

    /// Goes over to a text. What is under way ends by the keys it began with.
    ///
    /// # Errors
    /// As [`judge`](Self::judge); then they stay.
    fn take(&self, text: &KeyText) -> Result<(), NotTaken>;
}

/// How material becomes a key of one use.
type Ready<K> = fn(&KeyId, &[u8; 32]) -> K;

/// Keys for one use. Clones hold the same ones.
pub(crate) struct Ring<K> {
    current: Arc<RwLock<Arc<Keys<K>>>>,
    ready: Ready<K>,
    is_steady: bool,
}

/// The keys of one text, exactly one of them active.
pub(crate) struct Keys<K> {
    keys: Vec<RingKey<K>>,
    active: usize,
    held: Vec<HeldKey>,
}

pub(crate) struct RingKey<K> {
    pub(crate) id: KeyId,
    pub(crate) state: KeyState,
    pub(crate) key: K,
}

impl<K> Ring<K> {
    /// Keys that rotate.
    pub(crate) fn rotating(text: &KeyText, ready: Ready<K>) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(Keys::of(text, ready)))), ready, is_steady: false }
    }

    /// A key that never changes.
    pub(crate) fn steady(text: &KeyText, ready: Ready<K>) -> Self {
        Self { is_steady: true, ..Self::rotating(text, ready) }
    }

    /// The keys of this moment.
    pub(crate) fn now(&self) -> Arc<Keys<K>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn held(&self) -> Vec<HeldKey> {
        self.now().held.clone()
    }

    pub(crate) fn judge(&self, text: &KeyText) -> Result<(), NotTaken> {
        held::judge(&self.now().held, &text.held(), self.is_steady)
    }

    pub(crate) fn take(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.judge(text)?;
        let next = Arc::new(Keys::of(text, self.ready));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

impl<K> Keys<K> {
    fn of(text: &KeyText, ready: Ready<K>) -> Self {
        let entries = text.entries();
        let active = entries.iter().position(|entry| entry.state == KeyState::Active);
        let key = |entry: &crate::keys::Entry| RingKey {
            key: ready(&entry.id, &entry.material),
            id: entry.id.clone(),
            state: entry.state,
        };
        Self {
            keys: entries.iter().map(key).collect(),
            active: active.expect("a text without an active key does not parse"),
            held: text.held(),
        }
    }

    pub(crate) fn active(&self) -> &RingKey<K> {
        &self.keys[self.active]
    }

    pub(crate) fn by_id(&self, id: &KeyId) -> Option<&RingKey<K>> {
        self.keys.iter().find(|held| held.id == *id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RingKey<K>> {
        self.keys.iter()
    }
}

impl<K> Clone for Ring<K> {
    fn clone(&self) -> Self {
        Self { current: Arc::clone(&self.current), ready: self.ready, is_steady: self.is_steady }
    }
}

impl<K> fmt::Debug for Ring<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.now().iter().map(|held| (&held.id, held.state))).finish()
    }
}
