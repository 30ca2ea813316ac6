//! One contract, every throttle: each case of `cases` runs against the memory of a process, a
//! Redis, a Redis Cluster, and a fallback in front of a Redis that works.
//!
//! What only one of them promises stands in `redis`; what a failover remembers in `replication`; finding a primary by Sentinel in `sentinel`, TLS in `tls`,
//! and a cluster or a failover over TLS in `tls_several`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod cases;
mod redis;
mod replication;
mod reserving;
mod sentinel;
mod tls;
mod tls_several;

use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::secret::SecretString;
use rekey_throttle::connection::{Connection, Options, Topology};
use rekey_throttle::{FallbackThrottle, InProcessThrottle, RedisThrottle, Reserving, Throttle};

/// A throttle and the servers that have to live as long as it.
type Made<T = dyn Reserving> = (Arc<T>, Box<dyn Any + Send>);

async fn in_process() -> Made {
    (Arc::new(InProcessThrottle::new(1_000)), Box::new(()))
}

async fn single() -> Made {
    let server = rekey_testing::redis().await;
    let connection = Connection::open(&Options::single(server.url())).unwrap();
    (Arc::new(RedisThrottle::new(connection, "test:")), Box::new(server))
}

async fn cluster() -> Made {
    let servers = rekey_testing::redis_cluster().await;
    let urls = servers.urls().into_iter().map(SecretString::from).collect();
    let connection = Connection::open(&Options::to(Topology::Cluster { urls })).unwrap();
    (Arc::new(RedisThrottle::new(connection, "test:")), Box::new(servers))
}

async fn fallback() -> Made<dyn Throttle> {
    let (primary, server) = single().await;
    let share = InProcessThrottle::new(1_000);
    let throttle = FallbackThrottle::new(primary, share, NonZeroU64::MIN, Duration::from_secs(1));
    (Arc::new(throttle), server)
}

/// Runs the cases of a room against what these functions make.
macro_rules! contract {
    ($room:ident of $($made:ident)+ : $cases:tt) => {
        $(contract!(@of $made $room $cases);)+
    };
    (@of $made:ident $room:ident { $($case:ident)+ }) => {
        mod $made {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let (throttle, _servers) = crate::$made().await;
                    crate::$room::$case(throttle).await;
                }
            )+
        }
    };
}

mod promises {
    contract! { cases of in_process single cluster fallback: {
        a_budget_refuses_at_its_limit_and_says_when_it_has_enough
        a_clock_that_was_ahead_empties_nothing_once_it_is_right
        what_one_budget_refuses_no_other_counts
        a_refusal_behind_another_hash_tag_refunds_what_was_consumed
        one_key_may_have_a_budget_an_hour_and_one_a_day
        what_costs_more_than_the_limit_never_fits
        what_is_refunded_can_be_consumed_again
        refunding_what_was_never_consumed_gives_nothing
        callers_who_race_get_no_more_than_the_limit
        callers_who_race_for_two_budgets_never_half_consume
        it_tells_the_same_story_as_any_other
        different_members_are_counted_once_each
        looking_at_a_count_adds_nobody
        members_leave_a_window_after_they_were_last_seen
        members_are_told_apart_up_to_a_bound
        a_member_that_is_known_is_seen_again_when_no_other_fits
        no_budgets_refuse_nothing
    }}
}

mod promises_to_those_who_reserve {
    contract! { reserving of in_process single cluster: {
        who_reserves_for_the_same_operation_shares_one_cost
        what_somebody_did_stays_consumed_whoever_releases_last
        who_joins_after_it_happened_does_not_undo_it
        what_nobody_did_is_refunded_by_the_last_who_releases
        a_dry_budget_leaves_no_reservation_in_another
        a_holder_that_vanished_leaves_it_consumed
        settling_what_was_never_reserved_gives_nothing
    }}
}
