//! `rekey`: runs the suite, and is its administrators' command line.
//!
//! | Room | Does |
//! |---|---|
//! | `arguments` | what can be typed, and its help |
//! | [`settings`] | the settings of all parts in one document |
//! | [`suite`] | the parts as one process or as several: settings in, servers out |
//! | `production` | what a production configuration must not have, and what it must |
//! | [`folder`], [`development`] | a data folder with keys, tokens and callers; the settings of a suite on one machine |
//! | `up` | such a suite with demo people and their inbox; and `--production` |
//! | `doctor` | what is wrong with a deployment, and what mends it |
//! | `callers_file` | who may call a part, as files say it |
//! | `private_files` | files and folders that only their owner reads |
//! | `processor` | which of the two builds of a release runs |
//! | `commands` | one file per command that talks to a running suite or prepares one |
//! | `profile` | where the suite is and how to call it: `rekey-data/cli.toml` |
//! | `output` | text for people or JSON for programs, and exit codes |
//!
//! Every command that changes something goes through the same RPCs as everybody else. It is a library with a thin
//! `main`, so that the tests start the very suite that `rekey up` runs.

mod arguments;
mod callers_file;
mod commands;
pub mod development;
mod doctor;
pub mod folder;
mod key_set;
mod output;
mod part;
mod private_files;
mod processor;
mod production;
mod profile;
mod progress;
pub mod settings;
pub mod suite;
mod up;

use std::process::ExitCode;

use clap::Parser as _;

pub use crate::commands::metrics::{SECTIONS as METRICS, page as metrics_page};
pub use crate::part::Part;

use crate::arguments::{Arguments, Command};
use crate::output::Output;
use crate::up::Files;

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    processor::go_on_as_faster_build();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return Output::new(output::asks_for_json(std::env::args_os())).usage(&error),
    };
    let output = Output::new(arguments.json);
    // What keeps running has a log, and what ends it is the log's last line.
    let is_served = matches!(arguments.command, Command::Up(_) | Command::Serve { .. });
    let logs_json = is_served && settings::logs_json(arguments.config.as_deref());
    // Before anything opens a connection: rustls has no cipher of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    rekey_runtime::process::raise_descriptor_limit();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments, output)),
        Err(error) => Err(anyhow::Error::new(error).context("starting the runtime")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.logging_json(logs_json).failure(&error),
    }
}

async fn run(arguments: Arguments, output: Output) -> anyhow::Result<()> {
    let Arguments { config, profile: named, command, .. } = arguments;
    let profile = named.clone().unwrap_or_else(folder::default_profile);
    match command {
        Command::Up(up) => up::run(up, Files { config, profile: named }, output).await,
        Command::Serve { part } => commands::serve::run(part, config).await,
        Command::Init(init) => commands::init::run(&init, output),
        Command::Migrate(migrate) => commands::migrate::run(&migrate, config, output).await,
        Command::Doctor(doctor) => doctor::run(&doctor, config, output).await,
        Command::Restore(restore) => commands::restore::run(&restore, config, output).await,
        Command::Bootstrap(bootstrap) => commands::bootstrap::run(bootstrap, config, output).await,
        Command::Token { command } => commands::token::run(command, output),
        Command::Keys { command } => commands::keys::run(command, config, output).await,
        Command::Config { command } => commands::config::run(&command, config, output).await,
        Command::Tenant { command } => commands::tenant::run(command, &profile, output).await,
        Command::SecurityInfo { command } => commands::security_info::run(command, &profile, output).await,
        Command::Account { command } => commands::account::run(command, &profile, output).await,
        Command::Import(import) => commands::import::run(import, &profile, output).await,
        Command::Imports { command } => commands::imports::run(command, &profile, output).await,
        Command::Export(export) => commands::export::run(export, &profile).await,
        Command::Policy { command } => commands::policy::run(command, &profile, output).await,
        Command::Role { command } => commands::role::run(command, &profile, output).await,
        Command::Group { command } => commands::group::run(command, &profile, output).await,
        Command::Help { command } => commands::help_desk::run(command, &profile, output).await,
        Command::Pass { command } => commands::pass::run(command, &profile, output).await,
        Command::Diagnose(diagnose) => commands::help_desk::diagnose(&diagnose, &profile, output).await,
        Command::Notification { command } => commands::notification::run(command, &profile, output).await,
        Command::Template { command } => commands::template::run(command, &profile, output).await,
        Command::Suppression { command } => commands::suppression::run(command, &profile, output).await,
        Command::Audit { command } => commands::audit::run(command, &profile, output).await,
        Command::Reset(reset) => commands::reset::run(reset, &profile, output).await,
        Command::Repudiate { link } => commands::repudiate::run(&link, &profile, output).await,
        Command::Inbox(inbox) => commands::inbox::run(&inbox, &profile, output).await,
        Command::Trace(trace) => commands::trace::run(trace, &profile, output).await,
        Command::Metrics { page } => commands::metrics::run(page, output),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::ManPages { folder } => commands::man_pages::run(&folder),
        Command::Version => commands::version::run(output),
    }
}
