//! What `rekey doctor` is asked.

use std::net::SocketAddr;

use clap::Args;

use super::OneProcess;
use crate::Part;

/// Which parts to look at, and how.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Which parts. Without any: those that the settings say something of.
    #[arg(conflicts_with = "up")]
    pub(crate) parts: Vec<Part>,
    /// The parts as one process in production instead.
    #[command(flatten)]
    pub(crate) one_process: OneProcess,
    /// How many replicas of each part there are, for the connections of Postgres; without it what
    /// `identity.throttle.processes` says.
    #[arg(long, conflicts_with = "up")]
    pub(crate) replicas: Option<u32>,
    /// A selector that your relay signs mail with; may be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) dkim_selector: Vec<String>,
    /// The DNS server to ask, in place of those of this machine.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) resolver: Option<SocketAddr>,
    /// How long each look may take; one that takes longer hides no other.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
}
