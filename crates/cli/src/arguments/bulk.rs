//! What can be typed for bulk resets.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{AccountFilterArguments, InTenant};

/// Commands on bulk resets.
#[derive(Debug, Subcommand)]
pub(crate) enum BulkCommand {
    /// Reset the passwords of many accounts, and show how far it has come.
    Start(Box<StartBulkReset>),
    /// Go on with a list that was cut off: the same file again, from where it ended.
    Continue {
        /// Which.
        #[command(flatten)]
        on: OnBulkReset,
        /// The file that it was started with; `-` reads the standard input.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Show how far a job has come until it ends. Ctrl-C leaves it running.
    Watch(OnBulkReset),
    /// Say how far a job has come.
    Status(OnBulkReset),
    /// Write what became of each account, a line each.
    Results {
        /// Which.
        #[command(flatten)]
        on: OnBulkReset,
        /// As what.
        #[arg(long, value_enum, default_value_t = ResultFormat::Csv)]
        format: ResultFormat,
        /// Only those that were refused.
        #[arg(long)]
        refused: bool,
    },
    /// End a job. What was reset stays so.
    Cancel(OnBulkReset),
    /// List jobs, newest first.
    List {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
}

/// A bulk reset to start.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("mode").required(true).args(["link", "require_change"]))]
pub(crate) struct StartBulkReset {
    /// Mail each a link that works once and for a day; the old password stops serving at once.
    #[arg(long)]
    pub(crate) link: bool,
    /// Leave the passwords and have them changed at the next sign-in.
    #[arg(long)]
    pub(crate) require_change: bool,
    /// Read ids or logins from this file, one a line; `-` reads the standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["everyone", "search", "state", "role", "group", "method", "active_within", "inactive_for"])]
    pub(crate) from: Option<PathBuf>,
    /// Every account of the tenant but your own.
    #[arg(long)]
    pub(crate) everyone: bool,
    /// Those that fit.
    #[command(flatten)]
    pub(crate) filter: AccountFilterArguments,
    /// Only say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// So many accounts in a second at most, up to 500; 50 if left out.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) per_second: i32,
    /// Do not wait for its end.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Which bulk reset a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnBulkReset {
    /// The job, by its id.
    pub(crate) job: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// How results are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ResultFormat {
    /// A table, its names in the first line.
    Csv,
    /// A JSON object a line.
    Jsonl,
}
