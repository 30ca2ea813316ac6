//! Journeys through the portal, those together that share a suite.

use rekey_tests::{Stores, World, on_both_store_sets};

use crate::portal::stage::Stage;

on_both_store_sets!(
    a_forgotten_password_is_reset_mistakes_are_said_and_time_opens_and_closes_ways,
    strangers_learn_nothing_and_administrators_are_asked,
    people_sign_in_and_out_with_all_that_may_be_asked_besides,
    people_look_after_their_account,
    links_in_mails_act_once_and_a_password_that_expired_signs_in_to_be_changed,
    a_passkey_signs_in_alone_and_beside_a_password_and_proves_a_reset,
    while_passwords_are_guessed_a_right_one_is_asked_for_a_code,
);

async fn a_forgotten_password_is_reset_mistakes_are_said_and_time_opens_and_closes_ways(stores: Stores) {
    let journeys = ["four-pages", "mistakes", "tabs", "waiting"];
    Stage::set(stores).await.play(&journeys, &["without-scripts", "keyboard", "leaks"]).await;
}

async fn strangers_learn_nothing_and_administrators_are_asked(stores: Stores) {
    let journeys = ["strangers", "help", "other-pages"];
    Stage::set(stores).await.play(&journeys, &["pages", "languages"]).await;
}

async fn people_sign_in_and_out_with_all_that_may_be_asked_besides(stores: Stores) {
    let journeys = [
        "sign-in",
        "sign-in-strangers",
        "sign-in-options",
        "authenticator",
        "new-password-asked",
        "change-password",
    ];
    Stage::set(stores).await.play(&journeys, &["frames"]).await;
}

async fn people_look_after_their_account(stores: Stores) {
    // Half a year later, at the end, sign-in asks whether what they gave is still right.
    let journeys = ["own-address", "recovery-codes", "sessions", "directories", "reconfirm"];
    Stage::set(stores).await.play(&journeys, &[]).await;
}

async fn links_in_mails_act_once_and_a_password_that_expired_signs_in_to_be_changed(stores: Stores) {
    let stage = Stage::set(stores).await;
    let stage = stage.amending(|policy| policy["password"]["expiry_days"] = 30.into()).await;
    stage.play(&["not-me", "one-time-link", "expired"], &[]).await;
}

async fn a_passkey_signs_in_alone_and_beside_a_password_and_proves_a_reset(stores: Stores) {
    let journeys = ["account-pages", "sign-in-pages", "passkeys"];
    Stage::taking_passkeys(stores).await.play(&journeys, &["account-from-the-right"]).await;
}

async fn while_passwords_are_guessed_a_right_one_is_asked_for_a_code(stores: Stores) {
    let settings = [("IDENTITY__LIMITS__SPRAYING", "challenge"), ("IDENTITY__LIMITS__SPRAYING_LOGINS", "4")];
    let world = World::start_with(stores, &settings).await;
    Stage::upon(world, stores).await.play(&["guess-protection"], &[]).await;
}
