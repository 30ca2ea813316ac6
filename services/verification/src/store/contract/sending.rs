//! Starts and resends: what is charged, what is free, what is refused.

use std::time::Duration;

use rekey_primitives::contact::PhoneNumber;

use super::desk::{Desk, charged, owed, tags};
use crate::domain::limits::{Country, Payer, Spend, Window};
use crate::domain::names::Subject;
use crate::domain::refusal::Refusal;
use crate::domain::scope::Generation;
use crate::domain::verification::Times;
use crate::store::{Checked, Dispatch};

pub(super) async fn a_message_is_owed_until_it_is_acknowledged(desk: Desk) {
    let place = desk.new_place();
    let start = desk.start_order(&place, "111111").await;
    let sending = charged(desk.start(&start).await);

    let again = owed(desk.later(5).start(&start).await);
    let by_another_request = owed(desk.start(&desk.start_order(&place, "222222").await).await);
    // Neither a message of another run is taken for this one, nor one that was never charged.
    desk.store.acknowledge(&place, 1, &Generation::new("another run")).await.unwrap();
    desk.acknowledge(&place, 2).await;
    let still = owed(desk.start(&start).await);
    desk.acknowledge(&place, 1).await;
    let after = desk.start(&start).await;

    assert_eq!(
        (sending.number, sending.is_quiet, sending.sealed_code.as_slice()),
        (1, false, &b"111111"[..])
    );
    assert_eq!([&again, &by_another_request, &still], [&sending; 3]);
    assert_eq!(after, Dispatch::Settled { times: sending.times, sent: true });
    assert_eq!(desk.seen(&place).await.sends, 1);
}

pub(super) async fn a_repeated_request_gets_the_first_answer(desk: Desk) {
    let place = desk.new_place();
    let start = desk.start_order(&place, "111111").await;
    let first = charged(desk.start(&start).await);
    desk.acknowledge(&place, 1).await;
    let later = desk.later(30);
    charged(later.resend(&later.resend_order(&place, "222222").await).await);
    later.acknowledge(&place, 2).await;

    let again = later.start(&start).await;

    let times = Times { expires_at: first.times.expires_at, next_send_at: first.times.next_send_at };
    assert_eq!(again, Dispatch::Settled { times, sent: true });
}

pub(super) async fn a_request_id_with_other_content_is_refused(desk: Desk) {
    let place = desk.new_place();
    let start = desk.start_order(&place, "111111").await;
    charged(desk.start(&start).await);

    let mut other = desk.start_order(&desk.new_place(), "111111").await;
    other.request.id = start.request.id;
    other.request.content = tags("other");
    let mut check = desk.check_order(&place, "111111").await;
    check.request = start.request.clone();

    assert_eq!(desk.start(&other).await, Dispatch::Refused(Refusal::RequestIdReused));
    assert_eq!(desk.store.check(&check, desk.now).await.unwrap(), Checked::Refused(Refusal::RequestIdReused));
    assert_eq!(desk.seen(&place).await.tries_left, 5);
}

pub(super) async fn a_verification_id_with_other_content_is_refused(desk: Desk) {
    let place = desk.started("111111").await;

    let mut other = desk.start_order(&place, "222222").await;
    other.content = tags("other");
    other.verification.content = other.content.active.clone();

    assert_eq!(desk.start(&other).await, Dispatch::Refused(Refusal::VerificationDiffers));
    assert!(matches!(desk.check(&place, "111111").await, Checked::Passed(_)));
}

pub(super) async fn another_request_for_the_same_sends_nothing(desk: Desk) {
    let place = desk.started("111111").await;

    let start = desk.start_order(&place, "222222").await;
    let first = desk.start(&start).await;
    let again = desk.start(&start).await;

    assert!(matches!(first, Dispatch::Settled { sent: false, .. }), "{first:?}");
    assert_eq!(again, first);
    assert_eq!(desk.check(&place, "222222").await, Checked::Rejected);
}

pub(super) async fn a_start_without_funds_changes_nothing(desk: Desk) {
    let place = desk.new_place();
    let mut start = desk.start_order(&place, "111111").await;
    start.charge.funded = false;

    let unfunded = desk.start(&start).await;
    let kept = desk.store.look(&place).await.unwrap().verification;
    start.charge.funded = true;

    assert_eq!(unfunded, Dispatch::Unfunded);
    assert_eq!(kept, None);
    assert!(matches!(desk.start(&start).await, Dispatch::Charged(_)));
}

pub(super) async fn resends_follow_the_ladder_and_end(desk: Desk) {
    let place = desk.started("111111").await;
    let early = desk.later(29);
    let too_soon = early.resend(&early.resend_order(&place, "222222").await).await;

    let mut numbers = Vec::new();
    for at in [30, 90, 210, 450] {
        let then = desk.later(at);
        let sending = charged(then.resend(&then.resend_order(&place, "222222").await).await);
        then.acknowledge(&place, sending.number).await;
        numbers.push((sending.number, sending.times.next_send_at.map(|next| next.since(desk.now).as_secs())));
    }
    let last = desk.later(599);
    let exhausted = last.resend(&last.resend_order(&place, "222222").await).await;

    assert_eq!(too_soon, Dispatch::Refused(Refusal::ResendTooSoon(Duration::from_secs(1))));
    assert_eq!(numbers, [(2, Some(90)), (3, Some(210)), (4, Some(450)), (5, None)]);
    assert_eq!(exhausted, Dispatch::Refused(Refusal::SendsExhausted));
}

pub(super) async fn a_resend_adds_neither_life_nor_tries(desk: Desk) {
    let place = desk.started("111111").await;
    let before = desk.seen(&place).await;
    desk.check(&place, "000000").await;

    let later = desk.later(60);
    let resend = later.resend_order(&place, "222222").await;
    let sending = charged(later.resend(&resend).await);
    let repeated = owed(later.resend(&resend).await);

    let after = desk.seen(&place).await;
    assert_eq!(repeated, sending);
    assert_eq!((after.expires_at, after.tries_left), (before.expires_at, 4));
    assert_eq!(sending.times.expires_at, before.expires_at);
}

pub(super) async fn a_resend_repeats_the_code_unless_told_to_rotate(desk: Desk) {
    let place = desk.started("111111").await;
    let later = desk.later(30);

    let sending = charged(later.resend(&later.resend_order(&place, "222222").await).await);

    assert_eq!(sending.sealed_code, b"111111");
    assert!(matches!(later.check(&place, "111111").await, Checked::Passed(_)));
}

pub(super) async fn a_rotated_code_kills_the_one_before(desk: Desk) {
    let place = desk.started("111111").await;
    let later = desk.later(30);
    let mut resend = later.resend_order(&place, "222222").await;
    resend.rotate = true;

    let sending = charged(later.resend(&resend).await);

    assert_eq!(sending.sealed_code, b"222222");
    assert_eq!(later.check(&place, "111111").await, Checked::Rejected);
    assert!(matches!(later.check(&place, "222222").await, Checked::Passed(_)));
}

pub(super) async fn a_dry_budget_refuses_until_it_reopens_and_spends_no_other(mut desk: Desk) {
    let subject = Spend { payer: Payer::Subject, window: Window::per_hour(3) };
    let tenant = Spend { payer: Payer::Tenant, window: Window::per_hour(2) };
    desk.spends = vec![subject, tenant];
    desk.started("111111").await;
    desk.later(60).started("111111").await;

    let place = desk.new_place();
    let refused = desk.later(120).start(&desk.start_order(&place, "111111").await).await;
    desk.spends = vec![subject];
    let third_of_the_subject = desk.start(&desk.start_order(&place, "111111").await).await;
    desk.spends = vec![tenant];
    let reopened = desk.later(3_600).start(&desk.start_order(&desk.new_place(), "111111").await).await;

    assert_eq!(refused, Dispatch::Refused(Refusal::TenantLimited(Duration::from_secs(3_480))));
    assert!(matches!(third_of_the_subject, Dispatch::Charged(_)), "{third_of_the_subject:?}");
    assert!(matches!(reopened, Dispatch::Charged(_)), "{reopened:?}");
}

pub(super) async fn budgets_of_a_subject_are_its_own(mut desk: Desk) {
    desk.spends = vec![Spend { payer: Payer::Subject, window: Window::per_hour(1) }];
    desk.started("111111").await;

    let same = desk.start(&desk.start_order(&desk.new_place(), "111111").await).await;
    let mut other = desk.start_order(&desk.new_place(), "111111").await;
    other.verification.subject = Subject::parse("berta").unwrap();
    let stranger = desk.of_another_caller();
    let of_another_caller =
        stranger.start(&stranger.start_order(&stranger.new_place(), "111111").await).await;

    assert!(matches!(same, Dispatch::Refused(Refusal::SubjectLimited(_))), "{same:?}");
    assert!(matches!(desk.start(&other).await, Dispatch::Charged(_)));
    assert!(matches!(of_another_caller, Dispatch::Charged(_)));
}

pub(super) async fn text_messages_are_counted_per_country(mut desk: Desk) {
    let to = |number| Payer::Texts(Country::of(&PhoneNumber::parse(number).unwrap()));
    let germany = Spend { payer: to("+4915112345642"), window: Window::per_day(1) };
    desk.spends = vec![germany];
    desk.started("111111").await;

    let again = desk.start(&desk.start_order(&desk.new_place(), "111111").await).await;
    desk.spends = vec![Spend { payer: to("+43664123456"), ..germany }];
    let elsewhere = desk.start(&desk.start_order(&desk.new_place(), "111111").await).await;

    assert_eq!(again, Dispatch::Refused(Refusal::TenantLimited(Duration::from_secs(86_400))));
    assert!(matches!(elsewhere, Dispatch::Charged(_)), "{elsewhere:?}");
}

pub(super) async fn a_dry_decoy_budget_is_quiet(mut desk: Desk) {
    desk.spends = vec![Spend { payer: Payer::Decoys, window: Window::per_hour(1) }];

    let first = charged(desk.start(&desk.start_order(&desk.new_place(), "111111").await).await);
    let start = desk.start_order(&desk.new_place(), "111111").await;
    let second = charged(desk.start(&start).await);
    let repeated = desk.start(&start).await;

    assert_eq!((first.is_quiet, second.is_quiet), (false, true));
    assert_eq!(second.times, first.times);
    assert_eq!(repeated, Dispatch::Settled { times: second.times, sent: true });
}

pub(super) async fn what_is_over_sends_nothing(desk: Desk) {
    let passed = desk.started("111111").await;
    desk.check(&passed, "111111").await;
    let expired = desk.started("111111").await;
    let over = Dispatch::Refused(Refusal::VerificationOver);

    let late = desk.later(600);

    assert_eq!(desk.resend(&desk.resend_order(&passed, "222222").await).await, over);
    assert_eq!(desk.start(&desk.start_order(&passed, "222222").await).await, over);
    assert_eq!(late.resend(&late.resend_order(&expired, "222222").await).await, over);
    assert_eq!(late.start(&late.start_order(&expired, "222222").await).await, over);
}

pub(super) async fn a_stale_look_sends_nothing(desk: Desk) {
    let place = desk.started("111111").await;
    let mut of_another_run = desk.start_order(&desk.new_place(), "111111").await;
    of_another_run.verification.generation = Generation::new("another");
    let later = desk.later(30);
    let stale = later.resend_order(&place, "222222").await;
    charged(later.resend(&later.resend_order(&place, "222222").await).await);
    later.acknowledge(&place, 2).await;

    let much_later = desk.later(300);

    assert_eq!(desk.start(&of_another_run).await, Dispatch::Moved);
    assert_eq!(much_later.resend(&stale).await, Dispatch::Moved);
    assert_eq!(desk.seen(&place).await.sends, 2);
}
