//! `rekey bench`: what the suite does beside what this machine can do, measured in one run.
//!
//! Absolute figures say more about a machine and its neighbours than about Rekey. So everything is a ratio to a limit
//! that is measured next to it, in alternating rounds, and the median of the rounds' ratios is what counts.
//! `docs/performance.md` explains each line.
//!
//! | Room | Does |
//! |---|---|
//! | [`speed`] | throughput, latency under load, overload, memory and start |
//! | [`enumeration`] | whether known, unknown and blocked logins can be told apart by time |
//! | [`limits`] | what the machine can do: bare hashes, bare servers |
//! | [`suite`] | the suite under test, a process of its own |
//! | [`load`], [`statistics`], [`report`] | asking, judging, telling |

mod enumeration;
mod limits;
mod load;
mod report;
mod speed;
mod statistics;
mod suite;

use std::path::PathBuf;
use std::time::Duration;

use self::report::Report;
use self::suite::Start;
use crate::arguments::{Bench, BenchCommand};
use crate::output::Output;

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// The length of one stretch of load.
    stretch: Duration,
    /// Alternating rounds.
    rounds: usize,
    /// Calls at once, where calls follow answers.
    in_flight: usize,
    /// Calls for each kind of login.
    samples: usize,
    /// Cores granted, and so the threads that hash.
    cores: usize,
}

/// Measures what was asked for, or everything.
pub(crate) async fn run(bench: Bench, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let effort = Effort {
        stretch: Duration::from_secs(bench.seconds.max(1)),
        rounds: bench.rounds.max(1),
        in_flight: bench.concurrency.max(1),
        samples: bench.samples.max(20),
        cores: std::thread::available_parallelism()?.get(),
    };
    let start = Start { config, ..Start::default() };
    let mut report = Report {
        cores: effort.cores,
        optimised: !cfg!(debug_assertions),
        speed: Vec::new(),
        enumeration: Vec::new(),
    };
    if !report.optimised {
        output.say("built for debugging: these figures mean nothing, build with --release");
    }
    if bench.command != Some(BenchCommand::Enumeration) {
        report.speed = speed::measure(&start, effort, bench.redis.as_deref(), output).await?;
    }
    if bench.command != Some(BenchCommand::Speed) {
        report.enumeration = enumeration::measure(&start, effort, output).await?;
    }
    output.data(&report, Report::text)
}
