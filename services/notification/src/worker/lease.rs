//! What a worker does about its lease on a message while it sends it: renew it, and mark that the message is handed over.
//!
//! Leases are short, so that what a dead worker held is soon in other hands, and a living worker renews them for as
//! long as a send may take. Whoever renewed too late finds another fence and may neither hand over nor record.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::SharedClock;

use crate::domain::state::FailureClass;
use crate::domain::suppression::AddressHash;
use crate::providers::{HandOver, SendFailure};
use crate::store::{Lease, Recorded, Store, in_time};

/// How long a message is held, and how its lease is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeasePolicy {
    /// How long a claim or a renewal holds.
    pub(crate) length: Duration,
    /// The pause between renewals; a few fit into a lease, so that one that fails loses nothing.
    pub(crate) renewed_every: Duration,
    /// How often a lease is renewed: what takes longer hangs, and somebody else shall have the message.
    pub(crate) most_renewals: u32,
}

/// Renewals that fit into one lease.
const RENEWALS_PER_LEASE: u32 = 4;

impl LeasePolicy {
    /// Leases of this length, renewed for no longer than `longest`.
    pub(crate) fn of(length: Duration, longest: Duration) -> Self {
        let renewed_every = length / RENEWALS_PER_LEASE;
        let most = longest.as_millis() / renewed_every.as_millis().max(1);
        Self { length, renewed_every, most_renewals: u32::try_from(most).unwrap_or(u32::MAX) }
    }

    /// Renews a lease until it is lost or was renewed for too long, and never returns: it runs beside the work, and
    /// ends with it.
    pub(super) async fn keep(self, store: &Store, lease: Lease, clock: &SharedClock) {
        for _ in 0..self.most_renewals {
            tokio::time::sleep(self.renewed_every).await;
            match in_time(store.renew(lease, self.length, clock.now())).await {
                Ok(Recorded::Yes) => {}
                Ok(Recorded::TooLate) => break,
                Err(failure) => tracing::warn!(error = %failure, "cannot renew a lease yet"),
            }
        }
        std::future::pending::<()>().await;
    }
}

/// Marks in the store that a try reached the point of no return.
pub(super) struct LeasedHandOver<'a> {
    pub(super) store: &'a Store,
    pub(super) lease: Lease,
    pub(super) clock: &'a SharedClock,
    /// By what the address is found when somebody reports of the message.
    pub(super) address_hash: Option<AddressHash>,
}

#[async_trait]
impl HandOver for LeasedHandOver<'_> {
    async fn begin(&self) -> Result<(), SendFailure> {
        // Neither is about the provider: nobody else is asked, and its breaker stays as it is. Too late may mean that
        // the message has died by now: what follows a failure after `not_after` is its expiry.
        let stay = |why: &str| Err(SendFailure::before_provider(FailureClass::Transient, why));
        let hash = self.address_hash.as_ref();
        match in_time(self.store.begin_handing_over_to(self.lease, hash, self.clock.now())).await {
            Ok(Recorded::Yes) => Ok(()),
            Ok(Recorded::TooLate) => stay("held too long or past its life"),
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot mark that a message is handed over");
                stay("the store was not told")
            }
        }
    }
}
