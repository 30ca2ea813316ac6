//! A delivery and what is told of it: both or neither.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;

use super::{LEASE, World};
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::scope::CallerRights;
use crate::domain::state::State;
use crate::domain::trace::TraceContext;
use crate::fixtures::{NOW, rights, scope_of, tenant};
use crate::store::{Claim, NewNotification, QueuedEvent, Recorded};

impl World {
    fn event(&self, now: Timestamp) -> QueuedEvent {
        QueuedEvent {
            id: NotificationId::generate(self.entropy.as_ref(), now),
            endpoint: "shop".to_owned(),
            payload: b"sealed event".to_vec(),
            not_after: now.plus(Duration::from_secs(3_600)),
        }
    }

    async fn deliver(&self, held: &Claim, event: &QueuedEvent, now: Timestamp) -> Recorded {
        self.store.record_delivered(held.lease, "smtp", event, now).await.unwrap()
    }

    /// The events that wait.
    async fn claim_events(&self, now: Timestamp) -> Vec<Claim> {
        self.store.claim(Lane::Transactional, 10, LEASE, now).await.unwrap()
    }
}

pub(super) async fn a_delivery_queues_its_event_in_the_name_of_its_sender(world: &World) {
    let trace = Some(TraceContext { trace_id: [7; 16], span_id: Some([8; 8]) });
    let plain = world.message(Lane::Critical, NOW);
    let message = NewNotification { reference: "order 7".to_owned(), trace, decoy: true, ..plain };
    world.accept(std::slice::from_ref(&message), NOW).await;
    let held = world.claim_one(NOW).await;
    let later = NOW.plus(Duration::from_secs(2));
    let event = world.event(later);

    let recorded = world.deliver(&held, &event, later).await;

    let (delivered, queued) = (world.get(message.id).await.unwrap(), world.get(event.id).await.unwrap());
    assert_eq!((recorded, delivered.state, world.payloads().await), (Recorded::Yes, State::Delivered, 1));
    assert_eq!(
        (queued.state, queued.lane, queued.channel),
        (State::Queued, Lane::Transactional, Channel::Webhook)
    );
    assert_eq!((queued.reference.as_str(), queued.masked_destination.as_str()), ("order 7", "shop"));
    assert_eq!((queued.created_at, queued.not_after, queued.trace), (later, event.not_after, trace));
    let own = |caller: &str| scope_of(tenant(), CallerRights { senders: Some(Vec::new()), ..rights(caller) });
    assert!(world.store.get(&own("identity"), event.id).await.unwrap().is_some());
    assert!(world.store.get(&own("shop"), event.id).await.unwrap().is_none());
    let claims = world.claim_events(later).await;
    assert_eq!((claims.len(), claims[0].is_decoy, &claims[0].payload), (1, false, &event.payload));
}

pub(super) async fn a_delivery_that_does_not_count_queues_nothing(world: &World) {
    let message = world.accepted(NOW).await;
    let old = world.claim_one(NOW).await;
    let later = NOW.plus(LEASE);
    world.put_back(later).await;
    let new = world.claim_one(later).await;
    let (of_old, of_new, of_repeat) = (world.event(later), world.event(later), world.event(later));

    let late = world.deliver(&old, &of_old, later).await;
    let stood = world.get(message.id).await.unwrap().state;
    let in_time = world.deliver(&new, &of_new, later).await;
    let repeated = world.deliver(&new, &of_repeat, later).await;

    assert_eq!((late, stood), (Recorded::TooLate, State::Sending));
    assert_eq!((in_time, repeated), (Recorded::Yes, Recorded::TooLate));
    let claimed: Vec<_> = world.claim_events(later).await.iter().map(|claim| claim.lease.id).collect();
    assert_eq!(claimed, [of_new.id]);
}

pub(super) async fn a_delivery_in_doubt_queues_nothing(world: &World) {
    world.accepted(NOW).await;
    let dead = world.claim_one(NOW).await;
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    let later = NOW.plus(LEASE);
    world.put_back(later).await;
    let in_doubt = world.claim_one(later).await;

    let recorded = world.deliver(&in_doubt, &world.event(later), later).await;

    assert_eq!((in_doubt.lease.in_doubt, recorded), (true, Recorded::TooLate));
    assert!(world.claim_events(later).await.is_empty());
}

pub(super) async fn an_event_that_cannot_be_queued_leaves_its_message_undelivered(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let taken = QueuedEvent { id: message.id, ..world.event(NOW) };

    let failed = world.store.record_delivered(held.lease, "smtp", &taken, NOW).await;
    let stood = world.get(message.id).await.unwrap().state;
    let recorded = world.deliver(&held, &world.event(NOW), NOW).await;

    assert!(failed.is_err(), "its id is another row's");
    assert_eq!((stood, recorded), (State::Sending, Recorded::Yes));
    assert_eq!(world.claim_events(NOW).await.len(), 1);
}
