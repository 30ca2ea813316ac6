//! What can be typed about webhooks of the audit log.

use clap::{Args, Subcommand};

use super::{InTenant, OutcomeName};
use crate::commands::audit::Moment;

/// Commands on webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Have events sent to a URL, and print the secret that signs them.
    Create {
        /// Where they are posted to: an https URL.
        url: String,
        /// Which ones.
        #[command(flatten)]
        events: EventsSent,
        /// From this moment on: as 2026-01-31T12:00:00Z, or so long ago, such as 30d, 12h or 5m; from now if left out.
        #[arg(long)]
        since: Option<Moment>,
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// List webhooks, how they fare and how far behind they are.
    List {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Show one.
    Get(OnWebhook),
    /// Change it, enable or disable it.
    Update {
        /// Which one.
        #[command(flatten)]
        on: OnWebhook,
        /// What changes.
        #[command(flatten)]
        changes: WebhookChanges,
    },
    /// Give it another secret, and print it.
    Rotate {
        /// Which one.
        #[command(flatten)]
        on: OnWebhook,
        /// How many hours the secret before signs as well; 0 for one that leaked.
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(..=168))]
        overlap: u32,
    },
    /// Delete it.
    Delete(OnWebhook),
}

/// Which webhook a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnWebhook {
    /// The webhook's id.
    pub(crate) webhook: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Which events a webhook gets; all if nothing is said.
#[derive(Debug, Args)]
pub(crate) struct EventsSent {
    /// Of this kind, such as reset.completed; may be said several times.
    #[arg(long = "kind", value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// That ended so.
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeName>,
}

/// What changes of a webhook.
#[derive(Debug, Args)]
pub(crate) struct WebhookChanges {
    /// Post to this URL from now on.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Send these events from now on.
    #[command(flatten)]
    pub(crate) events: EventsSent,
    /// Send all events from now on.
    #[arg(long, conflicts_with_all = ["kinds", "outcome"])]
    pub(crate) all_events: bool,
    /// Go on where it stood.
    #[arg(long)]
    pub(crate) enable: bool,
    /// Leave out what happened since, and go on with the next event.
    #[arg(long, requires = "enable")]
    pub(crate) from_now: bool,
    /// Send nothing.
    #[arg(long, conflicts_with = "enable")]
    pub(crate) disable: bool,
    /// Only if it is still as it was read, by the etag that `get --json` shows.
    #[arg(long)]
    pub(crate) etag: Option<String>,
}
