//! `rekey account …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rekey_wire::identity::v1::{FilteredState, MethodKind};

use super::{BulkCommand, EraseAccount, InTenant, OnAccount, ResetAccount, ResetAccounts, UpdateAccount};

/// Commands on accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Create an account.
    Create {
        /// What the person types at sign-in; may be repeated.
        #[arg(required = true)]
        logins: Vec<String>,
        /// Name for people.
        #[arg(long, default_value = "")]
        name: String,
        /// Mail address to prefill; may be repeated.
        #[arg(long = "email")]
        emails: Vec<String>,
        /// Phone number to prefill, such as +4915112345678; may be repeated.
        #[arg(long = "phone")]
        phones: Vec<String>,
        /// The addresses were confirmed by the person already.
        #[arg(long)]
        confirmed: bool,
        /// Read a first password from this file.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Your own id for it.
        #[arg(long, default_value = "")]
        external_id: String,
        /// Its tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// List accounts, or find those that fit.
    List {
        /// Which.
        #[command(flatten)]
        filter: AccountFilterArguments,
        /// Only say how many there are.
        #[arg(long)]
        count: bool,
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Show one account.
    Show(OnAccount),
    /// Change its logins, its name, or what else is yours to say.
    Update(UpdateAccount),
    /// Delete it: it is signed out at once, and can be brought back for 30 days unless the settings say otherwise.
    Delete(OnAccount),
    /// Erase it, living or deleted, for good: within minutes hashes are all that is left of it, and nothing brings it back.
    Erase(EraseAccount),
    /// Bring a deleted account back, by its id or one of its logins.
    Undelete(OnAccount),
    /// Forget its wrong passwords.
    Unlock(OnAccount),
    /// Stop it from signing in.
    Block(OnAccount),
    /// Let it sign in again.
    Unblock(OnAccount),
    /// Release it after "this was not me".
    Unfreeze(OnAccount),
    /// Reset its password: one that can be read out is generated, unless you say otherwise.
    Reset(ResetAccount),
    /// Reset the passwords of several accounts, each judged by itself.
    ResetMany(ResetAccounts),
    /// Reset the passwords of many accounts as a job of the suite.
    Bulk {
        /// What to do.
        #[command(subcommand)]
        command: BulkCommand,
    },
    /// List passwords by when they expire, those that have first.
    Expiring {
        /// Those that expire within so many days.
        #[arg(long, default_value_t = 14)]
        days: u32,
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Exempt its password from expiry.
    ExemptExpiry(OnAccount),
    /// End the exemption: its password is good for the whole span again.
    UnexemptExpiry(OnAccount),
    /// List its live sessions.
    Sessions(OnAccount),
    /// End its sessions: all, or those that are named.
    RevokeSessions {
        /// The account.
        #[command(flatten)]
        on: OnAccount,
        /// End this session; may be repeated.
        #[arg(long = "session")]
        sessions: Vec<String>,
    },
}

/// Which accounts; every part that is given must hold.
#[derive(Debug, Args)]
pub(crate) struct AccountFilterArguments {
    /// What a login, a name, its last word or an address begins with.
    pub(crate) search: Option<String>,
    /// In this state; left out: any but deleted.
    #[arg(long)]
    pub(crate) state: Option<State>,
    /// Holds this role, such as `helpdesk_administrator`.
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// In this group, through any nesting: its id.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Has a method of this kind.
    #[arg(long)]
    pub(crate) method: Option<Method>,
    /// Signed in within so many days.
    #[arg(long, value_name = "DAYS")]
    pub(crate) active_within: Option<u32>,
    /// Did not sign in for so many days.
    #[arg(long, value_name = "DAYS")]
    pub(crate) inactive_for: Option<u32>,
}

/// States to look for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum State {
    Active,
    Blocked,
    Frozen,
    Deleted,
}

/// Kinds of methods to look for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Method {
    Email,
    Phone,
    Authenticator,
    RecoveryCode,
}

impl From<State> for FilteredState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Blocked => Self::Blocked,
            State::Frozen => Self::Frozen,
            State::Deleted => Self::Deleted,
        }
    }
}

impl From<Method> for MethodKind {
    fn from(method: Method) -> Self {
        match method {
            Method::Email => Self::Email,
            Method::Phone => Self::Phone,
            Method::Authenticator => Self::Authenticator,
            Method::RecoveryCode => Self::RecoveryCode,
        }
    }
}
