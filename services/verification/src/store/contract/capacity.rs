//! What only the store in memory promises: that it fills up, and what it still does then.

use super::memory_of;
use super::test_store::{TestStore, macs};
use crate::domain::refusal::Refusal;
use crate::domain::verification::VerificationState;
use crate::store::{CheckOutcome, CheckStep, Failure, SendOutcome};

#[tokio::test]
async fn a_full_store_refuses_new_verifications_and_goes_on_with_the_others() {
    let store = TestStore { counts_failures: true, ..memory_of(4) };
    let id = store.started("111111").await;
    let other = store.started("222222").await;
    let seen = store.seen(&other).await;

    let another = try_to_start(&store).await;
    let wrong = store.check(&id, "000000").await;
    let released = store.release(&seen.purpose, &seen.subject).await;
    let later = store.later(30);
    let resent = later.resend(&later.resend_step(&id, "333333").await).await;
    let right = later.check(&id, "111111").await;
    let redeemed = later.redeem(&later.redeem_step().await).await;
    let cancelled = later.cancel(&later.cancel_step(&other)).await;

    assert!(matches!(another, Err(Failure::Full)), "{another:?}");
    assert_eq!((wrong, released), (CheckOutcome::Rejected, Ok(())));
    assert!(matches!(resent, SendOutcome::Counted(_)), "{resent:?}");
    assert!(matches!(right, CheckOutcome::Passed(_)), "{right:?}");
    assert_eq!((redeemed, cancelled), (Ok(()), Ok(VerificationState::Cancelled)));
}

#[tokio::test]
async fn a_full_store_remembers_its_answer_where_it_changed_something_and_nowhere_else() {
    let store = memory_of(1);
    let id = store.started("111111").await;
    let counted = store.check_step(&id, "000000").await;
    let unknown = store.check_step(&store.new_id(), "000000").await;
    for check in [&counted, &unknown, &counted] {
        assert_eq!(store.inner.check(check, store.now).await.unwrap(), CheckOutcome::Rejected);
    }

    let of_counted = store.inner.check(&with_other_content(counted), store.now).await.unwrap();
    let of_unknown = store.inner.check(&with_other_content(unknown), store.now).await.unwrap();

    assert_eq!(of_counted, CheckOutcome::Refused(Refusal::RequestIdReused));
    assert_eq!(of_unknown, CheckOutcome::Rejected);
    assert_eq!(store.seen(&id).await.attempts_left, 4);
}

#[tokio::test]
async fn failures_make_room_when_they_may_be_forgotten() {
    let store = TestStore { counts_failures: true, ..memory_of(1) };
    let id = store.started("111111").await;
    store.check(&id, "000000").await;

    let before = try_to_start(&store.later(7 * 86_400 - 1)).await;
    let then = try_to_start(&store.later(7 * 86_400)).await;

    assert!(matches!(before, Err(Failure::Full)), "{before:?}");
    assert!(matches!(then, Ok(SendOutcome::Counted(_))), "{then:?}");
}

async fn try_to_start(store: &TestStore) -> Result<SendOutcome, Failure> {
    let start = store.start_step(&store.new_id(), "111111").await;
    store.inner.start(&start, store.now).await
}

fn with_other_content(mut check: CheckStep) -> CheckStep {
    check.idempotency.content = macs("other");
    check
}
