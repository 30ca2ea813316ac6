//! What can be typed. The doc comments are the help texts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::flows::{Flow, Mix, Offer};
use crate::load::Spacing;
use crate::overload::TIMES;
use crate::portal::WatchedPage;

/// Measures Rekey beside what this machine can do.
///
/// Starts a `rekey` program, and Postgres and Redis for it, on loopback, each in a session of its own and, where it may make
/// them, in control groups. Build both programs first and let nothing else run:
///
///     cargo build --release --workspace
///     target/release/rekey-bench
///
/// Of a checkout, `cargo run --release --package rekey-bench -- --help` builds and shows this; it does not build the `rekey`
/// program, which has to lie beside this one or be named with --program. All there is takes a quarter of an hour, `speed` alone
/// two minutes.
#[derive(Debug, Parser)]
#[command(name = "rekey-bench", version, verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// What to measure; speed, flows, overload and enumeration if left out.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The `rekey` program to measure; the one beside this program if left out.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// Measure the embedded stores, SQLite and memory, instead of Postgres and Redis.
    #[arg(long, global = true)]
    pub(crate) embedded: bool,
    /// Write everything as JSON, too, for programs.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
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
    /// How the calls of flows and overloads follow each other, whatever the answers do.
    #[arg(long, global = true, value_enum, default_value_t = Spacing::Poisson)]
    arrivals: Spacing,
    /// The same seed gives the same arrivals and the same mixture.
    #[arg(long, global = true, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What `mixed` is made of, as flow=weight,...
    #[arg(long, global = true, value_name = "WEIGHTS", default_value_t = Mix::default().shown())]
    mix: String,
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Speed and memory, each beside the machine's own limit.
    Speed,
    /// How much of each flow a suite holds when calls come whatever the answers do, and how long they take at half of that.
    Flows {
        /// Which; all if none is named.
        #[arg(value_enum)]
        flows: Vec<Flow>,
    },
    /// Many times more than a suite can do: what it still does, how soon it refuses, and whether it grows.
    Overload {
        /// What is offered.
        #[arg(value_enum, default_value_t = Flow::SignIn)]
        flow: Flow,
        /// How many times its peak.
        #[arg(long, value_name = "N", default_value_t = TIMES)]
        times: f64,
        /// For how many seconds.
        #[arg(long, value_name = "N", default_value_t = OVERLOAD_SECONDS)]
        lasting: u64,
    },
    /// How soon codes are picked up behind a long mailing, and how fast that leaves, beside the bare claims of the same database.
    Queue {
        /// Bulk mails that wait.
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        bulk: usize,
        /// Codes that are sent behind them.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        codes: usize,
        /// For how many seconds draining and bare claims are measured, each.
        #[arg(long, value_name = "N", default_value_t = 15)]
        lasting: u64,
    },
    /// How fast codes go by a second relay when the primary dies, and how soon that is used again once it is back.
    ///
    /// Fails where a code is lost or arrives twice.
    Switch {
        /// For how many seconds both relays take mails, before and after.
        #[arg(long, value_name = "N", default_value_t = 5)]
        steady: u64,
        /// For how many seconds the primary is gone.
        #[arg(long, value_name = "N", default_value_t = 20)]
        gone: u64,
    },
    /// How soon the portal's pages are there and how much they are, what browsers cost that watch one, and whether the form of a reset
    /// tells known logins from unknown ones by time.
    Portal {
        /// What is watched.
        #[arg(long, value_name = "PAGE", value_enum, default_value_t = WatchedPage::Code)]
        watch: WatchedPage,
        /// How many browsers watch it.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        #[arg(value_parser = clap::value_parser!(u16).range(1..=4_000))]
        watchers: u16,
        /// For how many seconds they ask again and again, and for how many they are quiet.
        #[arg(long, value_name = "N", default_value_t = 30)]
        lasting: u64,
    },
    /// Whether known and unknown logins can be told apart by time.
    Enumeration,
    /// Everything on both kinds of stores, into the tables of a page such as docs/performance.md. Takes half an hour.
    Page {
        /// The page: what stands between its marks is replaced.
        file: PathBuf,
        /// How many seconds each overload lasts.
        #[arg(long, value_name = "N", default_value_t = OVERLOAD_SECONDS)]
        lasting: u64,
    },
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

/// How long an overload lasts: what grows shows by then.
pub(crate) const OVERLOAD_SECONDS: u64 = 60;

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
    /// How calls that nobody waits for follow each other.
    pub(crate) spacing: Spacing,
    /// What their arrivals are drawn from.
    pub(crate) seed: u64,
}

impl Effort {
    pub(crate) fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        Ok(Self {
            stretch: Duration::from_secs(arguments.seconds.max(1)),
            rounds: arguments.rounds.max(1),
            sign_ins_at_once: arguments.concurrency.max(1),
            samples: arguments.samples.max(20),
            cores: std::thread::available_parallelism()?.get(),
            spacing: arguments.arrivals,
            seed: arguments.seed,
        })
    }
}

impl Arguments {
    /// How the calls of flows are offered.
    pub(crate) fn offer(&self) -> anyhow::Result<Offer> {
        Ok(Offer { effort: Effort::of(self)?, mix: self.mix.parse()? })
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

    #[test]
    fn an_overload_is_of_sign_ins_ten_times_for_a_minute_unless_told() {
        let [default, other] = ["overload", "overload reset --times 3 --lasting 5"].map(parse);

        let overload = |flow, times, lasting| Some(Command::Overload { flow, times, lasting });
        assert_eq!(default.unwrap().command, overload(Flow::SignIn, 10.0, 60));
        assert_eq!(other.unwrap().command, overload(Flow::Reset, 3.0, 5));
    }

    #[test]
    fn a_thousand_browsers_watch_a_code_unless_told() {
        let [default, other] = ["portal", "portal --watch bulk-reset --watchers 50 --lasting 5"].map(parse);

        let portal = |watch, watchers, lasting| Some(Command::Portal { watch, watchers, lasting });
        assert_eq!(default.unwrap().command, portal(WatchedPage::Code, 1_000, 30));
        assert_eq!(other.unwrap().command, portal(WatchedPage::BulkReset, 50, 5));
        assert!(parse("portal --watchers 0").is_err() && parse("portal --watchers 4001").is_err());
    }

    #[test]
    fn a_mixture_is_named_by_its_weights() {
        let default = parse("flows mixed").unwrap().offer().unwrap();
        let wrong = parse("flows mixed --mix sign-in").unwrap().offer();

        assert_eq!(default.mix, Mix::default());
        assert!(wrong.is_err());
    }
}
