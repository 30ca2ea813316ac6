//! The promises of [`Store`](super::Store) as one suite for every implementation: memory, one Redis, a cluster.
//!
//! Each case takes a [`Desk`] whose tenant is its own, so cases can share a store. A cluster takes seconds to form,
//! so there all cases run in one test.

mod bound;
mod desk;
mod grants;
mod races;
mod sending;
mod trying;
mod upgrades;

use std::sync::Arc;

use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::secret::SecretString;
use rekey_testing::{RedisCluster, RedisHandle};
use rekey_throttle::connection::{Connection, Options, Topology};

use self::desk::Desk;
use super::memory::MemoryStore;
use super::redis::RedisStore;

fn memory() -> Desk {
    memory_of(100_000)
}

fn memory_of(most_entries: usize) -> Desk {
    Desk::at(Arc::new(MemoryStore::new(&SystemEntropy, most_entries)))
}

fn one_redis(server: &RedisHandle) -> Desk {
    let connection = Connection::open(&Options::single(server.url())).unwrap();
    Desk::at(Arc::new(RedisStore::new(connection, true)))
}

fn cluster(servers: &RedisCluster) -> Desk {
    let urls = servers.urls().into_iter().map(SecretString::from).collect();
    let connection = Connection::open(&Options::to(Topology::Cluster { urls })).unwrap();
    Desk::at(Arc::new(RedisStore::new(connection, true)))
}

macro_rules! contract {
    ($($room:ident::$case:ident)+) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$room::$case(super::memory()).await;
            })+
        }

        mod in_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let server = rekey_testing::redis().await;
                super::$room::$case(super::one_redis(&server)).await;
            })+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_promise_holds_in_a_cluster() {
            let servers = rekey_testing::redis_cluster().await;
            let desk = cluster(&servers);
            $($room::$case(desk.of_another_tenant()).await;)+
        }
    };
}

contract! {
    sending::a_message_is_owed_until_it_is_acknowledged
    sending::a_repeated_request_gets_the_first_answer
    sending::a_request_id_with_other_content_is_refused
    sending::a_verification_id_with_other_content_is_refused
    sending::another_request_for_the_same_sends_nothing
    sending::a_start_without_funds_changes_nothing
    sending::resends_follow_the_ladder_and_end
    sending::a_resend_adds_neither_life_nor_tries
    sending::a_resend_repeats_the_code_unless_told_to_rotate
    sending::a_rotated_code_kills_the_one_before
    sending::a_dry_budget_refuses_until_it_reopens_and_spends_no_other
    sending::budgets_of_a_subject_are_its_own
    sending::text_messages_are_counted_per_country
    sending::a_dry_decoy_budget_is_quiet
    sending::what_is_over_sends_nothing
    sending::a_stale_look_sends_nothing
    trying::the_right_code_passes_once
    trying::the_same_request_gets_the_same_grant
    trying::repeating_a_request_burns_no_try
    trying::five_wrong_codes_are_the_end
    trying::a_code_is_dead_at_the_end_of_its_life
    trying::an_unknown_verification_is_rejected
    trying::callers_and_tenants_do_not_see_each_other
    trying::a_code_digested_before_a_rotation_is_right_after_it
    trying::a_wrong_guess_of_the_run_counts_nothing_and_is_put_right
    trying::a_code_for_something_or_somebody_else_is_an_unknown_one
    trying::a_cancelled_code_is_dead
    trying::cancelling_what_is_over_changes_nothing
    trying::failures_in_a_row_pause_and_a_release_forgives
    trying::no_stretch_as_long_as_the_window_takes_more_than_ten_failures
    trying::a_hundred_failures_stop_whatever_the_time
    trying::a_right_code_forgets_the_failures
    trying::who_counts_for_itself_is_not_counted_here
    grants::a_grant_is_spent_once
    grants::a_grant_of_another_run_or_past_its_end_is_void
    races::of_two_hundred_wrong_codes_five_count_and_then_the_right_one_is_dead
    races::of_sixty_four_right_codes_one_passes
    races::of_many_starts_one_is_charged
    races::of_many_resends_one_is_charged
    races::of_many_redemptions_one_spends
    races::a_tenants_budget_is_spent_exactly
}
