//! Codes and limits in the memory of one process: for `rekey up`, small installations and tests.
//!
//! One lock around everything, held for a few map look-ups and never across an await: a step is atomic because
//! nobody else is inside. A restart forgets it all, and as the run's name is drawn anew, grants of the run before
//! are void as well. What it holds is bounded; rubbish is swept when it is full, and new verifications are refused when
//! that makes no room.

mod sending;
mod shelf;
mod trying;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, uuid_v4};
use rekey_primitives::id::TenantId;

use self::shelf::Shelf;
use super::{
    Cancelled, Check, Checked, Dispatch, Failure, Redeem, Redeemed, Released, Resend, Sight, Start, Store,
};
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::{Generation, Place, TenantScope};
use crate::domain::tag::Request;

/// The store in memory.
pub(crate) struct MemoryStore {
    generation: Generation,
    shelf: Mutex<Shelf>,
}

impl MemoryStore {
    /// An empty one that holds at most so many things.
    pub(crate) fn new(entropy: &dyn Entropy, most_entries: usize) -> Self {
        let generation = Generation::new(uuid_v4(entropy).simple().to_string());
        Self { generation, shelf: Mutex::new(Shelf::new(most_entries)) }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A panic inside would have left at most one half-written thing; refusing everybody else helps nobody.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn look(&self, place: &Place) -> Result<Sight, Failure> {
        let verification = self.shelf().verifications.get(place).map(|kept| kept.verification.clone());
        Ok(Sight { generation: self.generation.clone(), verification })
    }

    fn likely_generation(&self, _: TenantId) -> Generation {
        self.generation.clone()
    }

    async fn start(&self, start: &Start, now: Timestamp) -> Result<Dispatch, Failure> {
        self.shelf().start(start, &self.generation, now)
    }

    async fn resend(&self, resend: &Resend, now: Timestamp) -> Result<Dispatch, Failure> {
        Ok(self.shelf().resend(resend, &self.generation, now))
    }

    async fn acknowledge(&self, place: &Place, number: u32, generation: &Generation) -> Result<(), Failure> {
        if let Some(kept) = self.shelf().verifications.get_mut(place) {
            let verification = &mut kept.verification;
            if verification.generation == *generation && number <= verification.sends {
                verification.acknowledged = verification.acknowledged.max(number);
            }
        }
        Ok(())
    }

    async fn check(&self, check: &Check, now: Timestamp) -> Result<Checked, Failure> {
        Ok(self.shelf().check(check, &self.generation, now))
    }

    async fn cancel(
        &self,
        request: &Request,
        place: &Place,
        answer_life: Duration,
        now: Timestamp,
    ) -> Result<Cancelled, Failure> {
        Ok(self.shelf().cancel(request, place, answer_life, now))
    }

    async fn redeem(&self, redeem: &Redeem, now: Timestamp) -> Result<Redeemed, Failure> {
        Ok(self.shelf().redeem(redeem, &self.generation, now))
    }

    async fn release(
        &self,
        request: &Request,
        scope: &TenantScope,
        purpose: &Purpose,
        subject: &Subject,
        answer_life: Duration,
        now: Timestamp,
    ) -> Result<Released, Failure> {
        Ok(self.shelf().release(request, scope, purpose, subject, answer_life, now))
    }

    async fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }
}
