//! The arguments of `rekey security-info`.

use clap::{Args, Subcommand};

use super::OnAccount;

/// Commands on what an account proves itself by.
#[derive(Debug, Subcommand)]
pub(crate) enum SecurityInfoCommand {
    /// List it. Addresses are masked; keys and codes are shown to nobody.
    List(OnAccount),
    /// Write an address in. It proves nothing until the person confirms it.
    Prefill {
        /// The account.
        #[command(flatten)]
        on: OnAccount,
        /// The address.
        #[command(flatten)]
        address: NewAddress,
    },
    /// Remove an entry, such as the authenticator of a lost phone. Every address of the account is told.
    Remove {
        /// The account.
        #[command(flatten)]
        on: OnAccount,
        /// The entry, by the id that `list` shows.
        security_info_id: String,
    },
}

/// One address.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct NewAddress {
    /// A mail address.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// A phone number, such as +4915112345678.
    #[arg(long)]
    pub(crate) phone: Option<String>,
}
