//! What a process remembers for a while, bounded: nobody fills its memory by making up keys.
//!
//! A full one takes nothing new until something of it is over. Then it looks at every entry, so it does that at most once a
//! second, however many calls there are.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;

/// How often a full one is swept at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Values of late, by key.
pub(super) struct Recent<K, V> {
    entries: HashMap<K, (V, Timestamp)>,
    most: usize,
    lasts: Duration,
    swept_at: Option<Timestamp>,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// At most so many, each for so long.
    pub(super) fn new(most: usize, lasts: Duration) -> Self {
        Self { entries: HashMap::new(), most, lasts, swept_at: None }
    }

    /// The value of this key, unless it is over.
    pub(super) fn get_mut(&mut self, key: &K, now: Timestamp) -> Option<&mut V> {
        let lasts = self.lasts;
        self.entries.get_mut(key).filter(|(_, at)| at.is_within(lasts, now)).map(|(value, _)| value)
    }

    /// Takes out the value of this key, also one that is over and was not swept yet.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|(value, _)| value)
    }

    /// Remembers a value from now on. False where there is no room.
    pub(super) fn insert(&mut self, key: K, value: V, now: Timestamp) -> bool {
        let has_room = self.entries.contains_key(&key) || self.has_room(now);
        if has_room {
            self.entries.insert(key, (value, now));
        }
        has_room
    }

    fn has_room(&mut self, now: Timestamp) -> bool {
        let is_swept = self.swept_at.is_some_and(|at| at.is_within(SWEEP_EVERY, now));
        if self.entries.len() >= self.most && !is_swept {
            let lasts = self.lasts;
            self.entries.retain(|_, (_, at)| at.is_within(lasts, now));
            self.swept_at = Some(now);
        }
        self.entries.len() < self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_value_is_remembered_for_its_time() {
        let mut recent = Recent::new(2, LASTS);

        recent.insert("a", 1, at(0));

        assert_eq!(
            [recent.get_mut(&"a", at(59)).copied(), recent.get_mut(&"a", at(60)).copied()],
            [Some(1), None]
        );
        assert_eq!([recent.remove(&"a"), recent.remove(&"a")], [Some(1), None]);
    }

    #[test]
    fn a_full_one_keeps_what_it_has_until_that_is_over() {
        let mut recent = Recent::new(2, LASTS);
        let mut insert = |key, seconds| recent.insert(key, seconds, at(seconds));

        let taken = [insert("a", 0), insert("b", 30), insert("c", 59), insert("a", 59), insert("c", 90)];

        assert_eq!(taken, [true, true, false, true, true]);
        assert_eq!(recent.get_mut(&"a", at(90)).copied(), Some(59));
        assert_eq!(recent.remove(&"b"), None, "it was over");
    }

    #[test]
    fn a_full_one_is_swept_at_most_once_a_second() {
        let mut recent = Recent::new(1, LASTS);
        let mut insert =
            |key, micros| recent.insert(key, (), Timestamp::EPOCH.plus(Duration::from_micros(micros)));

        let taken =
            [insert("a", 0), insert("b", 59_500_000), insert("b", 60_000_000), insert("b", 60_500_000)];

        assert_eq!(taken, [true, false, false, true]);
    }
}
