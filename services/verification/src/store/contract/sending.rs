//! Starts and resends: what is counted, what is free, what is refused.

use std::time::Duration;

use rekey_primitives::contact::PhoneNumber;

use super::test_store::{TestStore, counted, macs, unacknowledged};
use crate::domain::budgets::{BudgetKind, Country, TenantBudget, Window};
use crate::domain::names::Subject;
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::domain::scope::RunId;
use crate::domain::verification::CodeTimes;
use crate::store::{CheckOutcome, SendOutcome, StepEvents};

pub(super) async fn a_message_is_handed_over_again_until_it_is_acknowledged(store: TestStore) {
    let id = store.new_id();
    let start = store.start_step(&id, "111111").await;
    let message = counted(store.start(&start).await);

    let again = unacknowledged(store.later(5).start(&start).await);
    let by_another_request = unacknowledged(store.start(&store.start_step(&id, "222222").await).await);
    // Neither a message of another run is taken for this one, nor one that was never counted.
    store.inner.acknowledge(&id, 1, &RunId::new("another run"), &StepEvents::default()).await.unwrap();
    store.acknowledge(&id, 2).await;
    let still = unacknowledged(store.start(&start).await);
    store.acknowledge(&id, 1).await;
    let after = store.start(&start).await;

    assert_eq!(
        (message.number, message.is_dropped, message.sealed_code.as_slice()),
        (1, false, &b"111111"[..])
    );
    assert_eq!([&again, &by_another_request, &still], [&message; 3]);
    assert_eq!(after, SendOutcome::NothingToSend { times: message.times, sent: true });
    assert_eq!(store.seen(&id).await.sends, 1);
}

pub(super) async fn a_repeated_request_gets_the_first_answer(store: TestStore) {
    let id = store.new_id();
    let start = store.start_step(&id, "111111").await;
    let first = counted(store.start(&start).await);
    store.acknowledge(&id, 1).await;
    let later = store.later(30);
    counted(later.resend(&later.resend_step(&id, "222222").await).await);
    later.acknowledge(&id, 2).await;

    let again = later.start(&start).await;

    let times = CodeTimes { expires_at: first.times.expires_at, next_send_at: first.times.next_send_at };
    assert_eq!(again, SendOutcome::NothingToSend { times, sent: true });
}

pub(super) async fn a_request_id_with_other_content_is_refused(store: TestStore) {
    let id = store.new_id();
    let start = store.start_step(&id, "111111").await;
    counted(store.start(&start).await);

    let mut other = store.start_step(&store.new_id(), "111111").await;
    other.idempotency.request_id = start.idempotency.request_id;
    other.idempotency.content = macs("other");
    let mut check = store.check_step(&id, "111111").await;
    check.idempotency = start.idempotency.clone();

    assert_eq!(store.start(&other).await, SendOutcome::Refused(Refusal::RequestIdReused));
    assert_eq!(
        store.inner.check(&check, store.now).await.unwrap(),
        CheckOutcome::Refused(Refusal::RequestIdReused)
    );
    assert_eq!(store.seen(&id).await.attempts_left, 5);
}

pub(super) async fn a_verification_id_with_other_content_is_refused(store: TestStore) {
    let id = store.started("111111").await;

    let mut other = store.start_step(&id, "222222").await;
    other.content = macs("other");
    other.verification.content = other.content.active.clone();

    assert_eq!(store.start(&other).await, SendOutcome::Refused(Refusal::VerificationDiffers));
    assert!(matches!(store.check(&id, "111111").await, CheckOutcome::Passed(_)));
}

pub(super) async fn another_request_for_the_same_sends_nothing(store: TestStore) {
    let id = store.started("111111").await;

    let start = store.start_step(&id, "222222").await;
    let first = store.start(&start).await;
    let again = store.start(&start).await;

    assert!(matches!(first, SendOutcome::NothingToSend { sent: false, .. }), "{first:?}");
    assert_eq!(again, first);
    assert_eq!(store.check(&id, "222222").await, CheckOutcome::Rejected);
}

pub(super) async fn a_start_without_a_reservation_changes_nothing(store: TestStore) {
    let id = store.new_id();
    let mut start = store.start_step(&id, "111111").await;
    start.limits.is_reserved = false;

    let not_reserved = store.start(&start).await;
    let stored = store.inner.snapshot(&id).await.unwrap().verification;
    start.limits.is_reserved = true;

    assert_eq!(not_reserved, SendOutcome::NotReserved);
    assert_eq!(stored, None);
    assert!(matches!(store.start(&start).await, SendOutcome::Counted(_)));
}

pub(super) async fn resends_follow_the_ladder_and_end(store: TestStore) {
    let id = store.started("111111").await;
    let early = store.later(29);
    let too_soon = early.resend(&early.resend_step(&id, "222222").await).await;

    let mut numbers = Vec::new();
    for at in [30, 90, 210, 450] {
        let then = store.later(at);
        let message = counted(then.resend(&then.resend_step(&id, "222222").await).await);
        then.acknowledge(&id, message.number).await;
        numbers
            .push((message.number, message.times.next_send_at.map(|next| next.since(store.now).as_secs())));
    }
    let last = store.later(599);
    let exhausted = last.resend(&last.resend_step(&id, "222222").await).await;

    assert_eq!(too_soon, SendOutcome::Refused(Refusal::ResendTooSoon(Duration::from_secs(1))));
    assert_eq!(numbers, [(2, Some(90)), (3, Some(210)), (4, Some(450)), (5, None)]);
    assert_eq!(exhausted, SendOutcome::Refused(Refusal::SendsExhausted));
}

pub(super) async fn a_resend_adds_neither_life_nor_attempts(store: TestStore) {
    let id = store.started("111111").await;
    let before = store.seen(&id).await;
    store.check(&id, "000000").await;

    let later = store.later(60);
    let resend = later.resend_step(&id, "222222").await;
    let message = counted(later.resend(&resend).await);
    let repeated = unacknowledged(later.resend(&resend).await);

    let after = store.seen(&id).await;
    assert_eq!(repeated, message);
    assert_eq!((after.expires_at, after.attempts_left), (before.expires_at, 4));
    assert_eq!(message.times.expires_at, before.expires_at);
}

pub(super) async fn a_resend_repeats_the_code_unless_told_to_rotate(store: TestStore) {
    let id = store.started("111111").await;
    let later = store.later(30);

    let message = counted(later.resend(&later.resend_step(&id, "222222").await).await);

    assert_eq!(message.sealed_code, b"111111");
    assert!(matches!(later.check(&id, "111111").await, CheckOutcome::Passed(_)));
}

pub(super) async fn a_rotated_code_kills_the_one_before(store: TestStore) {
    let id = store.started("111111").await;
    let later = store.later(30);
    let mut resend = later.resend_step(&id, "222222").await;
    resend.rotate = true;

    let message = counted(later.resend(&resend).await);

    assert_eq!(message.sealed_code, b"222222");
    assert_eq!(later.check(&id, "111111").await, CheckOutcome::Rejected);
    assert!(matches!(later.check(&id, "222222").await, CheckOutcome::Passed(_)));
}

pub(super) async fn an_exhausted_budget_refuses_until_it_reopens_and_consumes_no_other(mut store: TestStore) {
    let subject = TenantBudget { kind: BudgetKind::Subject, cost: 1, window: Window::per_hour(3) };
    let tenant = TenantBudget { kind: BudgetKind::Tenant, cost: 1, window: Window::per_hour(2) };
    store.budgets = vec![subject, tenant];
    store.started("111111").await;
    store.later(60).started("111111").await;

    let id = store.new_id();
    let refused = store.later(120).start(&store.start_step(&id, "111111").await).await;
    store.budgets = vec![subject];
    let third_of_the_subject = store.start(&store.start_step(&id, "111111").await).await;
    store.budgets = vec![tenant];
    let reopened = store.later(3_600).start(&store.start_step(&store.new_id(), "111111").await).await;

    assert_eq!(refused, SendOutcome::Refused(Refusal::TenantLimited(Duration::from_secs(3_480))));
    assert!(matches!(third_of_the_subject, SendOutcome::Counted(_)), "{third_of_the_subject:?}");
    assert!(matches!(reopened, SendOutcome::Counted(_)), "{reopened:?}");
}

pub(super) async fn budgets_of_a_subject_are_its_own(mut store: TestStore) {
    store.budgets = vec![TenantBudget { kind: BudgetKind::Subject, cost: 1, window: Window::per_hour(1) }];
    store.started("111111").await;

    let same = store.start(&store.start_step(&store.new_id(), "111111").await).await;
    let mut other = store.start_step(&store.new_id(), "111111").await;
    other.verification.subject = Subject::parse("berta").unwrap();
    let stranger = store.of_another_caller();
    let of_another_caller = stranger.start(&stranger.start_step(&stranger.new_id(), "111111").await).await;

    assert!(matches!(same, SendOutcome::Refused(Refusal::SubjectLimited(_))), "{same:?}");
    assert!(matches!(store.start(&other).await, SendOutcome::Counted(_)));
    assert!(matches!(of_another_caller, SendOutcome::Counted(_)));
}

pub(super) async fn text_messages_are_counted_per_country(mut store: TestStore) {
    let to = |number| BudgetKind::Texts(Country::of(&PhoneNumber::parse(number).unwrap()));
    let germany = TenantBudget { kind: to("+4915112345642"), cost: 1, window: Window::per_day(1) };
    store.budgets = vec![germany];
    store.started("111111").await;

    let again = store.start(&store.start_step(&store.new_id(), "111111").await).await;
    store.budgets = vec![TenantBudget { kind: to("+43664123456"), ..germany }];
    let elsewhere = store.start(&store.start_step(&store.new_id(), "111111").await).await;

    assert_eq!(again, SendOutcome::Refused(Refusal::TenantLimited(Duration::from_secs(86_400))));
    assert!(matches!(elsewhere, SendOutcome::Counted(_)), "{elsewhere:?}");
}

pub(super) async fn an_exhausted_decoy_budget_drops_the_message(mut store: TestStore) {
    store.budgets = vec![TenantBudget { kind: BudgetKind::Decoys, cost: 1, window: Window::per_hour(1) }];

    let first = counted(store.start(&store.start_step(&store.new_id(), "111111").await).await);
    let start = store.start_step(&store.new_id(), "111111").await;
    let second = counted(store.start(&start).await);
    let repeated = store.start(&start).await;

    assert_eq!((first.is_dropped, second.is_dropped), (false, true));
    assert_eq!(second.times, first.times);
    assert_eq!(repeated, SendOutcome::NothingToSend { times: second.times, sent: true });
}

pub(super) async fn a_budget_counts_as_many_messages_as_it_is_told_or_none(mut store: TestStore) {
    let tenant = |cost| TenantBudget { kind: BudgetKind::Tenant, cost, window: Window::per_hour(5) };
    let mut spent = Vec::new();
    for cost in [3, 3, 2, 1] {
        store.budgets = vec![tenant(cost)];
        let outcome = store.start(&store.start_step(&store.new_id(), "111111").await).await;
        spent.push(matches!(outcome, SendOutcome::Counted(_)));
    }

    assert_eq!(spent, [true, false, true, false]);
}

pub(super) async fn who_is_withheld_stays_so_until_the_next_message(store: TestStore) {
    let id = store.new_id();
    let mut start = store.start_step(&id, "111111").await;
    start.limits.withheld = Withheld::default().with(0).with(3);

    let first = counted(store.start(&start).await);
    let repeated = unacknowledged(store.start(&store.start_step(&id, "222222").await).await);
    let seen = store.seen(&id).await.withheld;
    store.acknowledge(&id, 1).await;
    let later = store.later(30);
    let second = counted(later.resend(&later.resend_step(&id, "222222").await).await);

    assert_eq!([first.withheld, repeated.withheld, seen], [start.limits.withheld; 3]);
    assert_eq!([second.withheld, store.seen(&id).await.withheld], [Withheld::default(); 2]);
}

pub(super) async fn what_is_over_sends_nothing(store: TestStore) {
    let passed = store.started("111111").await;
    store.check(&passed, "111111").await;
    let expired = store.started("111111").await;
    let over = SendOutcome::Refused(Refusal::VerificationOver);

    let late = store.later(600);

    assert_eq!(store.resend(&store.resend_step(&passed, "222222").await).await, over);
    assert_eq!(store.start(&store.start_step(&passed, "222222").await).await, over);
    assert_eq!(late.resend(&late.resend_step(&expired, "222222").await).await, over);
    assert_eq!(late.start(&late.start_step(&expired, "222222").await).await, over);
}

pub(super) async fn a_stale_snapshot_sends_nothing(store: TestStore) {
    let id = store.started("111111").await;
    let mut of_another_run = store.start_step(&store.new_id(), "111111").await;
    of_another_run.verification.run_id = RunId::new("another");
    let later = store.later(30);
    let stale = later.resend_step(&id, "222222").await;
    counted(later.resend(&later.resend_step(&id, "222222").await).await);
    later.acknowledge(&id, 2).await;

    let much_later = store.later(300);

    assert_eq!(store.start(&of_another_run).await, SendOutcome::Stale);
    assert_eq!(much_later.resend(&stale).await, SendOutcome::Stale);
    assert_eq!(store.seen(&id).await.sends, 2);
}
