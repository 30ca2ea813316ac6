//! Journeys of administrators, those together that share a suite.

use futures_util::stream::{self, StreamExt as _};
use rekey_tests::{Stores, on_both_store_sets};
use rekey_wire::options::v1::Role;
use serde_json::Value;

use crate::portal::stage::{Stage, told_of};

/// Enough for three pages of a list, and for a selection that is too large.
const CROWD: usize = 100;
/// Hundreds, as lists of a bulk reset have them.
const HUNDREDS: usize = 240;

/// Accounts that are created beside each other.
const AT_ONCE: usize = 8;

on_both_store_sets!(
    accounts_are_found_and_passwords_reset_for_one_and_for_up_to_forty,
    hundreds_of_passwords_are_reset_behind_a_dry_run,
    somebody_is_blocked_unlocked_handed_a_pass_and_helped,
    accounts_come_and_go_and_so_do_roles_and_groups,
);

async fn accounts_are_found_and_passwords_reset_for_one_and_for_up_to_forty(stores: Stores) {
    let journeys = ["search", "reset-one", "reset-forty"];
    staged(stores, CROWD).await.play(&journeys, &["search-without-scripts"]).await;
}

async fn hundreds_of_passwords_are_reset_behind_a_dry_run(stores: Stores) {
    staged(stores, HUNDREDS).await.play(&["bulk", "bulk-without-scripts"], &[]).await;
}

async fn somebody_is_blocked_unlocked_handed_a_pass_and_helped(stores: Stores) {
    let journeys = ["block-and-lock", "issuing-a-pass", "help-desk"];
    staged(stores, 0).await.play(&journeys, &["administration-from-the-right", "long-words"]).await;
}

async fn accounts_come_and_go_and_so_do_roles_and_groups(stores: Stores) {
    staged(stores, 0).await.play(&["account-lifecycle", "granting", "group-members"], &[]).await;
}

/// A suite with an administrator who may do everything, and a crowd.
async fn staged(stores: Stores, crowd: usize) -> Stage {
    let stage = Stage::set(stores).await;
    let world = stage.world();
    let chief = world.person("chief").await;
    world.grant(&chief, Role::GlobalAdministrator).await;
    let others = stream::iter(1..=crowd).map(|number| async move {
        let one = world.person(&format!("crowd-{number:03}")).await;
        told_of(&one)
    });
    let others: Vec<Value> = others.buffered(AT_ONCE).collect().await;
    stage.telling("administrator", told_of(&chief)).telling("crowd", Value::Array(others))
}
