//! Messages in the order of their changes.

use std::time::Duration;

use rekey_primitives::id::NotificationId;

use super::World;
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::page::{ChangeFilter, ChangePosition};
use crate::domain::scope::CallerRights;
use crate::domain::state::State;
use crate::fixtures::{NOW, rights, scope, scope_of, tenant};
use crate::store::{Changes, NewNotification};

impl World {
    pub(super) async fn changes(&self, after: ChangePosition, most: usize) -> Changes {
        self.store.changes(&scope(), &ChangeFilter::default(), after, most).await.unwrap()
    }

    pub(super) async fn horizon(&self) -> ChangePosition {
        self.store.change_horizon().await.unwrap()
    }
}

fn ids(changes: &Changes) -> Vec<NotificationId> {
    changes.notifications.iter().map(|one| one.id).collect()
}

pub(super) async fn every_message_is_shown_once_where_its_last_change_stands(world: &World) {
    let begin = world.horizon().await;
    let first = world.accepted(NOW).await;
    let second = world.accepted(NOW.plus(Duration::from_secs(1))).await;
    let held = world.store.claim(Lane::Critical, 1, super::LEASE, NOW).await.unwrap().remove(0);
    world.store.record(held.lease, Outcome::Delivered, "relay", NOW).await.unwrap();

    let all = world.changes(begin, 10).await;
    let nothing_more = world.changes(all.position, 10).await;
    world.store.cancel(&scope(), world.change(second.id), NOW).await.unwrap();
    let later = world.changes(all.position, 10).await;

    assert_eq!((ids(&all), all.caught_up), (vec![second.id, first.id], true));
    assert_eq!(all.notifications[1].state, State::Delivered);
    assert_eq!((ids(&nothing_more), nothing_more.caught_up), (Vec::new(), true));
    assert_eq!((ids(&later), later.notifications[0].state), (vec![second.id], State::Cancelled));
}

pub(super) async fn a_long_stretch_is_read_in_portions_without_gap_or_repetition(world: &World) {
    let mut position = world.horizon().await;
    let batch: Vec<NewNotification> = (0..7).map(|_| world.message(Lane::Bulk, NOW)).collect();
    world.accept(&batch, NOW).await;
    let mut seen = Vec::new();

    for caught_up in [false, false, true] {
        let portion = world.changes(position, 3).await;
        assert_eq!(portion.caught_up, caught_up);
        position = portion.position;
        seen.extend(ids(&portion));
    }

    seen.sort();
    let mut accepted: Vec<_> = batch.iter().map(|message| message.id).collect();
    accepted.sort();
    assert_eq!(seen, accepted);
}

pub(super) async fn a_stream_shows_what_the_caller_may_see_and_asked_for(world: &World) {
    let begin = world.horizon().await;
    let named = NewNotification { reference: "order".to_owned(), ..world.message(Lane::Bulk, NOW) };
    let other = world.message(Lane::Bulk, NOW);
    world.accept(&[named.clone(), other.clone()], NOW).await;
    let stranger = scope_of(tenant(), CallerRights { senders: Some(Vec::new()), ..rights("shop") });
    let of =
        async |filter: ChangeFilter| ids(&world.store.changes(&scope(), &filter, begin, 10).await.unwrap());

    let by_reference = of(ChangeFilter { reference: Some("order".to_owned()), id: None }).await;
    let by_id = of(ChangeFilter { id: Some(other.id), reference: None }).await;
    let strange = world.store.changes(&stranger, &ChangeFilter::default(), begin, 10).await.unwrap();

    assert_eq!((by_reference, by_id), (vec![named.id], vec![other.id]));
    assert_eq!((ids(&strange), strange.caught_up), (Vec::new(), true));
}
