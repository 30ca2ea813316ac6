//! Grants: once, in time, and in the run of the store that gave them.

use super::test_store::{TestStore, idempotency, macs};
use crate::domain::refusal::Refusal;
use crate::domain::scope::RunId;
use crate::store::RedeemStep;

pub(super) async fn a_grant_is_redeemed_once(store: TestStore) {
    let redeem = store.redeem_step().await;
    let another_call = RedeemStep { idempotency: idempotency("grant"), ..redeem.clone() };
    let mut other_content = redeem.clone();
    other_content.idempotency.content = macs("another grant");

    let first = store.redeem(&redeem).await;
    let repeated = store.redeem(&redeem).await;

    assert_eq!((first, repeated), (Ok(()), Ok(())));
    assert_eq!(store.redeem(&another_call).await, Err(Refusal::GrantInvalid));
    assert_eq!(store.redeem(&other_content).await, Err(Refusal::RequestIdReused));
}

pub(super) async fn a_grant_of_another_run_or_past_its_end_is_void(store: TestStore) {
    let void = RedeemStep { run_id: RunId::new("another"), ..store.redeem_step().await };
    let late = store.redeem_step().await;

    assert_eq!(store.redeem(&void).await, Err(Refusal::GrantInvalid));
    assert_eq!(store.later(300).redeem(&late).await, Err(Refusal::GrantInvalid));
    assert_eq!(store.later(299).redeem(&late).await, Ok(()));
}
