//! How a command is told that it is about the suite as one process.

use std::path::PathBuf;

use clap::Args;

use crate::folder;

/// The suite as `rekey up` runs it.
#[derive(Debug, Args)]
pub(crate) struct OneProcess {
    /// Of the suite as one process, as `rekey up` runs it: its stores are in its folder unless the settings name others.
    #[arg(long)]
    pub(crate) up: bool,
    /// Where `rekey up` keeps its data.
    #[arg(long, value_name = "FOLDER", default_value = folder::DEFAULT, requires = "up")]
    pub(crate) data: PathBuf,
}
