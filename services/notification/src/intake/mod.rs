//! What callers ask for: to accept messages, to show their journeys once or as they change, to withdraw one or send it again; which
//! addresses get none.
//!
//! Accepted means durable: the row is committed before the call is answered, and the workers are woken after it.

mod accept;
mod deduplication;
mod journeys;
mod page_token;
mod suppression_page_token;
mod suppressions;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::RequestId;
use rekey_sealing::{AeadKeys, MacKeys, digest};
use uuid::Uuid;

pub(crate) use self::accept::{MessageRequest, Receipt};
pub(crate) use self::journeys::Page;
pub(crate) use self::suppressions::{NewEntry, Suppressions};
pub(crate) use self::watch::Watch;
use crate::domain::lane::PerLane;
use crate::domain::links::LinkHosts;
use crate::domain::refusal::Refusal;
use crate::domain::scope::CallerScope;
use crate::domain::webhook_tenants::WebhookTenants;
use crate::signals::Signals;
pub(crate) use crate::store::SuppressionFilter;
use crate::store::{Failure, Store};

/// Everything a caller can ask for.
pub(crate) struct Intake {
    pub(crate) store: Store,
    pub(crate) keys: Arc<AeadKeys>,
    /// Name notices.
    pub(crate) marks: MacKeys,
    pub(crate) rules: IntakeRules,
    pub(crate) signals: Signals,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
}

/// What the settings say about accepting.
#[derive(Debug, Clone)]
pub(crate) struct IntakeRules {
    /// The life of a message whose caller does not say.
    pub(crate) life: PerLane<Duration>,
    /// The most that may wait.
    pub(crate) queue_limit: PerLane<u64>,
    /// How long a request id means the same message.
    pub(crate) request_life: Duration,
    /// No message lives longer: its row would be purged first.
    pub(crate) longest_life: Duration,
    /// Whether mail has a provider.
    pub(crate) sends_email: bool,
    /// Whether text messages have one.
    pub(crate) sends_sms: bool,
    /// For how long a notice is remembered by its key; zero: not at all.
    pub(crate) deduplication: PerLane<Duration>,
    pub(crate) link_hosts: LinkHosts,
    /// Which tenants' events go to which webhooks.
    pub(crate) webhooks: WebhookTenants,
}

/// A use case that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("refused")]
    Refused(Refusal),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A caller's request id as the store knows it: the ids of one caller are none of another's, which could otherwise use
/// them up or learn by them what was sent.
pub(crate) fn of_caller(scope: &CallerScope, request_id: RequestId) -> RequestId {
    let whole = digest(&[b"request of a caller", scope.caller().as_bytes(), request_id.as_uuid().as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&whole[..16]);
    RequestId::from_uuid(Uuid::from_bytes(bytes))
}

impl Intake {
    /// The hosts that links may lead to.
    pub(crate) fn link_hosts(&self) -> &LinkHosts {
        &self.rules.link_hosts
    }
}

#[cfg(test)]
mod tests;
