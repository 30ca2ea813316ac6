//! `rekey tenant …`.

use clap::{Args, Subcommand};

/// Commands on tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant with the default policy.
    Create {
        /// Short name: 2 to 63 of a-z, 0-9 and single inner hyphens, beginning with a letter.
        handle: String,
        /// Name for people.
        #[arg(long)]
        name: String,
        /// A mail domain; may be repeated.
        #[arg(long = "domain")]
        domains: Vec<String>,
        /// Region where it is at home; that of the deployment if left out.
        #[arg(long, value_name = "REGION")]
        home_region: Option<String>,
        /// The id that it has there, where that is another region: its name is then known here.
        #[arg(long, value_name = "ID", requires = "home_region")]
        tenant_id: Option<String>,
    },
    /// List tenants.
    List {
        /// Deleted ones as well.
        #[arg(long)]
        deleted: bool,
    },
    /// Change a tenant; what is not given stays.
    Update {
        /// The tenant: an id or a handle.
        tenant: String,
        /// What to change.
        #[command(flatten)]
        changes: TenantChanges,
    },
    /// Delete a tenant: nobody gets in any more. It can be brought back for 30 days unless the settings say otherwise.
    Delete {
        /// The tenant: an id or a handle.
        tenant: String,
        /// Do not ask for its handle first.
        #[arg(long)]
        yes: bool,
    },
    /// Bring a deleted tenant back, with everybody in it.
    Undelete {
        /// The tenant: an id or a handle.
        tenant: String,
    },
}

/// What to change of a tenant.
#[derive(Debug, Args)]
#[group(id = "tenant_changes", required = true, multiple = true)]
pub(crate) struct TenantChanges {
    /// Short name, as at creation. Links and commands with the old one lead nowhere then.
    #[arg(long)]
    pub(crate) handle: Option<String>,
    /// Name for people.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Find it by this mail domain as well; may be repeated.
    #[arg(long = "add-domain", value_name = "DOMAIN")]
    pub(crate) add_domains: Vec<String>,
    /// Find it by this mail domain no more; may be repeated.
    #[arg(long = "remove-domain", value_name = "DOMAIN")]
    pub(crate) remove_domains: Vec<String>,
    /// How many accounts may reset a password themselves; 0: any number.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seats: Option<i32>,
    /// Mail requests for help there instead of to administrators; empty: to administrators.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) help_mailbox: Option<String>,
    /// Show this page instead of a form for help; empty: the form.
    #[arg(long, value_name = "URL")]
    pub(crate) help_url: Option<String>,
}
