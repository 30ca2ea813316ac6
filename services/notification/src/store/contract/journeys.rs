//! Looking at messages and stepping in.

use std::time::Duration;

use rekey_database::{Sql, values};
use rekey_primitives::id::{NotificationId, TenantId};
use uuid::Uuid;

use super::World;
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::page::Filter;
use crate::domain::scope::{CallerRights, CallerScope};
use crate::domain::state::{FailureClass, State};
use crate::domain::trace::TraceContext;
use crate::fixtures::{NOW, rights, scope, scope_of, tenant};
use crate::store::{AcceptOutcome, ChangeOutcome, Listed, NewNotification};

fn stranger() -> CallerScope {
    scope_of(TenantId::from_uuid(Uuid::from_u128(2)), rights("identity"))
}

/// The state after a change that must have been made.
fn made(change: ChangeOutcome) -> State {
    match change {
        ChangeOutcome::Made(notification) => notification.state,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_tenant_sees_only_its_own(world: &World) {
    let message = world.accepted(NOW).await;

    let found = world.store.get(&stranger(), message.id).await.unwrap();
    let listed = world.store.list(&stranger(), &Filter::default(), None, 10).await.unwrap().notifications;
    let cancelled = world.store.cancel(&stranger(), world.change(message.id), NOW).await.unwrap();
    let unknown = world.get(NotificationId::from_uuid(Uuid::from_u128(9))).await;

    assert_eq!((found, listed, cancelled, unknown), (None, Vec::new(), ChangeOutcome::NotFound, None));
    assert_eq!(world.get(message.id).await.map(|found| found.state), Some(State::Queued));
}

/// What callers may do with a message of identity's: whether it shows in a look, in a list, and what became of changes.
async fn reach(world: &World, scope: &CallerScope, id: NotificationId) -> (bool, usize, [ChangeOutcome; 2]) {
    let seen = world.store.get(scope, id).await.unwrap().is_some();
    let listed = world.store.list(scope, &Filter::default(), None, 10).await.unwrap().notifications.len();
    let replayed = world.store.replay(scope, world.change(id), NOW).await.unwrap();
    let cancelled = world.store.cancel(scope, world.change(id), NOW).await.unwrap();
    (seen, listed, [replayed, cancelled])
}

pub(super) async fn a_caller_sees_and_touches_only_what_it_sent(world: &World) {
    let message = world.accepted(NOW).await;
    let own = CallerRights { senders: Some(Vec::new()), ..rights("identity") };
    let bulk_only = CallerRights { lanes: vec![Lane::Bulk], ..own.clone() };
    let other_template = CallerRights { templates: Some(vec!["help_request".to_owned()]), ..own.clone() };
    let stranger = CallerRights { caller: "shop".to_owned(), ..own.clone() };

    for rights in [stranger, bulk_only, other_template] {
        let out_of_reach = (false, 0, [ChangeOutcome::NotFound, ChangeOutcome::NotFound]);
        assert_eq!(
            reach(world, &scope_of(tenant(), rights.clone()), message.id).await,
            out_of_reach,
            "{rights:?}"
        );
    }
    assert_eq!(world.get(message.id).await.map(|found| found.state), Some(State::Queued));
    let (seen, listed, [replayed, cancelled]) = reach(world, &scope_of(tenant(), own), message.id).await;
    assert_eq!((seen, listed, replayed), (true, 1, ChangeOutcome::Impossible));
    assert_eq!(made(cancelled), State::Cancelled);
}

pub(super) async fn a_caller_sees_of_other_senders_what_its_entry_names(world: &World) {
    let message = world.accepted(NOW).await;
    let named = |sender: &str| CallerRights { senders: Some(vec![sender.to_owned()]), ..rights("support") };

    let of_identity = world.store.get(&scope_of(tenant(), named("identity")), message.id).await.unwrap();
    let of_another = world.store.get(&scope_of(tenant(), named("shop")), message.id).await.unwrap();
    let of_everybody = world.store.get(&scope_of(tenant(), rights("support")), message.id).await.unwrap();

    assert!(of_identity.is_some() && of_another.is_none() && of_everybody.is_some());
}

pub(super) async fn a_list_goes_from_page_to_page_without_gap_or_repetition(world: &World) {
    let mut expected = Vec::new();
    for second in [0, 1, 1, 1, 2, 3] {
        expected.push(world.accepted(NOW.plus(Duration::from_secs(second))).await.id);
    }

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.list(&scope(), &Filter::default(), after, 2).await.unwrap();
        seen.extend(page.notifications);
        after = page.next;
        if after.is_none() {
            break;
        }
    }

    assert!(seen.is_sorted_by(|one, next| (one.created_at, one.id) > (next.created_at, next.id)));
    let mut ids: Vec<_> = seen.iter().map(|one| one.id).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
}

pub(super) async fn a_row_that_does_not_read_takes_no_page_with_it(world: &World) {
    const SPOIL: Sql = Sql::unlisted("update notification set channel = 'pigeon' where id = $1");
    let mut ids = Vec::new();
    for second in 0..5 {
        ids.push(world.accepted(NOW.plus(Duration::from_secs(second))).await.id);
    }
    world.store.database.execute(SPOIL, values![ids[3]]).await.unwrap();

    let first = world.store.list(&scope(), &Filter::default(), None, 2).await.unwrap();
    let second = world.store.list(&scope(), &Filter::default(), first.next, 3).await.unwrap();

    let shown = |listed: &Listed| listed.notifications.iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!((shown(&first), shown(&second)), (vec![ids[4]], vec![ids[2], ids[1], ids[0]]));
    assert_eq!(second.next, None);
}

/// The code of the call a message came with finds it, page by page, and claims and lists tell of it.
pub(super) async fn a_support_code_finds_its_messages(world: &World) {
    let trace = TraceContext { trace_id: [7; 16], span_id: Some([8; 8]) };
    let with = |trace, at| NewNotification { trace, ..world.message(Lane::Critical, at) };
    let traced = [1, 2].map(|seconds| with(Some(trace), NOW.plus(Duration::from_secs(seconds))));
    let unrecorded = TraceContext { trace_id: [9; 16], span_id: None };
    world.accept(&[world.message(Lane::Bulk, NOW)], NOW).await;
    for message in &traced {
        world.accept(std::slice::from_ref(message), NOW.plus(Duration::from_secs(3))).await;
    }
    world.accept(&[with(Some(unrecorded), NOW)], NOW.plus(Duration::from_secs(4))).await;
    let of_trace = Filter { trace_id: Some([7; 16]), ..Filter::default() };

    let first = world.store.list(&scope(), &of_trace, None, 1).await.unwrap();
    let second = world.store.list(&scope(), &of_trace, first.next, 1).await.unwrap();
    let none = Filter { trace_id: Some([6; 16]), ..Filter::default() };
    let none = world.store.list(&scope(), &none, None, 10).await.unwrap();
    let foreign = world.store.list(&stranger(), &of_trace, None, 10).await.unwrap();
    let mut claimed: Vec<_> =
        world.claim(10, NOW.plus(Duration::from_secs(9))).await.iter().map(|claim| claim.trace).collect();

    let mut found: Vec<_> =
        first.notifications.iter().chain(&second.notifications).map(|one| one.id).collect();
    let mut expected = traced.map(|one| one.id).to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(first.notifications.iter().all(|one| one.trace == Some(trace)));
    assert_eq!((second.next, none.notifications, foreign.notifications), (None, Vec::new(), Vec::new()));
    claimed.sort_by_key(|trace| trace.map(|trace| trace.trace_id));
    assert_eq!(claimed, [Some(trace), Some(trace), Some(unrecorded)]);
}

pub(super) async fn a_list_shows_what_the_filter_lets_through(world: &World) {
    let mut named = world.message(Lane::Bulk, NOW);
    named.reference = "job 7".to_owned();
    world.accept(&[named.clone(), world.message(Lane::Bulk, NOW)], NOW).await;
    let held = world.accepted(NOW).await;
    world.claim_one(NOW).await;
    let list = async |filter: Filter| {
        let found = world.store.list(&scope(), &filter, None, 10).await.unwrap();
        found.notifications.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };

    let by_reference = list(Filter { reference: Some("job 7".to_owned()), ..Filter::default() }).await;
    let by_state = list(Filter { state: Some(State::Sending), ..Filter::default() }).await;
    let by_lane = list(Filter { lane: Some(Lane::Bulk), ..Filter::default() }).await;
    let by_both =
        list(Filter { lane: Some(Lane::Critical), state: Some(State::Queued), ..Filter::default() }).await;

    assert_eq!((by_reference, by_state), (vec![named.id], vec![held.id]));
    assert_eq!((by_lane.len(), by_both.len()), (2, 0));
}

pub(super) async fn a_queued_message_is_withdrawn_once(world: &World) {
    let message = world.accepted(NOW).await;

    let first = world.store.cancel(&scope(), world.change(message.id), NOW).await.unwrap();
    let second = world.store.cancel(&scope(), world.change(message.id), NOW).await.unwrap();

    assert_eq!((made(first), second), (State::Cancelled, ChangeOutcome::Impossible));
    assert!(world.claim(10, NOW).await.is_empty());
    assert_eq!(world.payloads().await, 0);
}

pub(super) async fn what_a_worker_holds_cannot_be_withdrawn(world: &World) {
    let message = world.accepted(NOW).await;
    world.claim_one(NOW).await;

    let change = world.store.cancel(&scope(), world.change(message.id), NOW).await.unwrap();

    assert_eq!(change, ChangeOutcome::Impossible);
    assert_eq!((world.payloads().await, world.get(message.id).await.unwrap().state), (1, State::Sending));
}

pub(super) async fn a_change_repeated_says_the_same_and_does_nothing(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let outcome = Outcome::Dead { class: FailureClass::Content };
    world.store.record(held.lease, outcome, "smtp", NOW).await.unwrap();
    let change = world.change(message.id);

    let first = world.store.replay(&scope(), change, NOW).await.unwrap();
    world.claim_one(NOW).await;
    let second = world.store.replay(&scope(), change, NOW).await.unwrap();

    assert_eq!((made(first), made(second)), (State::Queued, State::Sending));
    assert!(world.claim(10, NOW).await.is_empty());
}

pub(super) async fn a_request_id_of_something_else_changes_nothing(world: &World) {
    let message = world.accepted(NOW).await;
    let other = world.accepted(NOW).await;
    let mut of_acceptance = world.change(message.id);
    of_acceptance.request_id = message.request_id;
    let of_other = world.change(other.id);
    world.store.cancel(&scope(), of_other, NOW).await.unwrap();
    let mut of_cancel = world.message(Lane::Critical, NOW);
    of_cancel.request_id = of_other.request_id;

    let changes = [
        world.store.cancel(&scope(), of_acceptance, NOW).await.unwrap(),
        world.store.cancel(&scope(), super::ChangeRequest { id: message.id, ..of_other }, NOW).await.unwrap(),
        world.store.replay(&scope(), of_other, NOW).await.unwrap(),
    ];
    let accepted = world.store.accept(&scope(), &[of_cancel], NOW).await.unwrap();

    assert_eq!(
        changes,
        [ChangeOutcome::RequestIdReused, ChangeOutcome::RequestIdReused, ChangeOutcome::RequestIdReused]
    );
    assert_eq!(accepted, [AcceptOutcome::Taken]);
    assert_eq!(world.get(message.id).await.map(|found| found.state), Some(State::Queued));
}

pub(super) async fn dead_and_unknown_messages_are_replayed(world: &World) {
    for outcome in [Outcome::Dead { class: FailureClass::Address }, Outcome::Unknown] {
        let message = world.accepted(NOW).await;
        let held = world.claim_one(NOW).await;
        world.store.record(held.lease, outcome, "smtp", NOW).await.unwrap();

        let change = world.store.replay(&scope(), world.change(message.id), NOW).await.unwrap();
        let again = world.claim_one(NOW).await;

        assert_eq!(made(change), State::Queued);
        assert_eq!((again.lease.id, again.payload, again.tries), (message.id, message.payload, 1));
        world.store.record(again.lease, Outcome::Delivered, "smtp", NOW).await.unwrap();
    }
}

pub(super) async fn a_replayed_message_has_all_its_tries_again(world: &World) {
    let message = world.accepted(NOW).await;
    for _ in 0..3 {
        let held = world.claim_one(NOW).await;
        let class = FailureClass::Provider;
        world.store.record(held.lease, Outcome::Retry { class, at: NOW }, "smtp", NOW).await.unwrap();
    }
    let last = world.claim_one(NOW).await;
    let outcome = Outcome::Dead { class: FailureClass::Provider };
    world.store.record(last.lease, outcome, "smtp", NOW).await.unwrap();

    world.store.replay(&scope(), world.change(message.id), NOW).await.unwrap();
    let waiting = world.get(message.id).await.unwrap();
    let again = world.claim_one(NOW).await;

    assert_eq!((last.tries, waiting.tries, again.tries), (4, 0, 1));
    assert!(again.lease.fence > last.lease.fence);
}

pub(super) async fn what_is_over_cannot_be_replayed(world: &World) {
    for outcome in [Outcome::Delivered, Outcome::Expired] {
        let message = world.accepted(NOW).await;
        let held = world.claim_one(NOW).await;
        world.store.record(held.lease, outcome, "smtp", NOW).await.unwrap();

        let change = world.store.replay(&scope(), world.change(message.id), NOW).await.unwrap();

        assert_eq!(change, ChangeOutcome::Impossible);
    }
    let queued = world.accepted(NOW).await;
    assert_eq!(
        world.store.replay(&scope(), world.change(queued.id), NOW).await.unwrap(),
        ChangeOutcome::Impossible
    );
}
