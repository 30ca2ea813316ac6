//! Journeys through the portal, those together that share a suite.

use rekey_tests::{Stores, on_both_store_sets};

use crate::stage::Stage;

on_both_store_sets!(
    a_forgotten_password_is_reset_with_scripts_without_them_and_by_keyboard_alone,
    what_is_wrong_is_said_beside_its_field_and_time_opens_and_closes_ways,
    resets_stay_apart_strangers_learn_nothing_and_administrators_are_asked,
    every_page_reads_from_the_right_and_in_the_language_that_is_asked_for,
    the_pages_of_a_reset_are_whole_at_every_size_in_light_and_dark,
    so_are_the_pages_beside_it_and_those_that_say_what_is_wrong,
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
