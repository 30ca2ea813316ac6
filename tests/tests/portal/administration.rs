//! Journeys of administrators, those together that share a suite.

use rekey_tests::{Stores, on_both_store_sets};
use rekey_wire::options::v1::Role;
use serde_json::Value;

use crate::stage::{Stage, told_of};

/// Enough for four pages of a list, and for a selection that is too large.
const CROWD: usize = 130;
/// Hundreds, as lists of a bulk reset have them.
const HUNDREDS: usize = 340;

on_both_store_sets!(
    accounts_are_found_with_scripts_and_without,
    passwords_are_reset_for_one_and_for_up_to_forty,
    somebody_is_blocked_unlocked_and_handed_a_pass,
    accounts_come_and_go_and_so_do_roles_and_groups,
    whoever_asks_for_help_is_checked_and_helped,
    hundreds_of_passwords_are_reset_behind_a_dry_run,
);

async fn accounts_are_found_with_scripts_and_without(stores: Stores) {
    staged(stores, CROWD).await.play(&["search", "search-without-scripts"]).await;
}

async fn passwords_are_reset_for_one_and_for_up_to_forty(stores: Stores) {
    staged(stores, CROWD).await.play(&["reset-one", "reset-forty"]).await;
}

async fn somebody_is_blocked_unlocked_and_handed_a_pass(stores: Stores) {
    staged(stores, 0).await.play(&["shutting-out", "handing-out-a-pass"]).await;
}

async fn accounts_come_and_go_and_so_do_roles_and_groups(stores: Stores) {
    staged(stores, 0).await.play(&["coming-and-going", "granting", "grouping"]).await;
}

async fn whoever_asks_for_help_is_checked_and_helped(stores: Stores) {
    staged(stores, 0).await.play(&["help-desk"]).await;
}

async fn hundreds_of_passwords_are_reset_behind_a_dry_run(stores: Stores) {
    staged(stores, HUNDREDS).await.play(&["bulk", "bulk-without-scripts"]).await;
}

/// A suite with an administrator who may do everything, and a crowd.
async fn staged(stores: Stores, crowd: usize) -> Stage {
    let stage = Stage::set(stores).await;
    let chief = stage.world().person("chief").await;
    stage.world().grant(&chief, Role::GlobalAdministrator).await;
    let mut others = Vec::with_capacity(crowd);
    for number in 1..=crowd {
        let one = stage.world().person(&format!("crowd-{number:03}")).await;
        others.push(told_of(&one));
    }
    stage.telling("administrator", told_of(&chief)).telling("crowd", Value::Array(others))
}
