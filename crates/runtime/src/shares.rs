//! Places shared out: nobody holds more than their share, so that no one of many can take them all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// How many places each holder may have at once. Clones share the count.
#[derive(Debug, Clone)]
pub(crate) struct Shares<K> {
    each: usize,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// A share of this many places for everybody.
    pub(crate) fn new(each: usize) -> Self {
        Self { each, held: Arc::default() }
    }

    /// A place of the holder's share, if one is left. It is given back when it is dropped.
    pub(crate) fn take(&self, holder: K) -> Option<Share<K>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.get(&holder).copied().unwrap_or(0);
        if count >= self.each {
            return None;
        }
        held.insert(holder.clone(), count + 1);
        Some(Share { holder, held: Arc::clone(&self.held) })
    }
}

/// A place that is taken.
#[derive(Debug)]
pub(crate) struct Share<K: Eq + Hash> {
    holder: K,
    held: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.holder) {
            *count -= 1;
            // Holders who have nothing are forgotten, so strangers cannot fill the table.
            if *count == 0 {
                held.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shares;

    #[test]
    fn a_full_share_stops_its_holder_and_nobody_else() {
        let shares = Shares::new(2);

        let held = [shares.take("one"), shares.take("one")];
        let (third, other) = (shares.take("one"), shares.take("other"));

        assert!(held.iter().all(Option::is_some));
        assert!(third.is_none() && other.is_some());
    }

    #[test]
    fn a_place_given_back_is_free_and_its_holder_forgotten() {
        let shares = Shares::new(1);
        let held = shares.take("one");

        drop(held);

        assert!(shares.held.lock().unwrap().is_empty());
        assert!(shares.take("one").is_some());
    }
}
