//! Grants: once, in time, and in the run of the store that gave them.

use super::desk::{Desk, request, tags};
use crate::domain::refusal::Refusal;
use crate::domain::scope::Generation;
use crate::store::{Redeem, Redeemed};

pub(super) async fn a_grant_is_spent_once(desk: Desk) {
    let redeem = desk.redeem_order().await;
    let another_call = Redeem { request: request("grant"), ..redeem.clone() };
    let mut other_content = redeem.clone();
    other_content.request.content = tags("another grant");

    let first = desk.redeem(&redeem).await;
    let repeated = desk.redeem(&redeem).await;

    assert_eq!((first, repeated), (Redeemed::Spent, Redeemed::Spent));
    assert_eq!(desk.redeem(&another_call).await, Redeemed::Refused(Refusal::GrantInvalid));
    assert_eq!(desk.redeem(&other_content).await, Redeemed::Refused(Refusal::RequestIdReused));
}

pub(super) async fn a_grant_of_another_run_or_past_its_end_is_void(desk: Desk) {
    let void = Redeem { generation: Generation::new("another"), ..desk.redeem_order().await };
    let late = desk.redeem_order().await;

    assert_eq!(desk.redeem(&void).await, Redeemed::Refused(Refusal::GrantInvalid));
    assert_eq!(desk.later(300).redeem(&late).await, Redeemed::Refused(Refusal::GrantInvalid));
    assert_eq!(desk.later(299).redeem(&late).await, Redeemed::Spent);
}
