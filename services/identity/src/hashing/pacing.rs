//! Keeps hashing from holding up the threads beside it.
//!
//! A hash runs at the lowest priority, so a thread that wakes up takes its core at once. One that was pushed aside by
//! another of its own kind does not: Linux shares a core by what each thread has had of it, such a thread has just had
//! more than its share, and so a hash may go on until the next tick of the system's clock, 4 ms later at 250 Hz. The
//! same happens whatever the priority, `SCHED_IDLE` included. But whenever some thread wakes up on the core, the choice
//! is made anew, and then it is the hash that has had more than its share. So while all cores hash, one thread on each
//! wakes up every millisecond and does nothing. Beside hashes, which empty every cache, that costs 15 µs, or 1.5% of
//! the core. With a core to spare, threads go there by themselves.

use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// About how long a thread is held up at most.
const BEAT: Duration = Duration::from_millis(1);

/// Who is at work, and the threads that wake up meanwhile.
pub(super) struct Pacing {
    state: Mutex<State>,
    changed: Condvar,
    /// The cores that the process may run on, and so how many threads at work leave none to spare.
    cores: usize,
}

#[derive(Default)]
struct State {
    at_work: usize,
    is_closed: bool,
}

impl State {
    /// Whether there is nothing to do: of so many cores some do not hash.
    fn rests(&self, cores: usize) -> bool {
        self.at_work < cores && !self.is_closed
    }
}

/// A thread that hashes, until dropped.
pub(super) struct AtWork<'p>(&'p Pacing);

impl Pacing {
    /// Starts a thread on each core, unless there are fewer `threads` that hash than cores.
    pub(super) fn start(threads: NonZeroUsize) -> std::io::Result<Arc<Self>> {
        let cores = cores();
        let pacing = Arc::new(Self::of(cores.len()));
        if threads.get() < cores.len() {
            return Ok(pacing);
        }
        for core in cores {
            let beating = Arc::clone(&pacing);
            let started = std::thread::Builder::new().name(format!("rekey-pace-{core}")).spawn(move || {
                match stay_on(core) {
                    Ok(()) => beating.beat(|| std::thread::sleep(BEAT)),
                    Err(error) => tracing::warn!(%error, core, "hashing may hold up other calls"),
                }
            });
            started.inspect_err(|_| pacing.close())?;
        }
        Ok(pacing)
    }

    pub(super) fn of(cores: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), cores }
    }

    /// This thread hashes from now on.
    pub(super) fn at_work(&self) -> AtWork<'_> {
        let mut state = self.state();
        state.at_work += 1;
        if state.at_work == self.cores {
            self.changed.notify_all();
        }
        AtWork(self)
    }

    /// Ends the threads.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// Calls `beat` again and again while no core is to spare, until closed.
    pub(super) fn beat(&self, mut beat: impl FnMut()) {
        loop {
            let state = self.changed.wait_while(self.state(), |state| state.rests(self.cores));
            let state = state.unwrap_or_else(PoisonError::into_inner);
            if state.is_closed {
                return;
            }
            drop(state);
            beat();
        }
    }

    /// The state; nothing under the lock can leave it half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.state().at_work -= 1;
    }
}

/// The cores that this process may run on; none where that cannot be known, and then nothing is done about it.
#[cfg(target_os = "linux")]
fn cores() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
}

#[cfg(not(target_os = "linux"))]
fn cores() -> Vec<usize> {
    Vec::new()
}

/// Ties this thread to a core.
#[cfg(target_os = "linux")]
fn stay_on(core: usize) -> std::io::Result<()> {
    let mut only = rustix::thread::CpuSet::new();
    only.set(core);
    Ok(rustix::thread::sched_setaffinity(None, &only)?)
}

#[cfg(not(target_os = "linux"))]
fn stay_on(_core: usize) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_beats_while_all_cores_hash_until_closed() {
        let pacing = Pacing::of(2);
        let mut at_work = vec![pacing.at_work(), pacing.at_work()];
        let mut beats = 0;

        pacing.beat(|| {
            beats += 1;
            if beats == 3 {
                at_work.pop();
                pacing.close();
            }
        });

        assert_eq!((beats, pacing.state().at_work), (3, 1));
    }

    #[test]
    fn it_begins_once_the_last_core_is_taken() {
        let pacing = Pacing::of(2);
        std::thread::scope(|scope| {
            let begun = scope.spawn(|| pacing.beat(|| pacing.close()));
            let _both = [pacing.at_work(), pacing.at_work()];

            assert!(begun.join().is_ok());
        });
    }

    #[test]
    fn it_rests_while_a_core_is_to_spare() {
        let rests = |at_work, is_closed| State { at_work, is_closed }.rests(2);

        assert_eq!(
            [rests(0, false), rests(1, false), rests(2, false), rests(3, false)],
            [true, true, false, false]
        );
        assert!(!rests(1, true), "it ends");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_stays_on_its_core() {
        let core = cores()[0];
        std::thread::scope(|scope| {
            let tied = scope.spawn(|| {
                stay_on(core).unwrap();
                cores()
            });

            assert_eq!(tied.join().unwrap(), [core]);
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_hasher_with_a_core_to_spare_needs_no_threads() {
        let pacing = Pacing::start(NonZeroUsize::MIN).unwrap();

        assert_eq!(Arc::strong_count(&pacing) == 1, cores().len() > 1);
    }
}
