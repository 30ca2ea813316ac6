//! `rekey-bench`: what the suite does beside what this machine can do, measured in one run.
//!
//! Absolute figures say more about a machine and its neighbours than about Rekey. So everything is a ratio to a limit
//! that is measured next to it, in alternating rounds, and the median of the rounds' ratios is what counts.
//! `docs/performance.md` explains each line. The suite is a `rekey` program in a process of its own, so that its
//! memory, its start and its threads are those of a real one, and so that any build of it can be measured.
//!
//! | Room | Does |
//! |---|---|
//! | [`speed`] | throughput, latency under load, memory and start |
//! | [`flows`], [`knee`] | what backends ask for, at set times: how much is held, and how long it takes |
//! | [`overload`] | ten times as much |
//! | [`queue`] | codes behind a long mailing, and how fast that leaves |
//! | [`switch`] | codes while a relay dies and comes back |
//! | [`portal`] | pages: their first byte, who watches one, and whether logins can be told apart by a form |
//! | [`enumeration`] | whether known, unknown and blocked logins can be told apart by time |
//! | [`scale`] | work on whole directories, from ten thousand accounts to a million |
//! | [`capacity`] | what breaks first at how many accounts, simulated |
//! | [`compare`] | two programs in turn |
//! | [`limits`] | what the machine can do: bare hashes, bare servers |
//! | [`workload`], [`directory`] | sign-ins, checks of codes and resets, as clients make them; people by the thousand |
//! | [`program`], [`stores`], [`suite`], [`apart`] | the suite under test, Postgres and Redis for it, and all of them apart |
//! | [`caller`], [`load`] | single calls, and many of them |
//! | [`messages`], [`bulk_reset`] | calls that have messages sent, and many people reset |
//! | [`statistics`], [`histogram`], [`report`], [`page`], [`output`] | judging and telling |

mod apart;
mod arguments;
mod bulk_reset;
mod caller;
mod capacity;
mod compare;
mod directory;
mod enumeration;
mod flows;
mod histogram;
mod knee;
mod limits;
mod load;
mod messages;
mod output;
mod overload;
mod page;
mod portal;
mod program;
mod queue;
mod report;
mod scale;
mod speed;
mod statistics;
mod stores;
mod suite;
mod switch;
mod workload;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;

use crate::apart::Apart;
use crate::arguments::{Arguments, Command, OVERLOAD_SECONDS};
use crate::flows::{Flow, Offer};
use crate::output::Output;
use crate::overload::Overload;
use crate::portal::Watching;
use crate::program::Program;
use crate::queue::Queue;
use crate::report::Report;
use crate::stores::Stores;
use crate::suite::Setup;
use crate::switch::Switch;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match (runtime, &arguments.command) {
        (_, Some(Command::Capacity { accounts })) => capacity::run(*accounts, Output),
        (Ok(runtime), _) => runtime.block_on(run(arguments, Output)),
        (Err(error), _) => Err(anyhow::Error::new(error).context("starting the runtime")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Output.failure(&error);
            ExitCode::FAILURE
        }
    }
}

/// So many seconds, and at least one.
fn seconds(count: u64) -> Duration {
    Duration::from_secs(count.max(1))
}

/// A run: what is measured, how thoroughly, and apart from what.
struct Run {
    program: Program,
    apart: Arc<Apart>,
    offer: Offer,
    output: Output,
}

async fn run(arguments: Arguments, output: Output) -> anyhow::Result<()> {
    let offer = arguments.offer()?;
    let program = Program::find(arguments.program)?;
    let run = Run { program, apart: Arc::new(Apart::find()), offer, output };
    if cfg!(debug_assertions) {
        output.say("built for debugging: these figures mean nothing, build with --release");
    }
    let reports = match &arguments.command {
        Some(Command::Page { file, lasting }) => run.page(file, Duration::from_secs(*lasting)).await?,
        command => vec![run.command(command.as_ref(), arguments.embedded).await?],
    };
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&reports)? + "\n")?;
    }
    output.text(&reports.iter().map(Report::text).collect::<Vec<_>>().join("\n"))
}

impl Run {
    fn setup(&self, is_embedded: bool) -> anyhow::Result<Setup> {
        let apart = Arc::clone(&self.apart);
        let stores = if is_embedded { Stores::Embedded } else { Stores::start_servers(Arc::clone(&apart))? };
        Ok(Setup::new(self.program.clone(), stores, apart))
    }

    async fn command(&self, command: Option<&Command>, is_embedded: bool) -> anyhow::Result<Report> {
        let setup = self.setup(is_embedded)?;
        let (effort, output) = (self.offer.effort, self.output);
        let mut report = Report::of(&setup, effort, self.apart.name());
        match command {
            Some(Command::Speed) => report.speed = speed::measure(&setup, effort, output).await?,
            Some(Command::Flows { flows }) => {
                let asked = if flows.is_empty() { &Flow::ALL[..] } else { flows };
                self.flows(&setup, asked, &mut report).await?;
            }
            Some(Command::Overload { flow, times, lasting }) => {
                let overload = Overload { flow: *flow, times: *times, length: seconds(*lasting) };
                report.overload = overload::measure(&setup, overload, &self.offer, output).await?;
            }
            Some(Command::Queue { bulk, codes, lasting }) => {
                let queue = Queue { bulk: *bulk, codes: *codes, length: seconds(*lasting) };
                report.queue = queue::measure(&setup, queue, output).await?;
            }
            Some(Command::Switch { steady, gone }) => {
                let switch = Switch { steady: seconds(*steady), gone: seconds(*gone) };
                report.switch = switch::measure(&setup, switch, output).await?;
            }
            Some(Command::Portal { watch, watchers, lasting }) => {
                let watchers = usize::from(*watchers);
                let watching = Watching { page: *watch, watchers, length: seconds(*lasting) };
                portal::measure(&setup, watching, effort, output, &mut report).await?;
            }
            Some(Command::Enumeration) => {
                report.enumeration = enumeration::measure(&setup, effort, output).await?;
            }
            Some(Command::Scale { accounts }) => {
                (report.sizes, report.scale) = scale::measure(&setup, *accounts, output).await?;
            }
            Some(Command::Compare { with }) => {
                let apart = Arc::clone(&self.apart);
                let other = Setup::new(Program::at(with.clone())?, setup.stores.clone(), apart);
                report.speed = compare::measure(&setup, &other, effort, output).await?;
            }
            // Simulated without any of this.
            Some(Command::Capacity { .. }) => {}
            Some(Command::Page { .. }) | None => {
                self.everything(&setup, Duration::from_secs(OVERLOAD_SECONDS), &mut report).await?;
                report.enumeration = enumeration::measure(&setup, effort, output).await?;
            }
        }
        Ok(report)
    }

    async fn flows(&self, setup: &Setup, asked: &[Flow], report: &mut Report) -> anyhow::Result<()> {
        let (limits, lines) = flows::measure(setup, asked, &self.offer, self.output).await?;
        (report.limits, report.flows, report.mix) = (Some(limits), lines, self.offer.mix.shown());
        Ok(())
    }

    /// Everything that both kinds of stores are asked for.
    async fn everything(&self, setup: &Setup, length: Duration, report: &mut Report) -> anyhow::Result<()> {
        report.speed = speed::measure(setup, self.offer.effort, self.output).await?;
        self.flows(setup, &Flow::ALL, report).await?;
        let overload = Overload { flow: Flow::SignIn, times: overload::TIMES, length };
        report.overload = overload::measure(setup, overload, &self.offer, self.output).await?;
        Ok(())
    }

    /// Everything on both kinds of stores, written into a page.
    async fn page(&self, file: &Path, length: Duration) -> anyhow::Result<Vec<Report>> {
        // A page without marks is refused now, not in half an hour.
        page::read(file)?;
        let mut reports = Vec::new();
        for is_embedded in [false, true] {
            let setup = self.setup(is_embedded)?;
            let mut report = Report::of(&setup, self.offer.effort, self.apart.name());
            self.everything(&setup, length, &mut report).await?;
            if !is_embedded {
                report.enumeration = enumeration::measure(&setup, self.offer.effort, self.output).await?;
            }
            reports.push(report);
        }
        page::write(file, &reports)?;
        Ok(reports)
    }
}
