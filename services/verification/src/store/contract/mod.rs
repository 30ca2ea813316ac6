//! The promises of [`Store`](super::Store) as one suite for every implementation: memory, one Redis, a cluster, the last of
//! them and a Sentinel over TLS too.
//!
//! Each case is listed once, below; the compiler finds one that is not listed. It takes a [`TestStore`] whose tenant is
//! its own, so cases can share a store. A cluster takes seconds to form, so there all cases run in one test.

mod abuse;
mod attempts;
mod breaker;
mod capacity;
mod clocks;
mod cut_offs;
mod events;
mod grants;
mod races;
mod sending;
mod spraying;
mod test_store;
mod upgrades;

use std::sync::Arc;

use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::secret::SecretString;
use rekey_testing::{RedisAuthority, RedisCluster, RedisHandle, RedisSentinel};
use rekey_throttle::connection::{Connection, Options, Topology};

use self::test_store::TestStore;
use super::memory::MemoryStore;
use super::redis::RedisStore;

fn memory() -> TestStore {
    memory_of(100_000)
}

fn memory_of(max_entries: usize) -> TestStore {
    TestStore::of(Arc::new(MemoryStore::new(&SystemEntropy, max_entries)))
}

fn one_redis(server: &RedisHandle) -> TestStore {
    let connection = Connection::open(&Options::single(server.url())).unwrap();
    TestStore::of(Arc::new(RedisStore::new(connection, true)))
}

fn cluster(servers: &RedisCluster) -> TestStore {
    let urls = servers.urls().into_iter().map(SecretString::from).collect();
    let connection = Connection::open(&Options::to(Topology::Cluster { urls })).unwrap();
    TestStore::of(Arc::new(RedisStore::new(connection, true)))
}

/// One for a client whom the authority vouches for.
fn over_tls(authority: &RedisAuthority, topology: Topology) -> TestStore {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (certificate, key) = authority.vouch_for("verification");
    let own = Some((certificate.into_bytes(), key.into_bytes()));
    let options = Options::to(topology).with_certificates(Some(authority.pem().as_bytes().to_vec()), own);
    TestStore::of(Arc::new(RedisStore::new(Connection::open(&options).unwrap(), true)))
}

fn sentinel_over_tls(authority: &RedisAuthority, watched: &RedisSentinel) -> TestStore {
    let port = watched.sentinel.tls_port().unwrap();
    let url = format!("rediss-sentinel://127.0.0.1:{port}/{}", RedisSentinel::NAME);
    over_tls(authority, Topology::parse(&url).unwrap())
}

fn cluster_over_tls(authority: &RedisAuthority, servers: &RedisCluster) -> TestStore {
    let urls = servers.tls_urls().into_iter().map(SecretString::from).collect();
    over_tls(authority, Topology::Cluster { urls })
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
            let store = cluster(&servers);
            $($room::$case(store.of_another_tenant()).await;)+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_promise_holds_in_a_cluster_over_tls() {
            let authority = RedisAuthority::new();
            let servers = rekey_testing::redis_cluster_tls(&authority).await;
            let store = cluster_over_tls(&authority, &servers);
            $($room::$case(store.of_another_tenant()).await;)+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_promise_holds_behind_a_sentinel_over_tls() {
            let authority = RedisAuthority::new();
            let servers = rekey_testing::redis_sentinel_tls(&authority).await;
            let store = sentinel_over_tls(&authority, &servers);
            $($room::$case(store.of_another_tenant()).await;)+
        }
    };
}

contract! {
    sending::a_message_is_handed_over_again_until_it_is_acknowledged
    sending::a_repeated_request_gets_the_first_answer
    sending::a_request_id_with_other_content_is_refused
    sending::a_verification_id_with_other_content_is_refused
    sending::another_request_for_the_same_sends_nothing
    sending::a_start_without_a_reservation_changes_nothing
    sending::resends_follow_the_ladder_and_end
    sending::a_resend_adds_neither_life_nor_attempts
    sending::a_resend_repeats_the_code_unless_told_to_rotate
    sending::a_rotated_code_kills_the_one_before
    sending::an_exhausted_budget_refuses_until_it_reopens_and_consumes_no_other
    sending::budgets_of_a_subject_are_its_own
    sending::text_messages_are_counted_per_country
    sending::an_exhausted_decoy_budget_drops_the_message
    sending::a_budget_counts_as_many_messages_as_it_is_told_or_none
    sending::who_is_withheld_stays_so_until_the_next_message
    sending::what_is_over_sends_nothing
    sending::a_stale_snapshot_sends_nothing
    attempts::the_right_code_passes_once
    attempts::the_same_request_gets_the_same_grant
    attempts::repeating_a_request_uses_no_attempt
    attempts::five_wrong_codes_are_the_end
    attempts::a_code_is_dead_at_the_end_of_its_life
    attempts::an_unknown_verification_is_rejected
    attempts::callers_and_tenants_do_not_see_each_other
    attempts::a_code_from_before_a_key_rotation_is_right_after_it
    attempts::a_wrong_assumption_of_the_run_counts_nothing_and_is_corrected
    attempts::a_code_for_something_or_somebody_else_is_an_unknown_one
    attempts::a_cancelled_code_is_dead
    attempts::cancelling_what_is_over_changes_nothing
    attempts::failures_in_a_row_pause_until_a_release
    attempts::no_stretch_as_long_as_the_window_takes_more_than_ten_failures
    attempts::a_hundred_failures_stop_whatever_the_time
    attempts::a_right_code_resets_the_failures
    attempts::failures_of_a_caller_that_counts_itself_are_not_counted_here
    clocks::a_ladder_of_a_clock_that_was_ahead_waits_no_longer_than_its_rung
    clocks::a_budget_of_a_clock_that_was_ahead_is_full_no_longer_than_its_window
    clocks::a_pause_of_a_clock_that_was_ahead_is_over
    events::a_step_records_what_happened_and_a_repeat_records_nothing
    events::a_wrong_code_is_recorded_and_one_for_nothing_is_not
    events::the_end_of_a_life_is_recorded_once
    events::what_ended_otherwise_does_not_expire
    events::one_replica_at_a_time_has_its_turn
    events::of_too_many_the_oldest_is_dropped
    grants::a_grant_is_redeemed_once
    grants::a_grant_of_another_run_or_past_its_end_is_void
    races::of_two_hundred_wrong_codes_five_count_and_then_the_right_one_is_dead
    races::of_sixty_four_right_codes_one_passes
    races::of_many_starts_one_is_counted
    races::of_many_resends_one_is_counted
    races::of_many_redemptions_one_succeeds
    races::a_tenants_budget_is_consumed_exactly
    abuse::texts_to_a_prefix_without_codes_are_cut_off_and_others_are_not
    abuse::shadow_mode_reports_the_same_and_sends
    abuse::a_rule_that_is_off_counts_nothing
    abuse::right_codes_let_texts_through_again_and_spare_their_numbers
    abuse::wrong_codes_of_a_tenant_demand_a_challenge_and_then_limit
    abuse::who_converted_is_spared_by_the_breaker
    abuse::a_breaker_in_shadow_mode_trips_and_holds_nothing_up
    abuse::wrong_codes_of_decoys_trip_nothing
    abuse::a_budget_in_shadow_mode_reports_and_refuses_nothing
    abuse::budgets_of_texts_are_shown_with_what_is_used
    abuse::what_a_clock_that_was_ahead_counted_cuts_off_nobody
    abuse::of_many_texts_at_once_no_more_go_out_than_the_rule_allows
    cut_offs::of_several_numbers_those_of_a_good_prefix_get_theirs
    cut_offs::further_prefixes_are_counted_by_their_country
    cut_offs::a_text_that_is_not_counted_is_judged_all_the_same
    cut_offs::who_is_exempt_is_spared_and_is_somebody_who_is_left
    cut_offs::texts_that_are_cut_off_cost_neither_the_tenant_nor_their_country
}
