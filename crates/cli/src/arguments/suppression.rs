//! `rekey suppression …`.

use clap::{Args, Subcommand, ValueEnum};
use rekey_wire::notification::v1::{Channel, SuppressionReason};

use super::InTenant;
use super::notification::MessageLane;

/// Commands on addresses that get no messages. They call notification, so the profile says where it is.
#[derive(Debug, Subcommand)]
pub(crate) enum SuppressionCommand {
    /// List the addresses that get no messages, masked, newest first.
    List(ListedSuppressions),
    /// Show whether an address gets no messages, and why.
    Show(SuppressedAddress),
    /// Send nothing more to an address.
    Add(AddSuppression),
    /// Send to an address again.
    Remove(SuppressedAddress),
}

/// Which addresses to list.
#[derive(Debug, Args)]
pub(crate) struct ListedSuppressions {
    /// Of this channel.
    #[arg(long)]
    pub(crate) channel: Option<MessageChannel>,
    /// For this reason.
    #[arg(long)]
    pub(crate) reason: Option<WhySuppressed>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Which address a command is about.
#[derive(Debug, Args)]
pub(crate) struct SuppressedAddress {
    /// A mail address, or a phone number such as +4915112345678.
    pub(crate) address: String,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// An address to write down.
#[derive(Debug, Args)]
pub(crate) struct AddSuppression {
    #[command(flatten)]
    pub(crate) on: SuppressedAddress,
    /// Only messages of this lane; without it all of them.
    #[arg(long)]
    pub(crate) lane: Option<MessageLane>,
    /// Why: the others than `manual` are for lists that come from another system.
    #[arg(long, default_value = "manual")]
    pub(crate) reason: WhySuppressed,
    /// For how many days; without it until it is removed.
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<u32>,
}

/// Channels to look for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MessageChannel {
    Email,
    Sms,
}

/// Reasons to look for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum WhySuppressed {
    HardBounce,
    Complaint,
    Unsubscribed,
    Manual,
}

impl From<MessageChannel> for Channel {
    fn from(channel: MessageChannel) -> Self {
        match channel {
            MessageChannel::Email => Self::Email,
            MessageChannel::Sms => Self::Sms,
        }
    }
}

impl From<WhySuppressed> for SuppressionReason {
    fn from(reason: WhySuppressed) -> Self {
        match reason {
            WhySuppressed::HardBounce => Self::HardBounce,
            WhySuppressed::Complaint => Self::Complaint,
            WhySuppressed::Unsubscribed => Self::Unsubscribed,
            WhySuppressed::Manual => Self::Manual,
        }
    }
}
