//! Tries, endings and failures in a row.

use rekey_primitives::id::GrantId;
use uuid::Uuid;

use super::desk::{ANSWER_LIFE, Desk, request, tags};
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{Generation, Place};
use crate::domain::verification::State;
use crate::store::{Cancelled, Check, Checked, Dispatch, Passed, Released};

pub(super) async fn the_right_code_passes_once(desk: Desk) {
    let place = desk.started("111111").await;

    let first = desk.check(&place, "111111").await;
    let second = desk.check(&place, "111111").await;

    assert!(matches!(first, Checked::Passed(_)), "{first:?}");
    assert_eq!(second, Checked::Rejected);
    assert_eq!(desk.seen(&place).await.state(desk.now), State::Passed);
}

pub(super) async fn the_same_request_gets_the_same_grant(desk: Desk) {
    let place = desk.started("111111").await;
    let mut check = desk.check_order(&place, "111111").await;
    let first = desk.store.check(&check, desk.now).await.unwrap();
    let earned = Passed { grant: check.grant, at: desk.now, verification: desk.seen(&place).await };

    check.grant = GrantId::from_uuid(Uuid::nil());
    let again = desk.store.check(&check, desk.later(599).now).await.unwrap();
    let after_its_life = desk.store.check(&check, desk.later(600).now).await.unwrap();

    assert_eq!(first, Checked::Passed(Box::new(earned)));
    assert_eq!(again, first);
    assert_eq!(after_its_life, Checked::Rejected);
}

pub(super) async fn repeating_a_request_burns_no_try(desk: Desk) {
    let place = desk.started("111111").await;
    let check = desk.check_order(&place, "000000").await;
    for _ in 0..10 {
        assert_eq!(desk.store.check(&check, desk.now).await.unwrap(), Checked::Rejected);
    }
    let mut other = check.clone();
    other.request.content = tags("111111");
    other.typed = tags("111111");

    assert_eq!(desk.seen(&place).await.tries_left, 4);
    assert_eq!(desk.store.check(&other, desk.now).await.unwrap(), Checked::Refused(Refusal::RequestIdReused));
    assert!(matches!(desk.check(&place, "111111").await, Checked::Passed(_)));
}

pub(super) async fn five_wrong_codes_are_the_end(desk: Desk) {
    let place = desk.started("111111").await;
    for _ in 0..5 {
        assert_eq!(desk.check(&place, "000000").await, Checked::Rejected);
    }

    let right = desk.check(&place, "111111").await;
    let resent = desk.later(30).resend(&desk.resend_order(&place, "222222").await).await;

    assert_eq!(right, Checked::Rejected);
    assert_eq!(desk.seen(&place).await.state(desk.now), State::Exhausted);
    assert_eq!(resent, Dispatch::Refused(Refusal::VerificationOver));
}

pub(super) async fn a_code_is_dead_at_the_end_of_its_life(desk: Desk) {
    let place = desk.started("111111").await;
    let other = desk.started("111111").await;

    assert_eq!(desk.later(600).check(&place, "111111").await, Checked::Rejected);
    assert!(matches!(desk.later(599).check(&other, "111111").await, Checked::Passed(_)));
    assert_eq!(desk.seen(&place).await.tries_left, 5);
}

pub(super) async fn an_unknown_verification_is_rejected(desk: Desk) {
    let place = desk.new_place();

    let cancelled = desk.store.cancel(&request("cancel"), &place, ANSWER_LIFE, desk.now).await.unwrap();

    assert_eq!(desk.check(&place, "111111").await, Checked::Rejected);
    assert_eq!(cancelled, Cancelled::Refused(Refusal::VerificationNotFound));
}

pub(super) async fn callers_and_tenants_do_not_see_each_other(desk: Desk) {
    let place = desk.started("111111").await;
    let caller = desk.of_another_caller();
    let tenant = desk.of_another_tenant();

    for stranger in [caller, tenant] {
        let theirs = Place { scope: stranger.scope.clone(), id: place.id };

        assert_eq!(stranger.store.look(&theirs).await.unwrap().verification, None);
        assert_eq!(stranger.check(&theirs, "111111").await, Checked::Rejected);
    }
    assert!(matches!(desk.check(&place, "111111").await, Checked::Passed(_)));
}

pub(super) async fn a_code_digested_before_a_rotation_is_right_after_it(desk: Desk) {
    let place = desk.started("111111").await;
    let mut check = desk.check_order(&place, "111111").await;
    check.typed.others = vec![check.typed.active.clone()];
    check.typed.active = tags("by another key").active;

    let verdict = desk.store.check(&check, desk.now).await.unwrap();

    assert!(matches!(verdict, Checked::Passed(_)), "{verdict:?}");
}

pub(super) async fn a_wrong_guess_of_the_run_counts_nothing_and_is_put_right(desk: Desk) {
    let place = desk.started("111111").await;
    let mut of_another_run = desk.check_order(&place, "000000").await;
    of_another_run.generation = Generation::new("another");

    let checked = desk.store.check(&of_another_run, desk.now).await.unwrap();

    assert_eq!(checked, Checked::Moved(desk.generation().await));
    assert_eq!(desk.store.likely_generation(desk.scope.tenant), desk.generation().await);
    assert_eq!(desk.seen(&place).await.tries_left, 5);
}

pub(super) async fn a_code_for_something_or_somebody_else_is_an_unknown_one(desk: Desk) {
    let desk = Desk { counts_failures: true, ..desk };
    let place = desk.started("111111").await;
    let right = desk.check_order(&place, "111111").await;
    let purpose = Purpose::parse("payment").unwrap();
    let subject = Subject::parse("somebody_else").unwrap();
    let for_something_else = Check { request: request("purpose"), purpose, ..right.clone() };
    let for_somebody_else = Check { request: request("subject"), subject, ..right.clone() };

    let checked = [
        desk.store.check(&for_something_else, desk.now).await.unwrap(),
        desk.store.check(&for_somebody_else, desk.now).await.unwrap(),
    ];

    assert_eq!(checked, [Checked::Rejected, Checked::Rejected]);
    assert_eq!(desk.seen(&place).await.tries_left, 5);
    assert!(matches!(desk.store.check(&right, desk.now).await.unwrap(), Checked::Passed(_)));
}

pub(super) async fn a_cancelled_code_is_dead(desk: Desk) {
    let place = desk.started("111111").await;
    let cancel = request("cancel");

    let first = desk.store.cancel(&cancel, &place, ANSWER_LIFE, desk.now).await.unwrap();
    let again = desk.store.cancel(&cancel, &place, ANSWER_LIFE, desk.now).await.unwrap();

    assert_eq!((first, again), (Cancelled::Now(State::Cancelled), Cancelled::Now(State::Cancelled)));
    assert_eq!(desk.check(&place, "111111").await, Checked::Rejected);
}

pub(super) async fn cancelling_what_is_over_changes_nothing(desk: Desk) {
    let passed = desk.started("111111").await;
    desk.check(&passed, "111111").await;
    let expired = desk.started("111111").await;
    let late = desk.later(600);

    let of_passed = desk.store.cancel(&request("cancel"), &passed, ANSWER_LIFE, desk.now).await.unwrap();
    let of_expired = late.store.cancel(&request("cancel"), &expired, ANSWER_LIFE, late.now).await.unwrap();

    assert_eq!(of_passed, Cancelled::Now(State::Passed));
    assert_eq!(of_expired, Cancelled::Now(State::Expired));
}

pub(super) async fn failures_in_a_row_pause_and_a_release_forgives(mut desk: Desk) {
    desk.counts_failures = true;
    fail(&desk, 10).await;

    let place = desk.new_place();
    let start = desk.later(60).start(&desk.start_order(&place, "111111").await).await;
    let tomorrow = desk.later(86_400);
    let open = tomorrow.start(&tomorrow.start_order(&place, "111111").await).await;
    fail(&tomorrow, 10).await;
    let tried = tomorrow.check(&place, "111111").await;
    let seen = desk.seen(&place).await;
    let done = release(&desk, &seen.purpose, &seen.subject).await;
    let after = tomorrow.check(&place, "111111").await;

    let wait = std::time::Duration::from_secs(86_340);
    assert_eq!(start, Dispatch::Refused(Refusal::SubjectPaused(wait)));
    assert!(matches!(open, Dispatch::Charged(_)), "{open:?}");
    assert!(matches!(tried, Checked::Refused(Refusal::SubjectPaused(_))), "{tried:?}");
    assert_eq!((seen.tries_left, done), (5, Released::Done));
    assert!(matches!(after, Checked::Passed(_)), "{after:?}");
}

pub(super) async fn no_stretch_as_long_as_the_window_takes_more_than_ten_failures(mut desk: Desk) {
    desk.counts_failures = true;
    let (evening, next_day) = (desk.later(86_100), desk.later(86_400));
    fail(&desk, 1).await;
    fail(&evening, 8).await;
    fail(&next_day, 2).await;

    let paused = next_day.start(&next_day.start_order(&desk.new_place(), "111111").await).await;
    let next_evening = evening.later(86_400);
    let open = next_evening.start(&next_evening.start_order(&desk.new_place(), "111111").await).await;

    let wait = std::time::Duration::from_secs(86_100);
    assert_eq!(paused, Dispatch::Refused(Refusal::SubjectPaused(wait)));
    assert!(matches!(open, Dispatch::Charged(_)), "{open:?}");
}

pub(super) async fn a_hundred_failures_stop_whatever_the_time(mut desk: Desk) {
    desk.counts_failures = true;
    let place = desk.new_place();
    for day in 0..10 {
        fail(&desk.later(day * 86_400), 10).await;
    }

    let years_later = desk.later(1_000 * 86_400);
    let stopped = years_later.start(&years_later.start_order(&place, "111111").await).await;
    let subject = Subject::parse("anna").unwrap();
    release(&years_later, &Purpose::parse("another_purpose").unwrap(), &subject).await;
    let still = years_later.start(&years_later.start_order(&place, "111111").await).await;
    release(&years_later, &Purpose::parse("sign_up").unwrap(), &subject).await;
    let released = years_later.start(&years_later.start_order(&place, "111111").await).await;

    assert_eq!(stopped, Dispatch::Refused(Refusal::SubjectStopped));
    assert_eq!(still, Dispatch::Refused(Refusal::SubjectStopped));
    assert!(matches!(released, Dispatch::Charged(_)), "{released:?}");
}

pub(super) async fn a_right_code_forgets_the_failures(mut desk: Desk) {
    desk.counts_failures = true;
    fail(&desk, 9).await;
    let place = desk.started("111111").await;

    let right = desk.check(&place, "111111").await;
    fail(&desk, 9).await;
    let open = desk.start(&desk.start_order(&desk.new_place(), "111111").await).await;

    assert!(matches!(right, Checked::Passed(_)), "{right:?}");
    assert!(matches!(open, Dispatch::Charged(_)), "{open:?}");
}

pub(super) async fn who_counts_for_itself_is_not_counted_here(desk: Desk) {
    fail(&desk, 30).await;

    let open = desk.start(&desk.start_order(&desk.new_place(), "111111").await).await;

    assert!(matches!(open, Dispatch::Charged(_)), "{open:?}");
}

/// So many wrong codes for the one subject of these cases, over as many verifications as it takes.
async fn fail(desk: &Desk, times: u32) {
    for round in 0..times.div_ceil(5) {
        let place = desk.started("111111").await;
        for _ in 0..(times - round * 5).min(5) {
            assert_eq!(desk.check(&place, "000000").await, Checked::Rejected);
        }
    }
}

async fn release(desk: &Desk, purpose: &Purpose, subject: &Subject) -> Released {
    let request = request("release");
    desk.store.release(&request, &desk.scope, purpose, subject, ANSWER_LIFE, desk.now).await.unwrap()
}
