//! Journeys through the portal, those together that share a suite.

use rekey_tests::{Stores, World, on_both_store_sets};

use crate::stage::Stage;

on_both_store_sets!(
    a_forgotten_password_is_reset_with_scripts_without_them_and_by_keyboard_alone,
    what_is_wrong_is_said_beside_its_field_and_time_opens_and_closes_ways,
    resets_stay_apart_strangers_learn_nothing_and_administrators_are_asked,
    every_page_reads_from_the_right_and_in_the_language_that_is_asked_for,
    the_pages_of_a_reset_are_whole_at_every_size_in_light_and_dark,
    so_are_the_pages_beside_it_and_those_that_say_what_is_wrong,
    people_sign_in_and_out_and_strangers_learn_nothing,
    every_way_in_is_found_by_its_words,
    a_second_factor_is_asked_for_and_each_code_is_good_once,
    a_passkey_signs_in_alone_and_beside_a_password_and_proves_a_reset,
    while_passwords_are_guessed_a_right_one_is_asked_for_a_code,
    a_new_password_is_asked_for_on_the_way_in,
    a_password_that_expired_signs_in_to_be_changed,
    security_info_is_asked_about_half_a_year_later,
    a_changed_password_signs_everybody_else_out,
    an_address_is_added_and_removed_and_recovery_codes_are_shown_once,
    sessions_are_ended_one_by_one_and_at_once,
    accounts_of_two_organisations_are_linked_and_unlinked,
    links_in_mails_act_once_and_by_their_button_alone,
    another_site_shows_no_page_and_sends_no_form,
    the_pages_of_an_account_are_whole_at_every_size_in_light_and_dark,
    so_are_they_from_the_right,
    so_are_the_pages_of_signing_in,
);

async fn a_forgotten_password_is_reset_with_scripts_without_them_and_by_keyboard_alone(stores: Stores) {
    Stage::set(stores).await.play(&["four-pages", "without-scripts", "keyboard", "leaks"]).await;
}

async fn what_is_wrong_is_said_beside_its_field_and_time_opens_and_closes_ways(stores: Stores) {
    Stage::set(stores).await.play(&["mistakes", "waiting"]).await;
}

async fn resets_stay_apart_strangers_learn_nothing_and_administrators_are_asked(stores: Stores) {
    Stage::set(stores).await.play(&["tabs", "strangers", "help"]).await;
}

async fn every_page_reads_from_the_right_and_in_the_language_that_is_asked_for(stores: Stores) {
    Stage::set(stores).await.play(&["languages"]).await;
}

async fn the_pages_of_a_reset_are_whole_at_every_size_in_light_and_dark(stores: Stores) {
    Stage::set(stores).await.play(&["pages"]).await;
}

async fn so_are_the_pages_beside_it_and_those_that_say_what_is_wrong(stores: Stores) {
    Stage::set(stores).await.play(&["corners"]).await;
}

async fn people_sign_in_and_out_and_strangers_learn_nothing(stores: Stores) {
    Stage::set(stores).await.play(&["sign-in", "sign-in-strangers"]).await;
}

async fn every_way_in_is_found_by_its_words(stores: Stores) {
    Stage::set(stores).await.play(&["sign-in-options"]).await;
}

async fn a_second_factor_is_asked_for_and_each_code_is_good_once(stores: Stores) {
    Stage::set(stores).await.play(&["authenticator"]).await;
}

async fn a_passkey_signs_in_alone_and_beside_a_password_and_proves_a_reset(stores: Stores) {
    Stage::taking_passkeys(stores).await.play(&["passkeys"]).await;
}

async fn while_passwords_are_guessed_a_right_one_is_asked_for_a_code(stores: Stores) {
    let settings = [("IDENTITY__LIMITS__SPRAYING", "challenge"), ("IDENTITY__LIMITS__SPRAYING_LOGINS", "4")];
    let world = World::start_with(stores, &settings).await;
    Stage::upon(world, stores).await.play(&["guessed-at"]).await;
}

async fn a_new_password_is_asked_for_on_the_way_in(stores: Stores) {
    Stage::set(stores).await.play(&["new-password-asked"]).await;
}

async fn a_password_that_expired_signs_in_to_be_changed(stores: Stores) {
    let stage = Stage::set(stores).await;
    let stage = stage.amending(|policy| policy["password"]["expiry_days"] = 30.into()).await;
    stage.play(&["expired"]).await;
}

async fn security_info_is_asked_about_half_a_year_later(stores: Stores) {
    Stage::set(stores).await.play(&["reconfirm"]).await;
}

async fn a_changed_password_signs_everybody_else_out(stores: Stores) {
    Stage::set(stores).await.play(&["change-password"]).await;
}

async fn an_address_is_added_and_removed_and_recovery_codes_are_shown_once(stores: Stores) {
    Stage::set(stores).await.play(&["own-address", "recovery-codes"]).await;
}

async fn sessions_are_ended_one_by_one_and_at_once(stores: Stores) {
    Stage::set(stores).await.play(&["sessions"]).await;
}

async fn accounts_of_two_organisations_are_linked_and_unlinked(stores: Stores) {
    Stage::set(stores).await.play(&["directories"]).await;
}

async fn links_in_mails_act_once_and_by_their_button_alone(stores: Stores) {
    Stage::set(stores).await.play(&["not-me", "one-time-link"]).await;
}

async fn another_site_shows_no_page_and_sends_no_form(stores: Stores) {
    Stage::set(stores).await.play(&["frames"]).await;
}

async fn the_pages_of_an_account_are_whole_at_every_size_in_light_and_dark(stores: Stores) {
    Stage::taking_passkeys(stores).await.play(&["account-pages"]).await;
}

async fn so_are_they_from_the_right(stores: Stores) {
    Stage::taking_passkeys(stores).await.play(&["account-from-the-right"]).await;
}

async fn so_are_the_pages_of_signing_in(stores: Stores) {
    Stage::taking_passkeys(stores).await.play(&["sign-in-pages"]).await;
}
