//! The chores of this repository: `cargo xtask <chore>`.
//!
//! A chore installs what it needs, into `target/tools` where that is possible, says what it does and passes on
//! the exit code of what it ran. It must build in seconds, so nothing here depends on the rest of the workspace
//! but the crate that starts servers.
#![expect(clippy::print_stdout, reason = "a chore talks to the person who runs it")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod apt;
mod chart;
mod deny;
mod dist;
mod faults;
mod fuzz;
mod golden;
mod image;
mod metrics;
mod pictures;
mod proto;
mod reference;
mod rehearse;
mod roots;
mod run;
mod sbom;
mod secrets;
mod servers;
mod simulate;
mod test;
mod tools;
mod values;

/// The chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Chores {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Runs every test against real servers; arguments go to `cargo nextest run`.
    ///
    /// Finds or installs the tools, starts one Postgres for the whole run, then runs the tests and, when there
    /// are no arguments, the examples in the documentation.
    Test {
        /// Passed to `cargo nextest run`, such as a part of a test's name or `-E 'package(rekey-identity)'`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Installs what the chores need and nothing else.
    Tools,
    /// Lints the contract, compares it with what was released, and holds docs/reference to it.
    Proto {
        /// Writes docs/reference anew instead.
        #[arg(long)]
        write_reference: bool,
        /// Keeps the contract of today as that of this release, such as `v1.0.0`, instead.
        #[arg(long, value_name = "VERSION")]
        release: Option<String>,
    },
    /// Tests the rules of Prometheus. The tests hold docs/metrics.md to the instruments in the code.
    Metrics {
        /// Writes docs/metrics.md anew instead.
        #[arg(long)]
        write: bool,
    },
    /// Judges the dependencies: licences, sources, and known holes where their database can be had.
    Deny,
    /// Runs the whole fault matrix, of which the suite runs a part, and writes the tables of docs/faults.md.
    Faults {
        /// Only cells with this in their names, such as `redis::` or `redis::half_open`; then nothing is written.
        cells: Option<String>,
    },
    /// Fuzzes what takes bytes from outside, for longer than the tests do and with other seeds.
    Fuzz {
        /// How long each target is tried.
        #[arg(long, value_name = "MINUTES", default_value_t = 1)]
        minutes: u64,
        /// Only targets with this in their names.
        target: Option<String>,
    },
    /// Writes the golden files anew: every built-in message as a reader gets it. Look at what changed.
    Golden,
    /// Makes the pictures of the portal anew, and keeps those that the README shows. Look at them.
    Pictures,
    /// Simulates resets and verifications, many more than the tests do and from other seeds.
    Simulate {
        /// How many resets, and how many verifications.
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
        resets: u64,
        /// The seed to begin with, such as that of a batch that failed. Without it one is drawn.
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
    },
    /// Resets passwords for a while, restarts replicas and rotates keys meanwhile, and watches the memory.
    Soak {
        /// How long.
        #[arg(long, value_name = "MINUTES", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        minutes: u64,
    },
    /// Scans a port of ours with testssl.
    Tls,
    /// Upgrades from the release before and goes back, under load.
    Rehearse {
        /// The release before, as git names it. It is built first.
        revision: Option<String>,
        /// Its program, where it is built already.
        #[arg(long, value_name = "PATH", conflicts_with = "revision")]
        program: Option<PathBuf>,
    },
    /// Looks for keys and tokens in the repository.
    Secrets,
    /// Prepares every statement of the services on Postgres and on SQLite; part of the tests.
    Sql,
    /// Builds what is released, into `target/packages`: programs, manual pages, completions, the contract, checksums.
    Dist,
    /// Builds the image twice, compares, and runs it: the parts in Pods as the chart makes them, and a reset through them.
    Image {
        /// Takes the programs that are in `target/packages` already.
        #[arg(long)]
        built: bool,
    },
    /// Checks the Helm chart: lint, schemas of two versions of Kubernetes, policies; and that the compose file reads.
    Chart {
        /// Writes the table of values in the chart's README anew instead.
        #[arg(long)]
        write_readme: bool,
    },
}

fn main() -> ExitCode {
    match work(Chores::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work(chore: Chore) -> Result<ExitCode> {
    match chore {
        Chore::Test { arguments } => test::all(&arguments),
        Chore::Tools => {
            servers::install()?;
            servers::install_promtool()?;
            tools::install_python()?;
            tools::install_node()?;
            tools::install_browser()?;
            println!("tools: all present");
            Ok(ExitCode::SUCCESS)
        }
        Chore::Proto { release: Some(version), .. } => proto::release_as(&version),
        Chore::Proto { write_reference: true, .. } => reference::write().map(|()| ExitCode::SUCCESS),
        Chore::Proto { .. } => proto::check(),
        Chore::Metrics { write: true } => metrics::write(),
        Chore::Metrics { .. } => metrics::check(),
        Chore::Deny => deny::check(),
        Chore::Faults { cells: Some(cells) } => faults::some(&cells),
        Chore::Faults { cells: None } => faults::all(),
        Chore::Fuzz { minutes, target } => fuzz::targets(minutes, target.as_deref()),
        Chore::Golden => golden::write(),
        Chore::Pictures => pictures::write(),
        Chore::Simulate { resets, seed } => simulate::resets(resets, seed),
        Chore::Soak { minutes } => test::soak(minutes),
        Chore::Tls => test::tls(),
        Chore::Rehearse { revision, program } => rehearse::upgrade(revision.as_deref(), program),
        Chore::Secrets => secrets::check(),
        Chore::Sql => test::all(&["-E".to_owned(), "test(every_statement)".to_owned()]),
        Chore::Dist => dist::all(),
        Chore::Image { built } => image::check(built),
        Chore::Chart { write_readme } => chart::check(write_readme),
    }
}
