//! Codes and limits in the memory of one process: for `rekey up`, small installations and tests.
//!
//! One lock around everything, held for a few map look-ups and never across an await: a step is atomic because nobody
//! else is inside. A restart forgets it all, and as the run id is drawn anew, grants of the run before are void as
//! well. What it holds is bounded: expired entries are swept when it is full, and new verifications are refused when
//! that makes no room.

mod abuse;
mod attempts;
mod outbox;
mod sending;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, uuid_v4};
use rekey_primitives::id::TenantId;
use rekey_sealing::{HeldKey, KeyStore, KeyStoreFailure, WrongKeys};

use self::state::MemoryState;
use super::{
    CancelStep, CheckOutcome, CheckStep, ConvertStep, EventOutbox, Failure, RedeemStep, ReleaseStep,
    ResendStep, SendOutcome, Snapshot, StartStep, StepEvents, Store, TakenEvents, TenantConversion, Turn,
};
use crate::domain::budgets::Window;
use crate::domain::event::EventText;
use crate::domain::refusal::Refusal;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::VerificationState;

#[derive(derive_more::Debug)]
#[debug("MemoryStore")]
pub(crate) struct MemoryStore {
    run_id: RunId,
    state: Mutex<MemoryState>,
}

impl MemoryStore {
    /// An empty store that holds at most `max_entries`.
    pub(crate) fn new(entropy: &dyn Entropy, max_entries: usize) -> Self {
        let run_id = RunId::new(uuid_v4(entropy).simple().to_string());
        Self { run_id, state: Mutex::new(MemoryState::new(max_entries)) }
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        // A panic inside would have left at most one half-written entry; refusing everybody else helps nobody.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn snapshot(&self, id: &ScopedId) -> Result<Snapshot, Failure> {
        let verification = self.state().verifications.get(id).map(|stored| stored.verification.clone());
        Ok(Snapshot { run_id: self.run_id.clone(), verification })
    }

    fn assumed_run_id(&self, _: TenantId) -> RunId {
        self.run_id.clone()
    }

    async fn start(&self, step: &StartStep, now: Timestamp) -> Result<SendOutcome, Failure> {
        self.state().start(step, &self.run_id, now)
    }

    async fn resend(&self, step: &ResendStep, now: Timestamp) -> Result<SendOutcome, Failure> {
        Ok(self.state().resend(step, &self.run_id, now))
    }

    async fn acknowledge(
        &self,
        id: &ScopedId,
        number: u32,
        run_id: &RunId,
        events: &StepEvents,
    ) -> Result<(), Failure> {
        let state = &mut *self.state();
        if let Some(stored) = state.verifications.get_mut(id) {
            let verification = &mut stored.verification;
            let is_next = number <= verification.sends && number > verification.acknowledged;
            if verification.run_id == *run_id && is_next {
                verification.acknowledged = number;
                state.outbox.record(id.scope.tenant, events, 0);
            }
        }
        Ok(())
    }

    async fn check(&self, step: &CheckStep, now: Timestamp) -> Result<CheckOutcome, Failure> {
        Ok(self.state().check(step, &self.run_id, now))
    }

    async fn convert(&self, step: &ConvertStep, now: Timestamp) -> Result<(), Failure> {
        self.state().convert(step, now);
        Ok(())
    }

    async fn conversion(&self, tenant: TenantId, texts: Option<Window>) -> Result<TenantConversion, Failure> {
        Ok(self.state().conversion(tenant, texts))
    }

    async fn cancel(
        &self,
        step: &CancelStep,
        now: Timestamp,
    ) -> Result<Result<VerificationState, Refusal>, Failure> {
        Ok(self.state().cancel(step, now))
    }

    async fn redeem(&self, step: &RedeemStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
        Ok(self.state().redeem(step, &self.run_id, now))
    }

    async fn release(&self, step: &ReleaseStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
        Ok(self.state().release(step, now))
    }

    async fn forget_keys(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl EventOutbox for MemoryStore {
    /// What it holds tells.
    async fn note_listener(&self, _: TenantId, _: Timestamp) -> Result<(), Failure> {
        Ok(())
    }

    async fn listened_tenants(&self) -> Result<Vec<(TenantId, Timestamp)>, Failure> {
        Ok(self.state().outbox.tenants())
    }

    /// What is empty is gone already.
    async fn forget_listener(&self, _: TenantId, _: Timestamp) -> Result<(), Failure> {
        Ok(())
    }

    async fn record(&self, tenant: TenantId, events: &StepEvents) -> Result<(), Failure> {
        self.state().outbox.record(tenant, events, 0);
        Ok(())
    }

    async fn record_expired(
        &self,
        tenant: TenantId,
        most: u32,
        events: &StepEvents,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        Ok(self.state().record_expired(tenant, most, events, now))
    }

    async fn take(&self, turn: &Turn, _: Timestamp) -> Result<TakenEvents, Failure> {
        Ok(self.state().outbox.take(turn))
    }

    async fn confirm(&self, tenant: TenantId, handed_over: &[EventText]) -> Result<(), Failure> {
        self.state().outbox.confirm(tenant, handed_over);
        Ok(())
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    /// Nobody else uses it, and nothing was there before.
    async fn hold(&self, _: &str, _: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
        Ok(Ok(()))
    }
}
