//! The threads, the queue before them and the door to it.
//!
//! The door does arithmetic, not queueing theory: with `q` jobs waiting, `n` threads and hashes that took `e`
//! lately, a new one is done in about `(q + 1) * e / n + e`. Hashes of other costs, imported ones above all, take many times
//! as long and have an `e` of their own. If that is more than four fifths of what its
//! caller can wait, the caller hears so now instead of later; a fifth is left for the way back and for
//! estimates that are off. A job whose caller left, or can no longer be answered, is dropped unhashed.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::Params;

use super::arena::Arena;
use super::job::Job;
use super::{NotHashed, Room};
use crate::metrics;

/// What a hash is taken to cost before the first was measured.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// The same of a hash at another cost than today's: that of bcrypt at 10 or 11, as most of them are.
const FIRST_GUESS_OF_OTHERS: Duration = Duration::from_millis(100);

/// A caller is not asked back sooner: the estimate is not that good.
pub(super) const SHORTEST_RETRY: Duration = Duration::from_millis(100);

/// The threads and their queue.
pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: NonZeroUsize,
    queue_max: usize,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    /// How long hashes of today's cost took lately, in microseconds.
    usual_micros: AtomicU64,
    /// The same of all others.
    other_micros: AtomicU64,
    /// No measurement counts for more: beyond it an empty queue would refuse, and with nothing hashed nothing
    /// would ever correct it.
    most_micros: u64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Places reserved for jobs that are still to come.
    reserved: usize,
    is_closed: bool,
}

/// A place reserved in the queue for a job that is still to come. The first job that is admitted by it takes it; otherwise it
/// is given up when dropped.
pub struct Reservation {
    shared: Arc<Shared>,
    /// Changed under the lock of the queue alone.
    is_held: AtomicBool,
}

impl Reservation {
    /// Lets go of the place; whether it was held until now.
    fn release(&self, queue: &mut Queue) -> bool {
        let was_held = self.is_held.swap(false, Ordering::Relaxed);
        queue.reserved -= usize::from(was_held);
        was_held
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release(&mut self.shared.queue());
    }
}

impl Pool {
    /// Starts the threads with memory for hashes of these parameters. A caller with all of `patience` is never
    /// refused by an empty queue.
    pub(super) fn start(
        threads: NonZeroUsize,
        queue_max: usize,
        patience: Duration,
        params: &Params,
    ) -> std::io::Result<Self> {
        let longest = longest_in_time(patience, threads);
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            usual_micros: AtomicU64::new(micros(FIRST_GUESS)),
            other_micros: AtomicU64::new(micros(FIRST_GUESS_OF_OTHERS.min(longest))),
            most_micros: micros(longest),
        });
        let pool = Self { shared, threads, queue_max };
        pool.show();
        for number in 0..threads.get() {
            let (shared, blocks) = (Arc::clone(&pool.shared), params.block_count());
            std::thread::Builder::new().name(format!("rekey-hash-{number}")).spawn(move || {
                work(&shared, &mut Arena::new(blocks));
            })?;
        }
        Ok(pool)
    }

    /// Shows how many threads there are, and how many jobs wait, for as long as the pool lives.
    fn show(&self) {
        metrics::HASH_THREADS.set_count::<&str>(self.threads.get(), []);
        let shared = Arc::downgrade(&self.shared);
        metrics::HASH_QUEUE.observe(move || {
            let waiting = shared.upgrade().map(|shared| shared.queue().jobs.len());
            waiting.map(|waiting| (f64::from(saturated(waiting)), [])).into_iter().collect()
        });
    }

    /// Takes a job into the queue, or says at once that it would be too late. A job for which there is a place was judged when that
    /// was reserved: judged again behind those who reserved later, it could be refused after its call wrote. That holds at any cost,
    /// or an account with an imported hash would be refused where an unknown login is not.
    pub(super) fn admit(&self, mut job: Job, room: Room<'_>) -> Result<(), NotHashed> {
        let admitted_at = now();
        let mut queue = self.shared.queue();
        let has_place = room.reserved.is_some_and(|place| place.release(&mut queue));
        if queue.is_closed || !has_place {
            self.check_queue(&queue, job.task.is_usual, room.within)?;
        }
        (job.admitted_at, job.give_up_at) = (Some(admitted_at), admitted_at.checked_add(room.within));
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.work.notify_one();
        Ok(())
    }

    /// Says what [`admit`](Self::admit) would say now, and reserves a place for the job.
    pub(super) fn reserve(&self, budget: Duration) -> Result<Reservation, NotHashed> {
        let mut queue = self.shared.queue();
        self.check_queue(&queue, true, budget)?;
        queue.reserved += 1;
        drop(queue);
        Ok(Reservation { shared: Arc::clone(&self.shared), is_held: AtomicBool::new(true) })
    }

    /// Says what [`reserve`](Self::reserve) would say now, and reserves nothing.
    pub(super) fn check_room(&self, budget: Duration) -> Result<(), NotHashed> {
        self.check_queue(&self.shared.queue(), true, budget)
    }

    /// Whoever only reserves a place is taken to hash at today's cost.
    fn check_queue(&self, queue: &Queue, is_usual: bool, budget: Duration) -> Result<(), NotHashed> {
        if queue.is_closed {
            return Err(NotHashed::Stopped);
        }
        let own = self.shared.estimate(is_usual);
        let before = queue.jobs.len() + queue.reserved;
        let others = queue.jobs.iter().filter(|job| !job.task.is_usual).count();
        let wait = wait_for_turn(before - others, self.shared.estimate(true), self.threads)
            .saturating_add(share_of(others, self.shared.estimate(false), self.threads));
        if before >= self.queue_max || is_too_late(wait, own, budget) {
            metrics::HASHES_NOT_MADE.add(1, ["no_room"]);
            return Err(NotHashed::Busy { retry_after: wait.max(SHORTEST_RETRY) });
        }
        Ok(())
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        self.threads.get()
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        self.shared.queue().jobs.len()
    }
}

/// Ends the threads after the job each is at; whoever still waits hears that hashing has stopped.
impl Drop for Pool {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.is_closed = true;
        queue.jobs.clear();
        drop(queue);
        self.shared.work.notify_all();
    }
}

impl Shared {
    /// The queue; a thread that panicked left it whole, since nothing is half done under the lock.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, if one waits.
    fn at_hand(&self) -> Option<Job> {
        self.queue().jobs.pop_front()
    }

    /// The next job, once there is one, or `None` when the pool is closed.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        while queue.jobs.is_empty() && !queue.is_closed {
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.jobs.pop_front()
    }

    /// How long a hash takes, by what was measured lately.
    fn estimate(&self, is_usual: bool) -> Duration {
        Duration::from_micros(self.micros(is_usual).load(Ordering::Relaxed))
    }

    /// Moves the estimate an eighth of the way to what was measured.
    fn learn(&self, is_usual: bool, took: Duration) {
        let took = micros(took).min(self.most_micros);
        let _ = self
            .micros(is_usual)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| Some((7 * known + took) / 8));
    }

    const fn micros(&self, is_usual: bool) -> &AtomicU64 {
        if is_usual { &self.usual_micros } else { &self.other_micros }
    }
}

/// The life of a thread. It wipes its memory before it waits; while jobs wait for it, they overwrite it.
fn work(shared: &Shared, arena: &mut Arena) {
    while let Some(first) = shared.next() {
        serve(shared, arena, first);
        while let Some(job) = shared.at_hand() {
            serve(shared, arena, job);
        }
        arena.wipe();
    }
}

/// Does a job, unless nobody waits for it any more or it is too late to be of use.
fn serve(shared: &Shared, arena: &mut Arena, job: Job) {
    if job.reply.is_closed() {
        metrics::HASHES_NOT_MADE.add(1, ["caller_left"]);
        return;
    }
    let answer = if job.is_late(now()) {
        metrics::HASHES_NOT_MADE.add(1, ["late"]);
        Err(NotHashed::Busy { retry_after: SHORTEST_RETRY })
    } else {
        let began = now();
        let waited = job.admitted_at.map(|at| began.duration_since(at)).unwrap_or_default();
        metrics::HASH_WAITS.record::<&str>(waited, []);
        let answer = job.derive(arena);
        let took = now().duration_since(began);
        metrics::HASHES.record(took, [if job.task.is_usual { "today" } else { "other" }]);
        shared.learn(job.task.is_usual, took);
        answer
    };
    // The caller may have left meanwhile; then nobody needs the answer.
    let _ = job.reply.send(answer);
}

/// How long a new job waits until a thread takes it.
fn wait_for_turn(waiting: usize, usual: Duration, threads: NonZeroUsize) -> Duration {
    share_of(waiting + 1, usual, threads)
}

/// How long the threads are at so many jobs.
fn share_of(jobs: usize, each: Duration, threads: NonZeroUsize) -> Duration {
    each.saturating_mul(saturated(jobs)) / saturated(threads.get())
}

/// Whether a job would be done after four fifths of what its caller can wait.
fn is_too_late(wait: Duration, usual: Duration, budget: Duration) -> bool {
    wait.saturating_add(usual) > budget.saturating_mul(4) / 5
}

/// The longest hash that [`is_too_late`] still lets into an empty queue.
fn longest_in_time(budget: Duration, threads: NonZeroUsize) -> Duration {
    let threads = saturated(threads.get());
    (budget.saturating_mul(4) / 5).saturating_mul(threads) / threads.saturating_add(1)
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "measures how long real work takes on real threads")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
