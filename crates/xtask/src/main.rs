//! The chores of this repository: `cargo xtask <chore>`.
//!
//! A chore installs what it needs, into `target/tools` where that is possible, says what it does and passes on
//! the exit code of what it ran. It must build in seconds, so nothing here depends on the rest of the workspace
//! but the crate that starts servers.
#![expect(clippy::print_stdout, reason = "a chore talks to the person who runs it")]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod deny;
mod metrics;
mod proto;
mod reference;
mod run;
mod servers;
mod test;
mod tools;

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
    /// Holds docs/metrics.md to the instruments in the code, and tests the rules of Prometheus.
    Metrics {
        /// Writes docs/metrics.md anew instead.
        #[arg(long)]
        write: bool,
    },
    /// Judges the dependencies: licences, sources, and known holes where their database can be had.
    Deny,
    /// Prepares every statement of the services on Postgres and on SQLite; part of the tests.
    Sql,
    /// Builds the `rekey` program as it is released.
    Dist,
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
            println!("tools: all present");
            Ok(ExitCode::SUCCESS)
        }
        Chore::Proto { release: Some(version), .. } => proto::release_as(&version),
        Chore::Proto { write_reference: true, .. } => reference::write().map(|()| ExitCode::SUCCESS),
        Chore::Proto { .. } => proto::check(),
        Chore::Metrics { write: true } => metrics::write(),
        Chore::Metrics { .. } => metrics::check(),
        Chore::Deny => deny::check(),
        Chore::Sql => test::all(&["-E".to_owned(), "test(every_statement)".to_owned()]),
        Chore::Dist => dist(),
    }
}

fn dist() -> Result<ExitCode> {
    let code =
        run::cargo()?.args(["build", "--locked", "--profile", "dist", "--package", "rekey"]).status()?;
    if code.success() {
        println!("dist: built dist/rekey in cargo's target folder");
    }
    Ok(run::code(code))
}
