//! The store, the throttle and notification of a simulation: as they are elsewhere, with faults before and behind every call.

use rekey_sealing::{HeldKey, KeyStore, KeyStoreFailure, WrongKeys};
use rekey_testing::simulation::{Fault, Faults};
use rekey_throttle::{Budget, Outcome, Throttle};

use super::*;
use crate::domain::budgets::Window;
use crate::domain::event::EventText;
use crate::domain::scope::RunId;
use crate::domain::verification::VerificationState;
use crate::store::{
    CancelStep, CheckOutcome, CheckStep, ConvertStep, EventOutbox, Failure, RedeemStep, ReleaseStep,
    ResendStep, SendOutcome, Snapshot, StartStep, StepEvents, TakenEvents, TenantConversion, Turn,
};

/// Something whose calls may fail.
pub(super) struct Unreliable<T: ?Sized> {
    pub(super) inner: Arc<T>,
    pub(super) faults: Faults,
}

fn unstored(fault: Fault) -> Failure {
    Failure::Redis(std::io::Error::other(fault).into())
}

fn uncounted(fault: Fault) -> rekey_throttle::Failure {
    rekey_throttle::Failure::Redis(std::io::Error::other(fault).into())
}

fn away(_: Fault) -> peers::Failure {
    peers::Failure::new(tonic::Code::Unavailable)
}

#[async_trait]
impl KeyStore for Unreliable<dyn Store> {
    async fn hold(&self, kind: &str, held: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
        self.inner.hold(kind, held).await
    }
}

#[async_trait]
impl EventOutbox for Unreliable<dyn Store> {
    async fn note_listener(&self, tenant: TenantId, now: Timestamp) -> Result<(), Failure> {
        self.faults.around(self.inner.note_listener(tenant, now), unstored).await
    }

    async fn listened_tenants(&self) -> Result<Vec<(TenantId, Timestamp)>, Failure> {
        self.faults.around(self.inner.listened_tenants(), unstored).await
    }

    async fn forget_listener(&self, tenant: TenantId, noted_before: Timestamp) -> Result<(), Failure> {
        self.faults.around(self.inner.forget_listener(tenant, noted_before), unstored).await
    }

    async fn record(&self, tenant: TenantId, events: &StepEvents) -> Result<(), Failure> {
        self.faults.around(self.inner.record(tenant, events), unstored).await
    }

    async fn record_expired(
        &self,
        tenant: TenantId,
        most: u32,
        events: &StepEvents,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        self.faults.around(self.inner.record_expired(tenant, most, events, now), unstored).await
    }

    async fn take(&self, turn: &Turn, now: Timestamp) -> Result<TakenEvents, Failure> {
        self.faults.around(self.inner.take(turn, now), unstored).await
    }

    async fn confirm(&self, tenant: TenantId, handed_over: &[EventText]) -> Result<(), Failure> {
        self.faults.around(self.inner.confirm(tenant, handed_over), unstored).await
    }
}

#[async_trait]
impl Store for Unreliable<dyn Store> {
    async fn snapshot(&self, id: &ScopedId) -> Result<Snapshot, Failure> {
        self.faults.around(self.inner.snapshot(id), unstored).await
    }

    fn assumed_run_id(&self, tenant: TenantId) -> RunId {
        self.inner.assumed_run_id(tenant)
    }

    async fn start(&self, step: &StartStep, now: Timestamp) -> Result<SendOutcome, Failure> {
        self.faults.around(self.inner.start(step, now), unstored).await
    }

    async fn resend(&self, step: &ResendStep, now: Timestamp) -> Result<SendOutcome, Failure> {
        self.faults.around(self.inner.resend(step, now), unstored).await
    }

    async fn acknowledge(
        &self,
        id: &ScopedId,
        number: u32,
        run_id: &RunId,
        events: &StepEvents,
    ) -> Result<(), Failure> {
        self.faults.around(self.inner.acknowledge(id, number, run_id, events), unstored).await
    }

    async fn check(&self, step: &CheckStep, now: Timestamp) -> Result<CheckOutcome, Failure> {
        self.faults.around(self.inner.check(step, now), unstored).await
    }

    async fn convert(&self, step: &ConvertStep, now: Timestamp) -> Result<(), Failure> {
        self.faults.around(self.inner.convert(step, now), unstored).await
    }

    async fn conversion(&self, tenant: TenantId, texts: Option<Window>) -> Result<TenantConversion, Failure> {
        self.faults.around(self.inner.conversion(tenant, texts), unstored).await
    }

    async fn cancel(
        &self,
        step: &CancelStep,
        now: Timestamp,
    ) -> Result<Result<VerificationState, Refusal>, Failure> {
        self.faults.around(self.inner.cancel(step, now), unstored).await
    }

    async fn redeem(&self, step: &RedeemStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
        self.faults.around(self.inner.redeem(step, now), unstored).await
    }

    async fn release(&self, step: &ReleaseStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
        self.faults.around(self.inner.release(step, now), unstored).await
    }

    async fn forget_keys(&self, kind: &str) -> Result<(), Failure> {
        self.inner.forget_keys(kind).await
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.inner.ready().await
    }
}

#[async_trait]
impl Messenger for Unreliable<dyn Messenger> {
    async fn send(&self, message: &CodeMessage) -> Result<SendResult, peers::Failure> {
        self.faults.around(self.inner.send(message), away).await
    }
}

#[async_trait]
impl Throttle for Unreliable<dyn Reserving> {
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

#[async_trait]
impl Reserving for Unreliable<dyn Reserving> {
    async fn reserve(
        &self,
        budgets: &[Budget],
        operation: &str,
        now: Timestamp,
    ) -> Result<Outcome, rekey_throttle::Failure> {
        self.faults.around(self.inner.reserve(budgets, operation, now), uncounted).await
    }

    async fn settle(
        &self,
        budgets: &[Budget],
        operation: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), rekey_throttle::Failure> {
        self.faults.around(self.inner.settle(budgets, operation, happened, now), uncounted).await
    }
}
