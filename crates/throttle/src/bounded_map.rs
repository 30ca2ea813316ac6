//! A map of bounded size whose values expire, for counters kept in process.
//!
//! When it is full of live values, new keys share a few overflow values. So a flood of invented keys (IPv6 offers plenty)
//! does no harm: evicting live values would let an attacker erase a counter by filling the map, and refusing new keys
//! would lock everybody out. Sharing can only count too much.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// How many values new keys share when the map is full.
const OVERFLOWS: u64 = 64;
/// A full map is swept at most once a second, in microseconds: a sweep looks at every value.
const SWEEP_EVERY: i64 = 1_000_000;

/// A value that counts no longer from some instant on.
pub(crate) trait Expiring {
    fn expires_at(&self) -> i64;
}

/// Keys are a name and a window.
type Key = (String, i64);

#[derive(Debug)]
pub(crate) struct BoundedMap<V> {
    values: HashMap<Key, V>,
    overflow: HashMap<(u64, i64), V>,
    capacity: usize,
    next_sweep: i64,
    hasher: RandomState,
}

/// Where a key's value is kept; valid until the map changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    Own(Key),
    Shared(u64, i64),
}

impl<V: Expiring> BoundedMap<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            values: HashMap::new(),
            overflow: HashMap::new(),
            capacity,
            next_sweep: i64::MIN,
            hasher: RandomState::new(),
        }
    }

    /// Where the value of `name` is or would go, after making room if there is none.
    pub(crate) fn slot(&mut self, name: &str, window: i64, now: i64) -> Slot {
        let key = (name.to_owned(), window);
        if self.values.contains_key(&key) || self.has_room(now) {
            return Slot::Own(key);
        }
        Slot::Shared(self.hasher.hash_one(&key) % OVERFLOWS, window)
    }

    pub(crate) fn get(&mut self, slot: &Slot) -> Option<&mut V> {
        match slot {
            Slot::Own(key) => self.values.get_mut(key),
            Slot::Shared(number, window) => self.overflow.get_mut(&(*number, *window)),
        }
    }

    pub(crate) fn get_or_insert(&mut self, slot: Slot, make: impl FnOnce() -> V) -> &mut V {
        match slot {
            Slot::Own(key) => self.values.entry(key).or_insert_with(make),
            Slot::Shared(number, window) => self.overflow.entry((number, window)).or_insert_with(make),
        }
    }

    fn has_room(&mut self, now: i64) -> bool {
        if self.values.len() >= self.capacity && !(now..=now + SWEEP_EVERY).contains(&self.next_sweep) {
            self.values.retain(|_, value| value.expires_at() > now);
            self.overflow.retain(|_, value| value.expires_at() > now);
            self.next_sweep = now + SWEEP_EVERY;
        }
        self.values.len() < self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Expiring for i64 {
        fn expires_at(&self) -> i64 {
            *self
        }
    }

    fn full() -> BoundedMap<i64> {
        let mut map = BoundedMap::new(2);
        for (name, expires_at) in [("a", 10), ("b", 2_000_000)] {
            let slot = map.slot(name, 1, 0);
            map.get_or_insert(slot, || expires_at);
        }
        map
    }

    #[test]
    fn a_full_map_makes_room_by_dropping_the_expired() {
        let mut map = full();

        assert_eq!(map.slot("c", 1, 10), Slot::Own(("c".into(), 1)));
        let gone = map.slot("a", 1, 10);
        assert_eq!(map.get(&gone), None);
    }

    #[test]
    fn a_map_full_of_live_values_shares_and_keeps_what_it_has() {
        let mut map = full();

        let slot = map.slot("c", 1, 9);

        assert!(matches!(slot, Slot::Shared(_, 1)), "{slot:?}");
        assert_eq!(map.slot("c", 1, 9), slot);
        assert_eq!(map.slot("a", 1, 9), Slot::Own(("a".into(), 1)));
    }

    #[test]
    fn it_never_grows_past_its_capacity_and_the_overflows() {
        let mut map = full();

        for number in 0..10_000 {
            let slot = map.slot(&format!("flood {number}"), 1, 5);
            map.get_or_insert(slot, || 3_000_000);
        }

        assert_eq!((map.values.len(), map.overflow.len()), (2, 64));
    }
}
