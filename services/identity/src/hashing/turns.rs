//! One hash at a time for each account, however many calls ask for one: the threads are for everybody.
//!
//! A turn is taken before a place in the queue, so that those who wait for their turn keep nobody else out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::NotHashed;
use super::pool::SHORTEST_RETRY;
use crate::metrics;

type Key = [u8; 32];
type Lock = tokio::sync::Mutex<()>;

/// Who is at the hashing threads, by account. What is not asked for is not kept.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Key, Weak<Lock>>>>);

/// The turn of an account, until it is dropped.
pub struct Turn {
    // Fields are dropped in this order: the lock is free before the entry is looked at.
    _guard: OwnedMutexGuard<()>,
    _entry: Entry,
}

/// One of those who wait for an account's turn or have it.
struct Entry {
    turns: Turns,
    key: Key,
}

impl Turns {
    /// Waits for the turn of an account, first come, first served.
    pub(super) async fn take(&self, key: Key, patience: Duration) -> Result<Turn, NotHashed> {
        let entry = Entry { turns: self.clone(), key };
        let waiting = self.lock_of(key).lock_owned();
        match timeout(patience, waiting).await {
            Ok(guard) => Ok(Turn { _guard: guard, _entry: entry }),
            Err(_) => {
                metrics::HASHES_NOT_MADE.add(1, ["account_busy"]);
                Err(NotHashed::Busy { retry_after: SHORTEST_RETRY })
            }
        }
    }

    fn lock_of(&self, key: Key) -> Arc<Lock> {
        let mut locks = self.locks();
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(Lock::new(()));
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<Key, Weak<Lock>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut locks = self.turns.locks();
        if locks.get(&self.key).is_some_and(|lock| lock.strong_count() == 0) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn an_account_has_one_turn_at_a_time_and_others_have_theirs() {
        let turns = Turns::default();
        let first = turns.take([1; 32], PATIENCE).await.unwrap();

        let again = turns.take([1; 32], PATIENCE).await.map(drop);
        let other = turns.take([2; 32], PATIENCE).await.map(drop);
        drop(first);
        let later = turns.take([1; 32], PATIENCE).await.map(drop);

        assert!(matches!(again, Err(NotHashed::Busy { .. })));
        assert!(other.is_ok() && later.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_next_and_nothing_is_kept_of_those_who_left() {
        let turns = Turns::default();
        let first = turns.take([1; 32], PATIENCE).await.unwrap();
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take([1; 32], PATIENCE).await.map(drop) }
        });
        tokio::task::yield_now().await;

        drop(first);
        let served = waiting.await.unwrap();
        let held = turns.take([1; 32], PATIENCE).await.unwrap();
        assert!(turns.take([1; 32], PATIENCE).await.is_err());
        drop(held);

        assert!(served.is_ok());
        assert!(turns.locks().is_empty());
    }
}
