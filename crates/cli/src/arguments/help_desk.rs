//! What can be typed for people who cannot get in.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{InTenant, OnAccount};

/// Commands on help requests.
#[derive(Debug, Subcommand)]
pub(crate) enum HelpCommand {
    /// List help requests, newest first.
    List {
        /// Only those of this state.
        #[arg(long)]
        state: Option<ListedState>,
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Take a request, so that others see that you work on it.
    Claim(OnHelpRequest),
    /// Close a request: the person was helped.
    Resolve(OnHelpRequest),
    /// Close a request: the person is not helped.
    Deny(OnHelpRequest),
    /// Find out whether a caller is who they say: send them a code, and type what they read back.
    Verify {
        /// The account that the caller says is theirs.
        #[command(flatten)]
        on: OnAccount,
        /// Send it by this kind of method; the default one if left out, or else the phone.
        #[arg(long)]
        by: Option<CallerMethod>,
    },
}

/// By what a caller gets a code.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CallerMethod {
    Email,
    Phone,
}

/// A state to list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ListedState {
    Open,
    Claimed,
    Resolved,
    Denied,
    Expired,
}

/// Which help request a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnHelpRequest {
    /// The request, by its id.
    pub(crate) request: String,
    /// Only if it is still as this etag says.
    #[arg(long, default_value = "")]
    pub(crate) etag: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Commands on temporary access passes.
#[derive(Debug, Subcommand)]
pub(crate) enum PassCommand {
    /// Issue a pass, shown once, in place of the one the account has.
    Issue {
        /// For whom.
        #[command(flatten)]
        on: OnAccount,
        /// How many characters, 8 to 48.
        #[arg(long, default_value_t = 12)]
        length: u8,
        /// How many minutes it serves, 10 to 43200.
        #[arg(long, default_value_t = 60)]
        minutes: u32,
        /// The first sign-in with it is its last.
        #[arg(long)]
        one_time: bool,
    },
    /// End the pass of an account.
    Revoke(OnAccount),
}

/// Who cannot get in.
#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// The login, as the person types it.
    pub(crate) login: String,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// One password to reset.
#[derive(Debug, Args)]
pub(crate) struct ResetAccount {
    /// Whose.
    #[command(flatten)]
    pub(crate) on: OnAccount,
    /// Set the password in this file; otherwise one is generated and shown once.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["require_change", "link"])]
    pub(crate) password_file: Option<PathBuf>,
    /// Leave the password and have it changed at the next sign-in.
    #[arg(long)]
    pub(crate) require_change: bool,
    /// Mail a link that works once and for a day, by which the person chooses a password; the old one stops serving at once.
    #[arg(long, conflicts_with = "require_change")]
    pub(crate) link: bool,
}

/// Several passwords to reset.
#[derive(Debug, Args)]
pub(crate) struct ResetAccounts {
    /// The accounts: ids or logins.
    #[arg(required_unless_present = "from")]
    pub(crate) accounts: Vec<String>,
    /// Read ids or logins from this file, one a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Leave the passwords and have them changed at the next sign-in; otherwise they are generated and shown once.
    #[arg(long)]
    pub(crate) require_change: bool,
    /// Mail each a link that works once and for a day, by which the person chooses a password.
    #[arg(long, conflicts_with = "require_change")]
    pub(crate) link: bool,
    /// Their tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}
