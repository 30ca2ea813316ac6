//! A key text as it stands after a step of a rotation. Comments and the order of lines stay.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::Entropy;
use rekey_primitives::secret::Zeroizing;

use crate::keys::{KeyError, KeyId, KeyState, KeyText};

/// A step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation<'a> {
    /// A new key comes in, known and not used yet.
    Add,
    /// This key seals and signs from now on; the one that did is retired.
    Activate(&'a KeyId),
    /// This key, which was never used, or not any more, is retired.
    Retire(&'a KeyId),
    /// This key goes, and nobody opens any more what it sealed.
    Remove(&'a KeyId),
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRotated {
    /// The text does not read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No key has that id.
    #[error("no key has that id")]
    Unknown,
    /// The key is the active one: another one has to be activated before.
    #[error("that key is the active one: activate another one before")]
    IsActive,
    /// The key is the active one already.
    #[error("that key is active already")]
    WasActive,
}

impl KeyText {
    /// The ids and states of the keys, in their order.
    pub fn states(&self) -> impl Iterator<Item = (&KeyId, KeyState)> {
        self.entries().iter().map(|entry| (&entry.id, entry.state))
    }

    /// The text after a step. For a new key it takes chance and the day for its id.
    pub fn rotated(
        text: &str,
        step: Rotation<'_>,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, NotRotated> {
        let keys = Self::parse(text)?;
        let active = keys.states().find(|(_, state)| *state == KeyState::Active).map(|(id, _)| id.clone());
        let state_of = |id: &KeyId| {
            let found = keys.states().find(|(known, _)| *known == id);
            found.map(|(_, state)| state).ok_or(NotRotated::Unknown)
        };
        // A line more than it has: no copy is left behind by growing.
        let mut next = Zeroizing::new(String::with_capacity(text.len() + 128));
        let changes: &[(&KeyId, Option<KeyState>)] = match (step, &active) {
            (Rotation::Activate(id), Some(active)) => match state_of(id)? {
                KeyState::Active => return Err(NotRotated::WasActive),
                _ => &[(active, Some(KeyState::Retired)), (id, Some(KeyState::Active))],
            },
            (Rotation::Retire(id) | Rotation::Remove(id), _) if state_of(id)? == KeyState::Active => {
                return Err(NotRotated::IsActive);
            }
            (Rotation::Retire(id), _) => &[(id, Some(KeyState::Retired))],
            (Rotation::Remove(id), _) => &[(id, None)],
            _ => &[],
        };
        for line in text.lines() {
            write_line(line, changes, &mut next);
        }
        if step == Rotation::Add {
            next.push_str(&Zeroizing::new(Self::drawn(KeyState::Accept, entropy, now)));
        }
        Self::parse(&next)?;
        Ok(next)
    }
}

/// Writes a line with its key in its new state, or leaves it out.
fn write_line(line: &str, changes: &[(&KeyId, Option<KeyState>)], next: &mut String) {
    let mut fields = line.split_ascii_whitespace();
    let id = fields.next().filter(|first| !first.starts_with('#')).and_then(|id| KeyId::parse(id).ok());
    let change = id.and_then(|id| changes.iter().find(|(changed, _)| **changed == id));
    match change {
        None => next.push_str(line),
        Some((_, None)) => return,
        Some((id, Some(state))) => {
            for field in [id.as_str(), " ", state.as_str(), " ", fields.nth(1).unwrap_or_default()] {
                next.push_str(field);
            }
        }
    }
    next.push('\n');
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn id(text: &str) -> KeyId {
        KeyId::parse(text).unwrap()
    }

    fn rotated(text: &str, step: Rotation<'_>) -> Result<String, NotRotated> {
        KeyText::rotated(text, step, &SeededEntropy::new(1), NOW).map(|text| text.to_string())
    }

    #[test]
    fn a_key_comes_in_becomes_active_and_the_old_one_goes() {
        let first = format!("# of the mails\nold active {A}\n");

        let added = rotated(&first, Rotation::Add).unwrap();
        let keys = KeyText::parse(&added).unwrap();
        let (new, state) = keys.states().last().unwrap();
        let active = rotated(&added, Rotation::Activate(new)).unwrap();
        let alone = rotated(&active, Rotation::Remove(&id("old"))).unwrap();

        assert_eq!(state, KeyState::Accept);
        assert!(active.starts_with(&format!("# of the mails\nold retired {A}\n{new} active ")), "{active}");
        assert!(alone.starts_with(&format!("# of the mails\n{new} active ")), "{alone}");
        assert_eq!(KeyText::parse(&alone).unwrap().states().count(), 1);
    }

    #[test]
    fn the_active_key_stays_until_another_one_is() {
        let text = format!("a active {A}\nb accept {B}\n");

        assert_eq!(rotated(&text, Rotation::Remove(&id("a"))), Err(NotRotated::IsActive));
        assert_eq!(rotated(&text, Rotation::Retire(&id("a"))), Err(NotRotated::IsActive));
        assert_eq!(rotated(&text, Rotation::Activate(&id("a"))), Err(NotRotated::WasActive));
        assert_eq!(rotated(&text, Rotation::Retire(&id("b"))), Ok(format!("a active {A}\nb retired {B}\n")));
    }

    #[test]
    fn what_is_not_there_or_does_not_read_changes_nothing() {
        let text = format!("a active {A}\n");

        for step in [Rotation::Activate(&id("b")), Rotation::Retire(&id("b")), Rotation::Remove(&id("b"))] {
            assert_eq!(rotated(&text, step), Err(NotRotated::Unknown));
        }
        assert_eq!(
            rotated("a accept x", Rotation::Add).map_err(|why| why.to_string().contains('x')),
            Err(false)
        );
    }
}
