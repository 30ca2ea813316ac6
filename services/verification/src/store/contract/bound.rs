//! What only the store in memory promises: that it fills up, and what it still does then.

use super::desk::{ANSWER_LIFE, Desk, request, tags};
use super::memory_of;
use crate::domain::refusal::Refusal;
use crate::domain::verification::State;
use crate::store::{Cancelled, Check, Checked, Dispatch, Failure, Redeemed, Released};

#[tokio::test]
async fn a_full_store_refuses_new_verifications_and_goes_on_with_the_others() {
    let desk = Desk { counts_failures: true, ..memory_of(4) };
    let place = desk.started("111111").await;
    let other = desk.started("222222").await;
    let seen = desk.seen(&other).await;

    let another = try_to_start(&desk).await;
    let wrong = desk.check(&place, "000000").await;
    let (forget, cancel) = (request("release"), request("cancel"));
    let released =
        desk.store.release(&forget, &desk.scope, &seen.purpose, &seen.subject, ANSWER_LIFE, desk.now).await;
    let later = desk.later(30);
    let resent = later.resend(&later.resend_order(&place, "333333").await).await;
    let right = later.check(&place, "111111").await;
    let redeemed = later.redeem(&later.redeem_order().await).await;
    let cancelled = later.store.cancel(&cancel, &other, ANSWER_LIFE, later.now).await.unwrap();

    assert!(matches!(another, Err(Failure::Full)), "{another:?}");
    assert_eq!((wrong, released.unwrap()), (Checked::Rejected, Released::Done));
    assert!(matches!(resent, Dispatch::Charged(_)), "{resent:?}");
    assert!(matches!(right, Checked::Passed(_)), "{right:?}");
    assert_eq!((redeemed, cancelled), (Redeemed::Spent, Cancelled::Now(State::Cancelled)));
}

#[tokio::test]
async fn a_full_store_remembers_its_answer_where_it_changed_something_and_nowhere_else() {
    let desk = memory_of(1);
    let place = desk.started("111111").await;
    let counted = desk.check_order(&place, "000000").await;
    let unknown = desk.check_order(&desk.new_place(), "000000").await;
    for check in [&counted, &unknown, &counted] {
        assert_eq!(desk.store.check(check, desk.now).await.unwrap(), Checked::Rejected);
    }

    let of_counted = desk.store.check(&with_other_content(counted), desk.now).await.unwrap();
    let of_unknown = desk.store.check(&with_other_content(unknown), desk.now).await.unwrap();

    assert_eq!(of_counted, Checked::Refused(Refusal::RequestIdReused));
    assert_eq!(of_unknown, Checked::Rejected);
    assert_eq!(desk.seen(&place).await.tries_left, 4);
}

#[tokio::test]
async fn failures_make_room_when_they_are_long_over() {
    let desk = Desk { counts_failures: true, ..memory_of(1) };
    let place = desk.started("111111").await;
    desk.check(&place, "000000").await;

    let before = try_to_start(&desk.later(7 * 86_400 - 1)).await;
    let then = try_to_start(&desk.later(7 * 86_400)).await;

    assert!(matches!(before, Err(Failure::Full)), "{before:?}");
    assert!(matches!(then, Ok(Dispatch::Charged(_))), "{then:?}");
}

async fn try_to_start(desk: &Desk) -> Result<Dispatch, Failure> {
    let start = desk.start_order(&desk.new_place(), "111111").await;
    desk.store.start(&start, desk.now).await
}

fn with_other_content(mut check: Check) -> Check {
    check.request.content = tags("other");
    check
}
