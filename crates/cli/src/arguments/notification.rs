//! `rekey notification …`.

use clap::{Args, Subcommand, ValueEnum};
use rekey_wire::notification::v1::{Lane, NotificationState};

use super::InTenant;

/// Commands on messages. They call notification, so the profile says where it is.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    /// List messages and where they stand, newest first.
    List(ListedNotifications),
    /// Show one message and its journey; never its content.
    Show(OnNotification),
    /// Send a dead message again, or one of which nobody knows whether it arrived, while its content is kept.
    Replay(OnNotification),
    /// Withdraw a message that waits.
    Cancel(OnNotification),
    /// Print messages as they change, until interrupted, and then how to go on. Of one message, until it is over.
    ///
    /// With --json each is a line.
    Watch(WatchedNotifications),
    /// Send a test message, and follow it until it is delivered or dead.
    Test(TestNotification),
    /// List relays, gateways and webhook endpoints, and how each lane fares with them.
    Providers,
}

/// Which messages to list.
#[derive(Debug, Args)]
pub(crate) struct ListedNotifications {
    /// In this state.
    #[arg(long)]
    pub(crate) state: Option<MessageState>,
    /// Of this lane.
    #[arg(long)]
    pub(crate) lane: Option<MessageLane>,
    /// With this reference, a name that the sender gave it.
    #[arg(long)]
    pub(crate) reference: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Which message a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnNotification {
    /// The message, by its id.
    pub(crate) notification: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Which messages to watch.
#[derive(Debug, Args)]
pub(crate) struct WatchedNotifications {
    /// One message, by its id; without it all of the tenant.
    pub(crate) notification: Option<String>,
    /// Those with this reference, a name that the sender gave them.
    #[arg(long)]
    pub(crate) reference: Option<String>,
    /// Go on where an earlier watch ended, by what it printed at its end.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) resume: Option<String>,
    /// Their tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// A test message.
#[derive(Debug, Args)]
pub(crate) struct TestNotification {
    /// Where to: a mail address, or a phone number such as +4915112345678.
    pub(crate) address: String,
    /// The language, such as `de`.
    #[arg(long, default_value = "")]
    pub(crate) locale: String,
    /// How long to follow it, in seconds; 0 only hands it over.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
    /// The tenant whose message it is.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// States to look for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MessageState {
    Queued,
    Sending,
    Delivered,
    Unknown,
    Expired,
    Cancelled,
    Dead,
    Suppressed,
}

/// Lanes to look for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MessageLane {
    Critical,
    Transactional,
    Bulk,
}

impl From<MessageState> for NotificationState {
    fn from(state: MessageState) -> Self {
        match state {
            MessageState::Queued => Self::Queued,
            MessageState::Sending => Self::Sending,
            MessageState::Delivered => Self::Delivered,
            MessageState::Unknown => Self::Unknown,
            MessageState::Expired => Self::Expired,
            MessageState::Cancelled => Self::Cancelled,
            MessageState::Dead => Self::Dead,
            MessageState::Suppressed => Self::Suppressed,
        }
    }
}

impl From<MessageLane> for Lane {
    fn from(lane: MessageLane) -> Self {
        match lane {
            MessageLane::Critical => Self::Critical,
            MessageLane::Transactional => Self::Transactional,
            MessageLane::Bulk => Self::Bulk,
        }
    }
}
