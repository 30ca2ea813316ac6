//! The threads, the queue before them and the door to it.
//!
//! The door does arithmetic, not queueing theory: with `q` jobs waiting, `n` threads and hashes that took `e`
//! lately, a new one is done in about `(q + 1) * e / n + e`. If that is more than four fifths of what its
//! caller can wait, the caller hears so now instead of later; a fifth is left for the way back and for
//! estimates that are off. A job whose caller left, or can no longer be answered, is dropped unhashed.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::{Argon2, Params};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::NotHashed;
use super::arena::Arena;
use super::phc::Stored;

/// A tag, wiped when dropped.
pub(super) type Answer = Zeroizing<Vec<u8>>;

/// The lowest priority there is: measured to keep the p99 of other calls where it is without hashing.
const NICEST: i32 = 19;

/// What a hash is taken to cost before the first was measured.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// A caller is not asked back sooner: the estimate is not that good.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);

/// What to compute.
pub(super) struct Task {
    argon2: Argon2<'static>,
    salt: Vec<u8>,
    tag_bytes: usize,
    is_usual: bool,
}

/// A task, its password and whoever waits for it.
pub(super) struct Job {
    task: Task,
    password: SecretString,
    reply: oneshot::Sender<Result<Answer, NotHashed>>,
    give_up_at: Option<Instant>,
}

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
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Task {
    /// The making of a hash's tag. Only usual ones, of today's cost, are measured.
    pub(super) fn derive(stored: &Stored, is_usual: bool) -> Self {
        Self {
            argon2: stored.argon2(),
            salt: stored.salt().to_vec(),
            tag_bytes: stored.tag_bytes(),
            is_usual,
        }
    }
}

impl Job {
    /// A job that has not been admitted yet.
    pub(super) fn new(
        task: Task,
        password: &SecretString,
        reply: oneshot::Sender<Result<Answer, NotHashed>>,
    ) -> Self {
        Self { task, password: password.clone(), reply, give_up_at: None }
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed() && self.give_up_at.is_none_or(|at| now() < at)
    }
}

impl Pool {
    /// Starts the threads with memory for hashes of these parameters.
    pub(super) fn start(threads: NonZeroUsize, queue_max: usize, params: &Params) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            usual_micros: AtomicU64::new(micros(FIRST_GUESS)),
        });
        let pool = Self { shared, threads, queue_max };
        for number in 0..threads.get() {
            let (shared, blocks) = (Arc::clone(&pool.shared), params.block_count());
            std::thread::Builder::new()
                .name(format!("rekey-hash-{number}"))
                .spawn(move || work(&shared, Arena::new(blocks)))?;
        }
        Ok(pool)
    }

    /// Takes a job into the queue, or says at once that it would be too late.
    pub(super) fn admit(&self, mut job: Job, budget: Duration) -> Result<(), NotHashed> {
        let mut queue = self.shared.queue();
        if queue.is_closed {
            return Err(NotHashed::Stopped);
        }
        let usual = Duration::from_micros(self.shared.usual_micros.load(Ordering::Relaxed));
        let wait = wait_for_turn(queue.jobs.len(), usual, self.threads);
        if queue.jobs.len() >= self.queue_max || is_too_late(wait, usual, budget) {
            return Err(NotHashed::Busy { retry_after: wait.max(SHORTEST_RETRY) });
        }
        job.give_up_at = now().checked_add(budget);
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.work.notify_one();
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

    /// The next job, once there is one, or `None` when the pool is closed.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        while queue.jobs.is_empty() && !queue.is_closed {
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.jobs.pop_front()
    }

    /// Moves the estimate an eighth of the way to what was measured.
    fn learn(&self, took: Duration) {
        let _ = self
            .usual_micros
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |usual| Some((7 * usual + micros(took)) / 8));
    }
}

/// The life of a thread.
fn work(shared: &Shared, mut arena: Arena) {
    if let Err(error) = rustix::process::setpriority_process(None, NICEST) {
        tracing::warn!(%error, "hashing runs at normal priority");
    }
    while let Some(job) = shared.next() {
        if job.is_wanted() {
            let began = now();
            let answer = derive(&mut arena, &job);
            if job.task.is_usual {
                shared.learn(now().duration_since(began));
            }
            // The caller may have left meanwhile; then nobody needs the answer.
            let _ = job.reply.send(answer);
            // After the answer, so that nobody waits for it.
            arena.wipe();
        }
    }
}

fn derive(arena: &mut Arena, job: &Job) -> Result<Answer, NotHashed> {
    let mut tag = Zeroizing::new(vec![0; job.task.tag_bytes]);
    arena
        .derive(&job.task.argon2, job.password.expose_secret().as_bytes(), &job.task.salt, &mut tag)
        .map_err(NotHashed::Argon2)?;
    Ok(tag)
}

/// How long a new job waits until a thread takes it.
fn wait_for_turn(waiting: usize, usual: Duration, threads: NonZeroUsize) -> Duration {
    let (jobs, threads) = (saturated(waiting + 1), saturated(threads.get()));
    usual.saturating_mul(jobs) / threads
}

/// Whether a job would be done after four fifths of what its caller can wait.
fn is_too_late(wait: Duration, usual: Duration, budget: Duration) -> bool {
    wait.saturating_add(usual) > budget.saturating_mul(4) / 5
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
mod tests {
    use super::super::phc::{Cost, SALT_BYTES};
    use super::*;

    const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
    const PLENTY: Duration = Duration::from_secs(60);

    /// A pool whose threads never come, so that what waits keeps waiting.
    fn without_threads(queue_max: usize) -> Pool {
        let usual_micros = AtomicU64::new(10_000);
        let shared = Shared { queue: Mutex::default(), work: Condvar::new(), usual_micros };
        Pool { shared: Arc::new(shared), threads: THREADS, queue_max }
    }

    fn job() -> (Job, oneshot::Receiver<Result<Answer, NotHashed>>) {
        let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let stored = Stored::new(cost, [0; SALT_BYTES]).unwrap();
        let (reply, answer) = oneshot::channel();
        (Job::new(Task::derive(&stored, true), &SecretString::from("any"), reply), answer)
    }

    #[test]
    fn a_queue_takes_as_many_as_it_may() {
        let pool = without_threads(3);
        let answers: Vec<_> = (0..3)
            .map(|_| {
                let (job, answer) = job();
                pool.admit(job, PLENTY).unwrap();
                answer
            })
            .collect();

        let fourth = pool.admit(job().0, PLENTY);

        assert!(matches!(fourth, Err(NotHashed::Busy { retry_after }) if retry_after >= SHORTEST_RETRY));
        assert_eq!((pool.waiting(), answers.len()), (3, 3));
    }

    #[test]
    fn nothing_is_hashed_for_a_caller_that_left() {
        let (job, answer) = job();
        let was_wanted = job.is_wanted();

        drop(answer);

        assert!(was_wanted);
        assert!(!job.is_wanted());
    }

    #[test]
    fn nothing_is_hashed_that_comes_too_late() {
        let (mut job, _answer) = job();

        job.give_up_at = now().checked_sub(Duration::from_micros(1));

        assert!(!job.is_wanted());
    }

    #[test]
    fn whoever_waits_when_hashing_stops_hears_so() {
        let pool = without_threads(8);
        let (job, mut answer) = job();
        pool.admit(job, PLENTY).unwrap();

        drop(pool);

        assert!(matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
    }

    #[test]
    fn a_job_is_refused_when_it_would_end_after_four_fifths_of_its_budget() {
        let usual = Duration::from_millis(10);
        let longest = |budget: u64| {
            (0..1_000)
                .take_while(|waiting| {
                    !is_too_late(
                        wait_for_turn(*waiting, usual, THREADS),
                        usual,
                        Duration::from_millis(budget),
                    )
                })
                .count()
        };

        assert_eq!([10, 25, 100, 250].map(longest), [0, 2, 14, 38]);
    }

    #[test]
    fn estimates_follow_what_was_measured() {
        let shared =
            Shared { queue: Mutex::default(), work: Condvar::new(), usual_micros: AtomicU64::new(8_000) };

        shared.learn(Duration::from_micros(16_000));

        assert_eq!(shared.usual_micros.load(Ordering::Relaxed), 9_000);
    }
}
