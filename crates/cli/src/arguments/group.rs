//! `rekey group …`.

use clap::{Args, Subcommand};

use super::InTenant;

/// Commands on groups.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Create a group without members.
    Create {
        /// Its name for people.
        name: String,
        /// Its tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// List groups: all of them, or those that an account is in.
    List {
        /// Those that this account is in, by id or login, through any nesting.
        #[arg(long)]
        member: Option<String>,
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Show one group.
    Show(OnGroup),
    /// Give it another name.
    Rename {
        /// The group.
        #[command(flatten)]
        on: OnGroup,
        /// Its name from now on.
        #[arg(long)]
        name: String,
    },
    /// Delete it, not its members.
    Delete(OnGroup),
    /// Put accounts and groups into it: all of them, or none.
    Add(OnMembers),
    /// Take accounts and groups out of it.
    Remove(OnMembers),
    /// List who is directly in it.
    Members(OnGroup),
}

/// Which group a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnGroup {
    /// The group's id.
    pub(crate) group: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Which members of which group a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnMembers {
    /// The group.
    #[command(flatten)]
    pub(crate) on: OnGroup,
    /// An account, by id or login; may be repeated.
    #[arg(long = "account", required_unless_present = "groups")]
    pub(crate) accounts: Vec<String>,
    /// A group, by id; may be repeated.
    #[arg(long = "group")]
    pub(crate) groups: Vec<String>,
}
