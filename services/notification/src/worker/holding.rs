//! What a worker does about its hold on a message while it sends it: renew the lease, and mark the point of no return.
//!
//! Leases are short, so that what a dead worker held is soon in other hands, and a living worker renews them for as
//! long as a send may take. Whoever renewed too late finds another fence and may neither hand over nor record.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::SharedClock;

use crate::domain::state::FailureClass;
use crate::providers::{HandOver, SendFailure};
use crate::store::{Hold, Recorded, Store, in_time};

/// How long a message is held, and how the hold is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leases {
    /// How long a claim or a renewal holds.
    pub(crate) length: Duration,
    /// The pause between renewals; a few fit into a lease, so that one that fails loses nothing.
    pub(crate) renewed_every: Duration,
    /// How often a hold is renewed: what takes longer hangs, and somebody else shall have the message.
    pub(crate) most_renewals: u32,
}

/// Renewals that fit into one lease.
const RENEWALS_PER_LEASE: u32 = 4;

impl Leases {
    /// Leases of this length, held for no longer than `longest` and one lease.
    #[must_use]
    pub(crate) fn of(length: Duration, longest: Duration) -> Self {
        let renewed_every = length / RENEWALS_PER_LEASE;
        let most = longest.as_millis() / renewed_every.as_millis().max(1);
        Self { length, renewed_every, most_renewals: u32::try_from(most).unwrap_or(u32::MAX) }
    }

    /// Renews a hold until it is lost or was held for too long, and never returns: it runs beside the work, and ends
    /// with it.
    pub(super) async fn keep(self, store: &dyn Store, hold: Hold, clock: &SharedClock) {
        for _ in 0..self.most_renewals {
            tokio::time::sleep(self.renewed_every).await;
            match in_time(store.renew(hold, self.length, clock.now())).await {
                Ok(Recorded::Yes) => {}
                Ok(Recorded::TooLate) => break,
                Err(failure) => tracing::warn!(error = %failure, "cannot renew a lease yet"),
            }
        }
        std::future::pending::<()>().await;
    }
}

/// The point of no return of one try, marked in the store.
pub(super) struct Mark<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) hold: Hold,
    pub(super) clock: &'a SharedClock,
}

#[async_trait]
impl HandOver for Mark<'_> {
    async fn begin(&self) -> Result<(), SendFailure> {
        // Neither is about the provider: nobody else is asked, and its breaker stays as it is. Too late may mean that
        // the message has died by now: what follows a failure after `not_after` is its expiry.
        let stay = |why: &str| Err(SendFailure::before_provider(FailureClass::Transient, why));
        match in_time(self.store.begin_handing_over(self.hold, self.clock.now())).await {
            Ok(Recorded::Yes) => Ok(()),
            Ok(Recorded::TooLate) => stay("held too long or past its life"),
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot mark that a message is handed over");
                stay("the store was not told")
            }
        }
    }
}
