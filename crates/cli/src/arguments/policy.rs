//! `rekey policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::InTenant;

/// Commands on the policy of a tenant.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the policy in force.
    Get {
        /// Show it as it was in this revision.
        #[arg(long)]
        revision: Option<i64>,
        /// Its tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Change fields: `reset.proofs_required=2 password.expiry=90d`.
    Set(PolicyEdit),
    /// Say what a change would do, without making it.
    Preview {
        /// The change.
        #[command(flatten)]
        edit: PolicyEdit,
        /// Write every stranded account here, a line of JSON each.
        #[arg(long, value_name = "FILE")]
        stranded: Option<PathBuf>,
    },
    /// Compare it with NIST SP 800-63B-4 and OWASP ASVS 5.0, levels 1 and 2.
    Grade {
        /// Its tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// List its revisions and what each changed.
    History {
        /// Its tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Put an earlier revision in force again.
    Rollback {
        /// Its number.
        revision: i64,
        /// Its tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
}

/// What changes.
#[derive(Debug, Args)]
pub(crate) struct PolicyEdit {
    /// FIELD=VALUE, with the fields that `rekey policy get` shows. Spans are 15m, 72h or 30d; lists have commas; `never`
    /// takes an expiry away.
    #[arg(value_name = "FIELD=VALUE", required_unless_present = "file")]
    pub(crate) pairs: Vec<String>,
    /// Read fields from this file: JSON as `rekey policy get --json` prints it, or TOML. The `etag` in it, if there is one, says
    /// which policy was edited: a change in between is then refused.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}
