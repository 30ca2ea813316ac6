//! Grants: evidence of a passed verification.
//!
//! A grant carries everything it says, so redeeming reads nothing but a marker that it was redeemed. That marker can
//! be lost in a failover, which is why the grant names the run of the store it belongs to.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{GrantId, TenantId, VerificationId};
use rekey_primitives::method::ProofClass;

use super::names::{CallerName, Purpose, Subject};
use super::scope::RunId;
use super::transaction::Transaction;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) tenant: TenantId,
    /// Who had the code sent and checked, and vouches for it.
    pub(crate) caller: CallerName,
    /// Who may redeem it.
    pub(crate) audience: CallerName,
    pub(crate) verification: VerificationId,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    /// What was approved, where the message showed it.
    pub(crate) transaction: Option<Transaction>,
    pub(crate) channel: Channel,
    /// The other channel that may have carried the code, where it had a fallback.
    pub(crate) fallback_channel: Option<Channel>,
    pub(crate) class: ProofClass,
    /// A digest of the bytes it is bound to.
    pub(crate) binding: [u8; 32],
    /// The run of the store that it belongs to.
    pub(crate) run_id: RunId,
    /// When the right code was given.
    pub(crate) passed_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// The class of evidence that a code by this channel is. Both were issued by us just now.
pub(crate) const fn class_of(channel: Channel) -> ProofClass {
    match channel {
        Channel::Email | Channel::Sms => ProofClass::Issued,
    }
}
