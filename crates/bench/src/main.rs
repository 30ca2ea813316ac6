//! `rekey-bench`: what the suite does beside what this machine can do, measured in one run.
//!
//! Absolute figures say more about a machine and its neighbours than about Rekey. So everything is a ratio to a limit
//! that is measured next to it, in alternating rounds, and the median of the rounds' ratios is what counts.
//! `docs/performance.md` explains each line. The suite is a `rekey` program in a process of its own, so that its
//! memory, its start and its threads are those of a real one, and so that any build of it can be measured.
//!
//! | Room | Does |
//! |---|---|
//! | [`speed`] | throughput, latency under load, overload, memory and start |
//! | [`enumeration`] | whether known, unknown and blocked logins can be told apart by time |
//! | [`scale`] | work on whole directories, from ten thousand accounts to a million |
//! | [`capacity`] | what breaks first at how many accounts, simulated |
//! | [`compare`] | two programs in turn |
//! | [`limits`] | what the machine can do: bare hashes, bare servers |
//! | [`workload`] | sign-ins, checks of codes and resets, as clients make them |
//! | [`program`], [`stores`], [`suite`] | the suite under test, and Postgres and Redis for it |
//! | [`caller`], [`load`] | single calls, and many of them |
//! | [`statistics`], [`report`], [`output`] | judging and telling |

mod arguments;
mod caller;
mod capacity;
mod compare;
mod enumeration;
mod limits;
mod load;
mod output;
mod program;
mod report;
mod scale;
mod speed;
mod statistics;
mod stores;
mod suite;
mod workload;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command, Effort};
use crate::output::Output;
use crate::program::Program;
use crate::report::Report;
use crate::stores::Stores;
use crate::suite::Setup;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match (runtime, &arguments.command) {
        (_, Some(Command::Capacity { accounts })) => capacity::run(*accounts, output),
        (Ok(runtime), _) => runtime.block_on(run(arguments, output)),
        (Err(error), _) => Err(anyhow::Error::new(error).context("starting the runtime")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.failure(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments, output: Output) -> anyhow::Result<()> {
    let effort = Effort::of(&arguments)?;
    let program = Program::find(arguments.program)?;
    let stores = if arguments.embedded { Stores::Embedded } else { Stores::start_servers()? };
    let mut report = Report {
        cores: effort.cores,
        stores: stores.name(),
        optimised: !cfg!(debug_assertions),
        speed: Vec::new(),
        enumeration: Vec::new(),
        sizes: Vec::new(),
        scale: Vec::new(),
    };
    if !report.optimised {
        output.say("built for debugging: these figures mean nothing, build with --release");
    }
    let setup = Setup::new(program, stores);
    match arguments.command {
        Some(Command::Speed) => report.speed = speed::measure(&setup, effort, output).await?,
        Some(Command::Enumeration) => {
            report.enumeration = enumeration::measure(&setup, effort, output).await?;
        }
        Some(Command::Scale { accounts }) => {
            (report.sizes, report.scale) = scale::measure(&setup, accounts, output).await?;
        }
        Some(Command::Compare { with }) => {
            let other = Setup::new(Program::at(with)?, setup.stores.clone());
            report.speed = compare::measure(&setup, &other, effort, output).await?;
        }
        // Simulated without any of this.
        Some(Command::Capacity { .. }) => {}
        None => {
            report.speed = speed::measure(&setup, effort, output).await?;
            report.enumeration = enumeration::measure(&setup, effort, output).await?;
        }
    }
    output.data(&report, Report::text)
}
