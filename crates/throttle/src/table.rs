//! A map of bounded size whose values die, for counters kept in process.
//!
//! When it is full of living values, new keys share a few overflow values instead. That is what
//! keeps a flood of made-up keys (IPv6 offers plenty) from doing harm: throwing out the living
//! would let an attacker wipe a counter by filling the table, and refusing new keys would lock
//! everybody out. Sharing can only count too much.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// How many values new keys share when the table is full.
const OVERFLOWS: u64 = 64;
/// A full table is swept at most once a second, in microseconds: a sweep looks at every value.
const SWEEP_EVERY: i64 = 1_000_000;

/// A value that is worth nothing from some instant on.
pub(crate) trait Mortal {
    fn dies_at(&self) -> i64;
}

/// Keys are a name and a window.
type Key = (String, i64);

#[derive(Debug)]
pub(crate) struct Table<V> {
    values: HashMap<Key, V>,
    overflow: HashMap<(u64, i64), V>,
    capacity: usize,
    next_sweep: i64,
    hasher: RandomState,
}

/// Where a key's value is kept; stays right until the table changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Own(Key),
    Shared(u64, i64),
}

impl<V: Mortal> Table<V> {
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
    pub(crate) fn place(&mut self, name: &str, window: i64, now: i64) -> Place {
        let key = (name.to_owned(), window);
        if self.values.contains_key(&key) || self.has_room(now) {
            return Place::Own(key);
        }
        Place::Shared(self.hasher.hash_one(&key) % OVERFLOWS, window)
    }

    pub(crate) fn get(&mut self, place: &Place) -> Option<&mut V> {
        match place {
            Place::Own(key) => self.values.get_mut(key),
            Place::Shared(number, window) => self.overflow.get_mut(&(*number, *window)),
        }
    }

    pub(crate) fn get_or_insert(&mut self, place: Place, make: impl FnOnce() -> V) -> &mut V {
        match place {
            Place::Own(key) => self.values.entry(key).or_insert_with(make),
            Place::Shared(number, window) => self.overflow.entry((number, window)).or_insert_with(make),
        }
    }

    fn has_room(&mut self, now: i64) -> bool {
        if self.values.len() >= self.capacity && now >= self.next_sweep {
            self.values.retain(|_, value| value.dies_at() > now);
            self.overflow.retain(|_, value| value.dies_at() > now);
            self.next_sweep = now + SWEEP_EVERY;
        }
        self.values.len() < self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Mortal for i64 {
        fn dies_at(&self) -> i64 {
            *self
        }
    }

    fn full() -> Table<i64> {
        let mut table = Table::new(2);
        for (name, dies_at) in [("a", 10), ("b", 2_000_000)] {
            let place = table.place(name, 1, 0);
            table.get_or_insert(place, || dies_at);
        }
        table
    }

    #[test]
    fn a_full_table_makes_room_by_forgetting_the_dead() {
        let mut table = full();

        assert_eq!(table.place("c", 1, 10), Place::Own(("c".into(), 1)));
        let gone = table.place("a", 1, 10);
        assert_eq!(table.get(&gone), None);
    }

    #[test]
    fn a_table_full_of_the_living_shares_and_keeps_what_it_has() {
        let mut table = full();

        let place = table.place("c", 1, 9);

        assert!(matches!(place, Place::Shared(_, 1)), "{place:?}");
        assert_eq!(table.place("c", 1, 9), place);
        assert_eq!(table.place("a", 1, 9), Place::Own(("a".into(), 1)));
    }

    #[test]
    fn it_never_grows_past_its_capacity_and_the_shares() {
        let mut table = full();

        for number in 0..10_000 {
            let place = table.place(&format!("flood {number}"), 1, 5);
            table.get_or_insert(place, || 3_000_000);
        }

        assert_eq!((table.values.len(), table.overflow.len()), (2, 64));
    }
}
