//! Hashing on threads of its own, so that hashing never delays a call that does not hash.
//!
//! One hash takes milliseconds of a core and 19 MiB; run among the async workers it would stall every other
//! call. Here it has threads of its own, one fewer than the process was granted cores, each with
//! memory that is allocated once, reused and wiped (that of an imported scrypt is not). The queue before them is bounded, and a job that could
//! not be done before its caller gives up is refused at once (`pool`). New hashes are Argon2, whose strings `phc` reads and
//! writes; those of other products are `imported`.

mod arena;
mod imported;
mod job;
mod phc;
mod pool;
mod turns;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::entropy::{SharedEntropy, array};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::oneshot;

pub use phc::{Cost, Limits, Unreadable};
pub use pool::Reservation;
pub use turns::Turn;

use imported::Imported;
use job::{Answer, Job, Task};
use phc::{SALT_BYTES, Stored};
use pool::Pool;
use turns::Turns;

/// How hashing is set up; see `default.toml` for the reasons of each value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Threads that hash; 0 takes one fewer than cores were granted, and at least one.
    pub threads: usize,
    /// The cost of new hashes.
    pub cost: Cost,
    /// The most that a stored hash may cost to verify.
    pub limits: Limits,
    /// Most jobs that wait, whatever their deadlines.
    pub queue_max: usize,
    /// Longest a job may take with its wait, in milliseconds, where the caller's deadline is later.
    pub patience_ms: u64,
}

impl Default for Settings {
    /// 64 jobs wait at most, each at most a second: a person at a sign-in page has left after two, and what
    /// waits longer only delays those who came later.
    fn default() -> Self {
        Self {
            threads: 0,
            cost: Cost::default(),
            limits: Limits::default(),
            queue_max: 64,
            patience_ms: 1_000,
        }
    }
}

/// The face of the room: hands jobs to the threads and waits for their answers.
#[derive(Clone)]
pub struct Hasher {
    pool: Arc<Pool>,
    turns: Turns,
    entropy: SharedEntropy,
    cost: Cost,
    limits: Limits,
    patience: Duration,
}

/// What a job may have of the threads. A time alone is as long as it may take, at a place that is free now.
#[derive(Clone, Copy)]
pub struct Room<'a> {
    /// How long it may take with its wait.
    pub within: Duration,
    /// A place that was reserved for it.
    pub reserved: Option<&'a Reservation>,
}

/// A stored hash that can be compared.
enum Readable {
    Argon2(Stored),
    Imported(Imported),
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was hashed.
    pub matches: bool,
    /// The hash was made at another cost than new ones are: make it anew while the password is at hand.
    pub outdated: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NotHashed {
    /// The wait would outlast the caller; a refusal, not a failure.
    #[error("no room to hash before the deadline")]
    Busy {
        /// How long until there is likely room.
        retry_after: Duration,
    },
    /// The stored hash is none that may be verified here.
    #[error("stored hash cannot be used")]
    Unreadable(#[from] Unreadable),
    /// The threads are gone, because the process is stopping.
    #[error("hashing has stopped")]
    Stopped,
    /// Argon2 itself failed.
    #[error("argon2 failed")]
    Argon2(#[source] argon2::Error),
}

/// Why hashing does not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The cost is none that Argon2 can have.
    #[error("cost settings are out of bounds")]
    Cost(#[source] argon2::Error),
    /// The system gave no thread or its memory.
    #[error("could not start hashing threads")]
    Thread(#[from] std::io::Error),
}

impl Hasher {
    /// Starts the threads. They end when the last clone of the hasher is dropped.
    pub fn start(settings: &Settings, entropy: SharedEntropy) -> Result<Self, NotStarted> {
        let params = settings.cost.params().map_err(NotStarted::Cost)?;
        let threads =
            NonZeroUsize::new(settings.threads).map_or_else(|| granted_cores().map(leaving_a_core), Ok)?;
        let patience = Duration::from_millis(settings.patience_ms);
        let pool = Pool::start(threads, settings.queue_max, patience, &params)?;
        Ok(Self {
            pool: Arc::new(pool),
            turns: Turns::default(),
            entropy,
            cost: settings.cost,
            limits: settings.limits,
            patience,
        })
    }

    /// Hashes a password under a new salt, at today's cost; the answer is a PHC string, still to be sealed.
    pub async fn hash(&self, password: &SecretString, budget: Duration) -> Result<SecretString, NotHashed> {
        let stored =
            Stored::new(self.cost, array::<SALT_BYTES>(&*self.entropy)).map_err(NotHashed::Argon2)?;
        let tag = self.run(Task::derive(&stored, true), password, budget.into()).await?;
        Ok(stored.with_tag(&tag)?)
    }

    /// Compares a password with a stored string, ours or another product's, at the cost it was made at. One that cannot be used
    /// costs nothing: where its account must not answer sooner than others, [`decoy`](Self::decoy) spends what they cost.
    pub async fn verify(
        &self,
        hash: &SecretString,
        password: &SecretString,
        room: impl Into<Room<'_>>,
    ) -> Result<Verdict, NotHashed> {
        let room = room.into();
        match self.read(hash)? {
            Readable::Argon2(stored) => {
                let outdated = stored.is_outdated(self.cost);
                let tag = self.run(Task::derive(&stored, !outdated), password, room).await?;
                Ok(Verdict { matches: stored.is_tag(&tag), outdated })
            }
            Readable::Imported(imported) => {
                let imported = Arc::new(imported);
                let tag = self.run(Task::imported(&imported), password, room).await?;
                Ok(Verdict { matches: imported.is_tag(&tag), outdated: true })
            }
        }
    }

    /// Whether a hash that comes from elsewhere could be compared here, by its scheme, its form and its cost.
    pub fn accepts(&self, hash: &SecretString) -> Result<(), Unreadable> {
        self.read(hash).map(|_| ())
    }

    /// Spends what comparing with a new hash would, for a login that no account has.
    pub async fn decoy(&self, password: &SecretString, room: impl Into<Room<'_>>) -> Result<(), NotHashed> {
        let stored = Stored::new(self.cost, [0; SALT_BYTES]).map_err(NotHashed::Argon2)?;
        self.run(Task::derive(&stored, true), password, room.into()).await.map(|_| ())
    }

    /// Waits until no other call hashes for this account, or refuses after the patience that hashing has. Take it before
    /// [`reserve`](Self::reserve), and keep it until the last hash of the call is done.
    pub async fn turn(&self, account: [u8; 32], budget: Duration) -> Result<Turn, NotHashed> {
        self.turns.take(account, budget.min(self.patience)).await
    }

    /// Refuses what would be refused now, and keeps no place: for a use case that has not begun, so that a call too many costs
    /// nothing else. It looks at the queue alone, so what it says tells nothing about an account.
    pub fn check_room(&self, budget: Duration) -> Result<(), NotHashed> {
        self.pool.check_room(budget.min(self.patience))
    }

    /// Reserves a place in the queue, or refuses what would be refused now: for a use case that writes for the sake of a
    /// hash. Those that are still writing count as waiting, so a slow store cannot let in more than can be hashed. The job
    /// comes with it as its [`Room`].
    pub fn reserve(&self, budget: Duration) -> Result<Reservation, NotHashed> {
        self.pool.reserve(budget.min(self.patience))
    }

    /// How many threads hash.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// How many jobs wait now, for a gauge.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    fn read(&self, hash: &SecretString) -> Result<Readable, Unreadable> {
        let text = hash.expose_secret();
        if text.starts_with("$argon2") {
            Stored::parse(hash, &self.limits).map(Readable::Argon2)
        } else {
            Imported::parse(text, &self.limits).map(Readable::Imported)
        }
    }

    async fn run(&self, task: Task, password: &SecretString, room: Room<'_>) -> Result<Answer, NotHashed> {
        let (reply, answer) = oneshot::channel();
        let room = Room { within: room.within.min(self.patience), ..room };
        self.pool.admit(Job::new(task, password, reply), room)?;
        answer.await.map_err(|_| NotHashed::Stopped)?
    }
}

impl From<Duration> for Room<'_> {
    fn from(within: Duration) -> Self {
        Self { within, reserved: None }
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher")
            .field("threads", &self.threads())
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

/// The cores this process may use: by affinity and by the quota of its cgroup, which the standard library
/// reads both (`cpu.max`, rounded down, at least one). More threads than quota would have the kernel stop
/// the whole process, calls included, in the middle of a period.
fn granted_cores() -> std::io::Result<NonZeroUsize> {
    std::thread::available_parallelism()
}

/// One thread fewer than cores, and at least one: a core that is left free takes what wakes up.
///
/// A lower priority does not do it. Linux heeds that of a thread among those of its session or control group only, and shares
/// cores among groups by the weight of the whole: one that hashes on every core has always used up its share, so that its
/// other threads wait for Postgres, for callers and for hashes, for tens to hundreds of milliseconds, and hashes of low priority
/// make the group itself light on the very core that they run on (`docs/performance.md`).
const fn leaving_a_core(cores: NonZeroUsize) -> NonZeroUsize {
    match NonZeroUsize::new(cores.get() - 1) {
        Some(threads) => threads,
        None => NonZeroUsize::MIN,
    }
}

#[cfg(test)]
mod tests;
