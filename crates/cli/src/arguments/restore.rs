//! What is asked of `rekey restore`.

use clap::Args;

use super::OneProcess;
use crate::Part;

/// What came back from a backup.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Only this part's.
    pub(crate) part: Option<Part>,
    /// The folder of `rekey up`, of either mode, which has no settings of its own.
    #[command(flatten)]
    pub(crate) one_process: OneProcess,
    /// The Postgres that `rekey up --postgres` is given.
    #[arg(long, value_name = "URL", requires = "up")]
    pub(crate) postgres: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}
