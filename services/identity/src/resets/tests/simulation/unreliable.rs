//! The neighbours and the throttle of a simulation: as they are elsewhere, with faults before and behind every call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::secret::SecretString;
use rekey_testing::simulation::{Fault, Faults};
use rekey_throttle::{Budget, Outcome, Throttle};
use uuid::Uuid;

use crate::peers::Failure;
use crate::peers::verification::{
    CheckCode, Checked, Progress, Redeemed, ResendCode, Resent, StartCode, Started, Verification,
};

/// Something whose calls may fail.
pub(super) struct Unreliable<T: ?Sized> {
    pub(super) inner: Arc<T>,
    pub(super) faults: Faults,
}

fn away(fault: Fault) -> Failure {
    Failure::Unavailable { peer: "verification", source: Box::new(fault) }
}

fn uncounted(fault: Fault) -> rekey_throttle::Failure {
    rekey_throttle::Failure::Redis(std::io::Error::other(fault).into())
}

#[async_trait]
impl<V: Verification + ?Sized> Verification for Unreliable<V> {
    async fn start(&self, start: &StartCode) -> Result<Started, Failure> {
        self.faults.around(self.inner.start(start), away).await
    }

    async fn resend(&self, resend: &ResendCode) -> Result<Resent, Failure> {
        self.faults.around(self.inner.resend(resend), away).await
    }

    async fn check(&self, check: &CheckCode) -> Result<Checked, Failure> {
        self.faults.around(self.inner.check(check), away).await
    }

    async fn redeem(
        &self,
        tenant_id: TenantId,
        grant: &SecretString,
        binding: &[u8; 32],
        request_id: Uuid,
    ) -> Result<Option<Redeemed>, Failure> {
        self.faults.around(self.inner.redeem(tenant_id, grant, binding, request_id), away).await
    }

    async fn progress(
        &self,
        tenant_id: TenantId,
        verification_id: VerificationId,
    ) -> Result<Option<Progress>, Failure> {
        self.faults.around(self.inner.progress(tenant_id, verification_id), away).await
    }
}

#[async_trait]
impl<T: Throttle + ?Sized> Throttle for Unreliable<T> {
    async fn consume(
        &self,
        budgets: &[Budget],
        cost: u64,
        now: Timestamp,
    ) -> Result<Outcome, rekey_throttle::Failure> {
        self.faults.around(self.inner.consume(budgets, cost, now), uncounted).await
    }

    async fn refund(
        &self,
        budgets: &[Budget],
        cost: u64,
        consumed_at: Timestamp,
    ) -> Result<(), rekey_throttle::Failure> {
        self.faults.around(self.inner.refund(budgets, cost, consumed_at), uncounted).await
    }

    async fn count_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, rekey_throttle::Failure> {
        self.faults.around(self.inner.count_distinct(key, member, window, now), uncounted).await
    }

    async fn distinct(
        &self,
        key: &str,
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, rekey_throttle::Failure> {
        self.faults.around(self.inner.distinct(key, window, now), uncounted).await
    }
}
