//! Attempts, cancellations and failures in a row.

use rekey_primitives::id::GrantId;
use uuid::Uuid;

use super::test_store::{TestStore, idempotency, macs};
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::VerificationState;
use crate::store::{CheckOutcome, CheckStep, PassedCheck, SendOutcome};

pub(super) async fn the_right_code_passes_once(store: TestStore) {
    let id = store.started("111111").await;

    let first = store.check(&id, "111111").await;
    let second = store.check(&id, "111111").await;

    assert!(matches!(first, CheckOutcome::Passed(_)), "{first:?}");
    assert_eq!(second, CheckOutcome::Rejected);
    assert_eq!(store.seen(&id).await.state(store.now), VerificationState::Passed);
}

pub(super) async fn the_same_request_gets_the_same_grant(store: TestStore) {
    let id = store.started("111111").await;
    let mut check = store.check_step(&id, "111111").await;
    let first = store.inner.check(&check, store.now).await.unwrap();
    let earned = PassedCheck { grant: check.grant, at: store.now, verification: store.seen(&id).await };

    check.grant = GrantId::from_uuid(Uuid::nil());
    let again = store.inner.check(&check, store.later(599).now).await.unwrap();
    let after_its_life = store.inner.check(&check, store.later(600).now).await.unwrap();

    assert_eq!(first, CheckOutcome::Passed(Box::new(earned)));
    assert_eq!(again, first);
    assert_eq!(after_its_life, CheckOutcome::Rejected);
}

pub(super) async fn repeating_a_request_uses_no_attempt(store: TestStore) {
    let id = store.started("111111").await;
    let check = store.check_step(&id, "000000").await;
    for _ in 0..10 {
        assert_eq!(store.inner.check(&check, store.now).await.unwrap(), CheckOutcome::Rejected);
    }
    let mut other = check.clone();
    other.idempotency.content = macs("111111");
    other.typed = macs("111111");

    assert_eq!(store.seen(&id).await.attempts_left, 4);
    assert_eq!(
        store.inner.check(&other, store.now).await.unwrap(),
        CheckOutcome::Refused(Refusal::RequestIdReused)
    );
    assert!(matches!(store.check(&id, "111111").await, CheckOutcome::Passed(_)));
}

pub(super) async fn five_wrong_codes_are_the_end(store: TestStore) {
    let id = store.started("111111").await;
    for _ in 0..5 {
        assert_eq!(store.check(&id, "000000").await, CheckOutcome::Rejected);
    }

    let right = store.check(&id, "111111").await;
    let resent = store.later(30).resend(&store.resend_step(&id, "222222").await).await;

    assert_eq!(right, CheckOutcome::Rejected);
    assert_eq!(store.seen(&id).await.state(store.now), VerificationState::Exhausted);
    assert_eq!(resent, SendOutcome::Refused(Refusal::VerificationOver));
}

pub(super) async fn a_code_is_dead_at_the_end_of_its_life(store: TestStore) {
    let id = store.started("111111").await;
    let other = store.started("111111").await;

    assert_eq!(store.later(600).check(&id, "111111").await, CheckOutcome::Rejected);
    assert!(matches!(store.later(599).check(&other, "111111").await, CheckOutcome::Passed(_)));
    assert_eq!(store.seen(&id).await.attempts_left, 5);
}

pub(super) async fn an_unknown_verification_is_rejected(store: TestStore) {
    let id = store.new_id();

    let cancelled = store.cancel(&store.cancel_step(&id)).await;

    assert_eq!(store.check(&id, "111111").await, CheckOutcome::Rejected);
    assert_eq!(cancelled, Err(Refusal::VerificationNotFound));
}

pub(super) async fn callers_and_tenants_do_not_see_each_other(store: TestStore) {
    let id = store.started("111111").await;
    let caller = store.of_another_caller();
    let tenant = store.of_another_tenant();

    for stranger in [caller, tenant] {
        let theirs = ScopedId { scope: stranger.scope.clone(), ..id.clone() };

        assert_eq!(stranger.inner.snapshot(&theirs).await.unwrap().verification, None);
        assert_eq!(stranger.check(&theirs, "111111").await, CheckOutcome::Rejected);
    }
    assert!(matches!(store.check(&id, "111111").await, CheckOutcome::Passed(_)));
}

pub(super) async fn a_code_from_before_a_key_rotation_is_right_after_it(store: TestStore) {
    let id = store.started("111111").await;
    let mut check = store.check_step(&id, "111111").await;
    check.typed.others = vec![check.typed.active.clone()];
    check.typed.active = macs("by another key").active;

    let verdict = store.inner.check(&check, store.now).await.unwrap();

    assert!(matches!(verdict, CheckOutcome::Passed(_)), "{verdict:?}");
}

pub(super) async fn a_wrong_assumption_of_the_run_counts_nothing_and_is_corrected(store: TestStore) {
    let id = store.started("111111").await;
    let mut of_another_run = store.check_step(&id, "000000").await;
    of_another_run.run_id = RunId::new("another");

    let checked = store.inner.check(&of_another_run, store.now).await.unwrap();

    assert_eq!(checked, CheckOutcome::RunChanged(store.run_id().await));
    assert_eq!(store.inner.assumed_run_id(store.scope.tenant), store.run_id().await);
    assert_eq!(store.seen(&id).await.attempts_left, 5);
}

pub(super) async fn a_code_for_something_or_somebody_else_is_an_unknown_one(store: TestStore) {
    let store = TestStore { counts_failures: true, ..store };
    let id = store.started("111111").await;
    let right = store.check_step(&id, "111111").await;
    let purpose = Purpose::parse("payment").unwrap();
    let subject = Subject::parse("somebody_else").unwrap();
    let for_something_else = CheckStep { idempotency: idempotency("purpose"), purpose, ..right.clone() };
    let for_somebody_else = CheckStep { idempotency: idempotency("subject"), subject, ..right.clone() };

    let checked = [
        store.inner.check(&for_something_else, store.now).await.unwrap(),
        store.inner.check(&for_somebody_else, store.now).await.unwrap(),
    ];

    assert_eq!(checked, [CheckOutcome::Rejected, CheckOutcome::Rejected]);
    assert_eq!(store.seen(&id).await.attempts_left, 5);
    assert!(matches!(store.inner.check(&right, store.now).await.unwrap(), CheckOutcome::Passed(_)));
}

pub(super) async fn a_cancelled_code_is_dead(store: TestStore) {
    let id = store.started("111111").await;
    let cancel = store.cancel_step(&id);

    let first = store.cancel(&cancel).await;
    let again = store.cancel(&cancel).await;

    assert_eq!((first, again), (Ok(VerificationState::Cancelled), Ok(VerificationState::Cancelled)));
    assert_eq!(store.check(&id, "111111").await, CheckOutcome::Rejected);
}

pub(super) async fn cancelling_what_is_over_changes_nothing(store: TestStore) {
    let passed = store.started("111111").await;
    store.check(&passed, "111111").await;
    let expired = store.started("111111").await;
    let late = store.later(600);

    let of_passed = store.cancel(&store.cancel_step(&passed)).await;
    let of_expired = late.cancel(&late.cancel_step(&expired)).await;

    assert_eq!(of_passed, Ok(VerificationState::Passed));
    assert_eq!(of_expired, Ok(VerificationState::Expired));
}

pub(super) async fn failures_in_a_row_pause_until_a_release(mut store: TestStore) {
    store.counts_failures = true;
    fail(&store, 10).await;

    let id = store.new_id();
    let start = store.later(60).start(&store.start_step(&id, "111111").await).await;
    let tomorrow = store.later(86_400);
    let open = tomorrow.start(&tomorrow.start_step(&id, "111111").await).await;
    fail(&tomorrow, 10).await;
    let attempt = tomorrow.check(&id, "111111").await;
    let seen = store.seen(&id).await;
    let done = store.release(&seen.purpose, &seen.subject).await;
    let after = tomorrow.check(&id, "111111").await;

    let wait = std::time::Duration::from_secs(86_340);
    assert_eq!(start, SendOutcome::Refused(Refusal::SubjectPaused(wait)));
    assert!(matches!(open, SendOutcome::Counted(_)), "{open:?}");
    assert!(matches!(attempt, CheckOutcome::Refused(Refusal::SubjectPaused(_))), "{attempt:?}");
    assert_eq!((seen.attempts_left, done), (5, Ok(())));
    assert!(matches!(after, CheckOutcome::Passed(_)), "{after:?}");
}

pub(super) async fn no_stretch_as_long_as_the_window_takes_more_than_ten_failures(mut store: TestStore) {
    store.counts_failures = true;
    let (evening, next_day) = (store.later(86_100), store.later(86_400));
    fail(&store, 1).await;
    fail(&evening, 8).await;
    fail(&next_day, 2).await;

    let paused = next_day.start(&next_day.start_step(&store.new_id(), "111111").await).await;
    let next_evening = evening.later(86_400);
    let open = next_evening.start(&next_evening.start_step(&store.new_id(), "111111").await).await;

    let wait = std::time::Duration::from_secs(86_100);
    assert_eq!(paused, SendOutcome::Refused(Refusal::SubjectPaused(wait)));
    assert!(matches!(open, SendOutcome::Counted(_)), "{open:?}");
}

pub(super) async fn a_hundred_failures_stop_whatever_the_time(mut store: TestStore) {
    store.counts_failures = true;
    let id = store.new_id();
    for day in 0..10 {
        fail(&store.later(day * 86_400), 10).await;
    }

    let years_later = store.later(1_000 * 86_400);
    let stopped = years_later.start(&years_later.start_step(&id, "111111").await).await;
    let subject = Subject::parse("anna").unwrap();
    years_later.release(&Purpose::parse("another_purpose").unwrap(), &subject).await.unwrap();
    let still = years_later.start(&years_later.start_step(&id, "111111").await).await;
    years_later.release(&Purpose::parse("sign_up").unwrap(), &subject).await.unwrap();
    let released = years_later.start(&years_later.start_step(&id, "111111").await).await;

    assert_eq!(stopped, SendOutcome::Refused(Refusal::SubjectStopped));
    assert_eq!(still, SendOutcome::Refused(Refusal::SubjectStopped));
    assert!(matches!(released, SendOutcome::Counted(_)), "{released:?}");
}

pub(super) async fn a_right_code_resets_the_failures(mut store: TestStore) {
    store.counts_failures = true;
    fail(&store, 9).await;
    let id = store.started("111111").await;

    let right = store.check(&id, "111111").await;
    fail(&store, 9).await;
    let open = store.start(&store.start_step(&store.new_id(), "111111").await).await;

    assert!(matches!(right, CheckOutcome::Passed(_)), "{right:?}");
    assert!(matches!(open, SendOutcome::Counted(_)), "{open:?}");
}

pub(super) async fn failures_of_a_caller_that_counts_itself_are_not_counted_here(store: TestStore) {
    fail(&store, 30).await;

    let open = store.start(&store.start_step(&store.new_id(), "111111").await).await;

    assert!(matches!(open, SendOutcome::Counted(_)), "{open:?}");
}

/// So many wrong codes for the one subject of these cases, over as many verifications as it takes.
async fn fail(store: &TestStore, times: u32) {
    for round in 0..times.div_ceil(5) {
        let id = store.started("111111").await;
        for _ in 0..(times - round * 5).min(5) {
            assert_eq!(store.check(&id, "000000").await, CheckOutcome::Rejected);
        }
    }
}
