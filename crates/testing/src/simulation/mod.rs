//! Simulations: many rounds of something of which every step is drawn from a seed, with faults where calls wait.
//!
//! Rounds come in batches, each with a seed and a world of its own, so that a round that fails is had again by the seed of its
//! batch. Every run of the tests simulates a few of them and the same ones; `cargo xtask simulate` as many as it is told, on
//! all cores. What a batch is made of is one thread's: [`Chance`] draws, [`Faults`] decides at which points calls fail, are
//! given up or let others go on, and nothing depends on how fast anything is.

mod chance;
mod faults;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use tokio::runtime::Builder;

pub use chance::Chance;
pub use faults::{Fault, Faults, REPLICAS, SideBySide};

use crate::ready;

/// Rounds of a batch: enough that making its world costs little, and few enough to do again while a mistake is looked for.
const BATCH: u64 = 250;

/// How many rounds, where `cargo xtask simulate` says so.
const ROUNDS: &str = "REKEY_SIMULATED_ROUNDS";

/// The seed of the first batch, where `cargo xtask simulate` says so. The next ones follow it.
const SEED: &str = "REKEY_SIMULATION_SEED";

/// How often what happened, by its name.
pub type Tally = BTreeMap<&'static str, u64>;

/// Simulates so many rounds, or as many as `cargo xtask simulate` says, in batches that tell what happened in them.
///
/// # Panics
/// When a batch did; standard error then has the command that does it again.
pub fn simulate(rounds: u64, batch: impl AsyncFn(Chance, u64) -> Tally + Sync) -> Tally {
    let told = number(ROUNDS);
    let run = Run {
        rounds: told.unwrap_or(rounds),
        seed: number(SEED).unwrap_or_default(),
        next: AtomicU64::new(0),
        tally: Mutex::default(),
    };
    // Beside other tests it is one of them.
    let workers = told.map_or(1, |_| std::thread::available_parallelism().map_or(1, usize::from));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| run.work(&batch));
        }
    });
    let tally = run.tally.into_inner();
    tally.unwrap_or_else(|_| panic!("a batch failed"))
}

/// Says what was simulated, for whoever reads the output of a long run.
#[expect(clippy::print_stdout, reason = "a run of a simulation says what happened in it")]
pub fn report(what: &str, tally: &Tally) {
    println!("{what}:");
    for (name, count) in tally {
        println!("  {count:>10} {name}");
    }
}

/// A folder in memory where the system has one: a simulation loses no power, so it waits for no disk.
///
/// # Panics
/// When there can be no folder.
#[must_use]
pub fn folder_in_memory() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    ready("a folder for a simulation", folder.map_err(Into::into))
}

/// A run under way.
struct Run {
    rounds: u64,
    seed: u64,
    /// The first round that no batch has yet.
    next: AtomicU64,
    tally: Mutex<Tally>,
}

impl Run {
    /// Does one batch after the other while there are any.
    fn work(&self, batch: &impl AsyncFn(Chance, u64) -> Tally) {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = ready("a runtime for a simulation", runtime.map_err(Into::into));
        loop {
            let first = self.next.fetch_add(BATCH, Ordering::SeqCst);
            if first >= self.rounds {
                return;
            }
            let of_batch = Batch { run: self, seed: self.seed.wrapping_add(first / BATCH) };
            let rounds = BATCH.min(self.rounds - first);
            let counted = runtime.block_on(batch(Chance::of(of_batch.seed), rounds));
            self.add(counted);
        }
    }

    fn add(&self, counted: Tally) {
        let mut tally = self.tally.lock().unwrap_or_else(|_| panic!("a batch failed"));
        for (name, count) in counted {
            *tally.entry(name).or_default() += count;
        }
    }
}

/// A batch under way: one that panics says how to have it again, and is the last.
struct Batch<'a> {
    run: &'a Run,
    seed: u64,
}

impl Drop for Batch<'_> {
    #[expect(clippy::print_stderr, reason = "a failed simulation says how to have it again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.run.next.store(self.run.rounds, Ordering::SeqCst);
            eprintln!("--- again: cargo xtask simulate --seed {} --resets {BATCH}", self.seed);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    crate::passed(name).map(|text| ready(name, text.parse().map_err(anyhow::Error::from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_is_simulated_once_and_a_seed_draws_the_same_again() {
        let drawn = || {
            let drawn = Mutex::new(Vec::new());
            let tally = simulate(2 * BATCH + 1, async |chance, rounds| {
                drawn.lock().unwrap().push((chance.below(1_000_000), rounds));
                Tally::from([("rounds", rounds)])
            });
            (tally, drawn.into_inner().unwrap())
        };

        let (tally, first) = drawn();

        assert_eq!(tally["rounds"], 2 * BATCH + 1);
        assert_eq!(first.iter().map(|(_, rounds)| *rounds).collect::<Vec<_>>(), [BATCH, BATCH, 1]);
        assert_ne!(first[0].0, first[1].0);
        assert_eq!(drawn().1, first);
    }
}
