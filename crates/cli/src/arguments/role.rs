//! `rekey role …`.

use clap::Subcommand;

use super::{InTenant, OnAccount};

/// Commands on roles.
#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the roles and who holds them.
    List {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Grant a role to an account.
    Grant {
        /// The role, such as `helpdesk_administrator`.
        role: String,
        /// To whom.
        #[command(flatten)]
        on: OnAccount,
    },
    /// Take a role away. The last global administrator stays.
    Revoke {
        /// The role.
        role: String,
        /// From whom.
        #[command(flatten)]
        on: OnAccount,
    },
}
