//! `rekey account update|delete|undelete|erase`.

use clap::Args;

use super::OnAccount;

/// What to change of an account; what is not given stays.
#[derive(Debug, Args)]
#[group(id = "changes", required = true, multiple = true)]
pub(crate) struct AccountChanges {
    /// Let it sign in by this name as well; may be repeated.
    #[arg(long = "add-login", value_name = "LOGIN")]
    pub(crate) add_logins: Vec<String>,
    /// Let it sign in by this name no more; may be repeated. The name is free for other accounts then.
    #[arg(long = "remove-login", value_name = "LOGIN")]
    pub(crate) remove_logins: Vec<String>,
    /// Show this one of its logins first.
    #[arg(long, value_name = "LOGIN")]
    pub(crate) first_login: Option<String>,
    /// Name for people; empty: the first login.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Your own id for it; empty: none.
    #[arg(long, value_name = "ID")]
    pub(crate) external_id: Option<String>,
    /// Whether the next sign-in must set a new password: true or false.
    #[arg(long, value_name = "BOOL")]
    pub(crate) must_change_password: Option<bool>,
    /// Whether another directory manages its password: true or false.
    #[arg(long, value_name = "BOOL")]
    pub(crate) managed_elsewhere: Option<bool>,
}

/// An account and what to change of it.
#[derive(Debug, Args)]
pub(crate) struct UpdateAccount {
    /// The account.
    #[command(flatten)]
    pub(crate) on: OnAccount,
    /// What to change.
    #[command(flatten)]
    pub(crate) changes: AccountChanges,
}

/// An account to erase.
#[derive(Debug, Args)]
pub(crate) struct EraseAccount {
    /// The account.
    #[command(flatten)]
    pub(crate) on: OnAccount,
    /// Do not ask for the login.
    #[arg(long)]
    pub(crate) yes: bool,
}
