//! What can be typed. The doc comments are the help texts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measures Rekey beside what this machine can do.
///
/// Starts a `rekey` program, and Postgres and Redis for it, on loopback. Takes about three minutes.
#[derive(Debug, Parser)]
#[command(name = "rekey-bench", version)]
pub(crate) struct Arguments {
    /// What to measure; speed and enumeration if left out.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The `rekey` program to measure; the one beside this program if left out.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// Measure the embedded stores, SQLite and memory, instead of Postgres and Redis.
    #[arg(long, global = true)]
    pub(crate) embedded: bool,
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How long each stretch of load lasts.
    #[arg(long, global = true, value_name = "N", default_value_t = 1)]
    seconds: u64,
    /// How many times Rekey and what it is compared with take turns.
    #[arg(long, global = true, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Sign-ins at once.
    #[arg(long, global = true, value_name = "N", default_value_t = 16)]
    concurrency: usize,
    /// Calls for each kind of login; a quarter of them with delayed answers.
    #[arg(long, global = true, value_name = "N", default_value_t = 200)]
    samples: usize,
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Speed and memory, each beside the machine's own limit.
    Speed,
    /// Whether known and unknown logins can be told apart by time.
    Enumeration,
    /// Work on whole directories: how rates, times and memory grow from ten thousand accounts to a million.
    ///
    /// Takes half an hour, and 10 GB in the temporary folder.
    Scale {
        /// Accounts at the largest size.
        #[arg(long, value_name = "N", default_value_t = 1_000_000)]
        accounts: usize,
    },
    /// What breaks first as a suite grows, simulated over a year from what units were measured to cost. Starts nothing.
    Capacity {
        /// Accounts at the end of the year.
        #[arg(long, value_name = "N", default_value_t = 100_000_000)]
        accounts: u64,
    },
    /// The speed of two programs, in turn.
    Compare {
        /// The other `rekey` program, such as an older build.
        #[arg(long, value_name = "PATH")]
        with: PathBuf,
    },
}

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// The length of one stretch of load.
    pub(crate) stretch: Duration,
    /// Alternating rounds.
    pub(crate) rounds: usize,
    /// Sign-ins at once.
    pub(crate) sign_ins_at_once: usize,
    /// Calls for each kind of login.
    pub(crate) samples: usize,
    /// Cores granted, and so the threads that hash.
    pub(crate) cores: usize,
}

impl Effort {
    pub(crate) fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        Ok(Self {
            stretch: Duration::from_secs(arguments.seconds.max(1)),
            rounds: arguments.rounds.max(1),
            sign_ins_at_once: arguments.concurrency.max(1),
            samples: arguments.samples.max(20),
            cores: std::thread::available_parallelism()?.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("rekey-bench").chain(words.split(' ')))
    }

    #[test]
    fn options_stand_before_or_after_what_is_measured() {
        let before = parse("--rounds 3 --program new compare --with old").unwrap();
        let after = parse("compare --with old --rounds 3 --program new").unwrap();

        for arguments in [before, after] {
            assert_eq!(arguments.command, Some(Command::Compare { with: "old".into() }));
            assert_eq!(arguments.program, Some("new".into()));
            assert_eq!(Effort::of(&arguments).unwrap().rounds, 3);
        }
    }

    #[test]
    fn a_comparison_needs_another_program() {
        assert!(parse("compare --program new").is_err());
    }
}
