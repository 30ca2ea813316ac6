//! Events in the memory of one process.

use std::collections::{BTreeSet, HashMap, VecDeque};

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::state::MemoryState;
use crate::domain::event::EventText;
use crate::domain::verification::VerificationState;
use crate::store::{StepEvents, TakenEvents, Turn};

/// The events of all tenants.
#[derive(Default)]
pub(super) struct Outbox(HashMap<TenantId, TenantOutbox>);

#[derive(Default)]
struct TenantOutbox {
    waiting: VecDeque<EventText>,
    /// What is recorded when lives end, the first first.
    ends: BTreeSet<(Timestamp, EventText)>,
}

impl Outbox {
    /// Records the event at this place of the list, if there is one.
    pub(super) fn record(&mut self, tenant: TenantId, events: &StepEvents, place: usize) {
        let Some(text) = events.texts.get(place) else { return };
        let waiting = &mut self.0.entry(tenant).or_default().waiting;
        waiting.push_back(text.clone());
        while waiting.len() > events.most_waiting as usize {
            waiting.pop_front();
        }
    }

    /// Notes what is recorded when a life ends.
    pub(super) fn note_end(&mut self, tenant: TenantId, events: &StepEvents, expires_at: Timestamp) {
        if let Some(text) = &events.expiry {
            self.0.entry(tenant).or_default().ends.insert((expires_at, text.clone()));
        }
    }

    /// Those that have events, as if each had just been noted.
    pub(super) fn tenants(&self) -> Vec<(TenantId, Timestamp)> {
        self.0.keys().map(|tenant| (*tenant, Timestamp::from_unix_micros(i64::MAX))).collect()
    }

    /// One process, and so one replica: it is always its turn.
    pub(super) fn take(&self, turn: &Turn) -> TakenEvents {
        let Some(outbox) = self.0.get(&turn.tenant) else { return TakenEvents::default() };
        TakenEvents {
            texts: outbox.waiting.iter().take(turn.most as usize).cloned().collect(),
            waiting: outbox.waiting.len() as u64,
        }
    }

    pub(super) fn confirm(&mut self, tenant: TenantId, handed_over: &[EventText]) {
        if let Some(outbox) = self.0.get_mut(&tenant) {
            outbox.waiting.retain(|text| !handed_over.contains(text));
            if outbox.waiting.is_empty() && outbox.ends.is_empty() {
                self.0.remove(&tenant);
            }
        }
    }

    /// Takes out the ends that have come, at most so many.
    fn ended(&mut self, tenant: TenantId, most: u32, now: Timestamp) -> Vec<EventText> {
        let Some(outbox) = self.0.get_mut(&tenant) else { return Vec::new() };
        let mut ended = Vec::new();
        while ended.len() < most as usize
            && outbox.ends.first().is_some_and(|(expires_at, _)| now.has_reached(*expires_at))
        {
            ended.extend(outbox.ends.pop_first().map(|(_, text)| text));
        }
        ended
    }
}

impl MemoryState {
    pub(super) fn record_expired(
        &mut self,
        tenant: TenantId,
        most: u32,
        events: &StepEvents,
        now: Timestamp,
    ) -> u32 {
        let mut found = 0;
        for text in self.outbox.ended(tenant, most, now) {
            found += 1;
            let stored = text.head().and_then(|head| self.verifications.get(&head.verification));
            let state = stored.map(|stored| stored.verification.state(now));
            if matches!(state, Some(VerificationState::Expired | VerificationState::Exhausted)) {
                let events = StepEvents { texts: vec![text], ..events.clone() };
                self.outbox.record(tenant, &events, 0);
            }
        }
        found
    }
}
