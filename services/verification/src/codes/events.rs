//! What a step records for whoever listens to its caller.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::entropy::uuid_v4;
use uuid::Uuid;

use super::{Codes, Error};
use crate::domain::event::{Event, EventKind, EventText};
use crate::domain::names::Purpose;
use crate::domain::scope::ScopedId;
use crate::peers::DeliveryEvents;
use crate::store::StepEvents;

/// What events are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventSubject<'a> {
    pub(super) id: &'a ScopedId,
    pub(super) purpose: &'a Purpose,
    pub(super) channel: Option<Channel>,
}

impl Codes {
    /// The events of these kinds, in this order; none where nobody listens.
    pub(super) fn step_events(
        &self,
        about: EventSubject<'_>,
        kinds: &[EventKind],
        now: Timestamp,
    ) -> StepEvents {
        if !self.rules.events.has_listener(&about.id.scope.caller) {
            return StepEvents::default();
        }
        StepEvents {
            most_waiting: self.rules.events.most_waiting,
            texts: kinds.iter().map(|&kind| self.event(about, kind, None, now)).collect(),
            expiry: None,
        }
    }

    /// The same for a start, with what is recorded when the life that it begins is over.
    pub(super) fn start_events(
        &self,
        about: EventSubject<'_>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> StepEvents {
        let events = self.step_events(about, &[EventKind::Created], now);
        let has_listener = !events.texts.is_empty();
        let expiry = has_listener.then(|| self.event(about, EventKind::Expired, None, expires_at));
        StepEvents { expiry, ..events }
    }

    /// Records that a limit or rule stopped a message. The refusal stands whatever becomes of the event.
    pub(super) async fn record_if_blocked<T>(
        &self,
        about: EventSubject<'_>,
        result: &Result<T, Error>,
        now: Timestamp,
    ) {
        let Some(refusal) = result.as_ref().err().and_then(Error::refusal) else { return };
        if !refusal.is_outside_the_verification() || !self.rules.events.has_listener(&about.id.scope.caller) {
            return;
        }
        let text = self.event(about, EventKind::Blocked, Some(refusal.into()), now);
        let most_waiting = self.rules.events.most_waiting;
        let events = StepEvents { most_waiting, texts: vec![text], expiry: None };
        if let Err(failure) = self.store.record(about.id.scope.tenant, &events).await {
            tracing::warn!(error = %failure, "an event was not recorded");
        }
    }

    /// What notification tells when the message of this id is delivered by the subject's channel, or by that of its fallback; none
    /// where nobody listens. A repeat asks for the same events: a message that is handed over twice is told of once.
    pub(super) fn delivery_events(
        &self,
        about: EventSubject<'_>,
        message_id: Uuid,
        fallback: Option<Channel>,
    ) -> Option<DeliveryEvents> {
        let EventSubject { id, purpose, .. } = about;
        let endpoint = self.rules.events.endpoint(&id.scope.caller)?;
        let text = |channel, step| {
            let event_id = self.keys.delivery_event_id(message_id, step);
            let kind = EventKind::Delivered;
            Event { id: event_id, kind, at: None, verification: id, purpose, channel, reason: None }.encode()
        };
        Some(DeliveryEvents {
            endpoint: endpoint.to_owned(),
            text: text(about.channel, 0),
            fallback_text: fallback.map(|channel| text(Some(channel), 1)),
        })
    }

    fn event(
        &self,
        EventSubject { id, purpose, channel }: EventSubject<'_>,
        kind: EventKind,
        reason: Option<&'static str>,
        at: Timestamp,
    ) -> EventText {
        let event_id = uuid_v4(&*self.entropy);
        Event { id: event_id, kind, at: Some(at), verification: id, purpose, channel, reason }.encode()
    }
}
