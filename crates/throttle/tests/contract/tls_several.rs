//! A Redis Cluster, and a primary that Sentinel names, where everybody speaks TLS and shows a certificate.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_testing::{RedisAuthority, RedisSentinel};
use rekey_throttle::connection::{Connection, Options, Topology};
use rekey_throttle::{Budget, Outcome, RedisThrottle, Throttle};

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

/// A budget of five a minute, on a slot of its own.
fn budget(number: u32) -> [Budget; 1] {
    [Budget { key: format!("{{{number}}}ip"), limit: 5, window: Duration::from_secs(60) }]
}

/// The options of a client whom this authority vouches for.
fn known_to(authority: &RedisAuthority, topology: Topology) -> Options {
    let (certificate, key) = authority.vouch_for("identity");
    let own = (certificate.into_bytes(), key.into_bytes());
    Options::to(topology).with_certificates(Some(authority.pem().as_bytes().to_vec()), Some(own))
}

fn of_sentinel(watched: &RedisSentinel) -> Topology {
    let port = watched.sentinel.tls_port().unwrap();
    Topology::parse(&format!("rediss-sentinel://127.0.0.1:{port}/{}", RedisSentinel::NAME)).unwrap()
}

fn install_provider() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_of_a_cluster_counts_for_those_who_show_a_certificate() {
    install_provider();
    let authority = RedisAuthority::new();
    let servers = rekey_testing::redis_cluster_tls(&authority).await;
    let topology = || Topology::Cluster { urls: servers.tls_urls().into_iter().map(Into::into).collect() };
    let known = RedisThrottle::new(Connection::open(&known_to(&authority, topology())).unwrap(), "t:");
    let nobody = Options::to(topology()).with_certificates(Some(authority.pem().as_bytes().to_vec()), None);
    let stranger = RedisThrottle::new(Connection::open(&nobody).unwrap(), "t:");

    for number in 0..30 {
        assert_eq!(known.consume(&budget(number), 5, NOW).await.unwrap(), Outcome::Consumed);
    }
    let refused = stranger.consume(&budget(0), 1, NOW).await;

    assert!(refused.is_err());
    for node in &servers.nodes {
        assert_ne!(node.command(&["DBSIZE"]).unwrap(), ":0\r\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_over_tls_is_followed_and_no_budget_is_lifted() {
    install_provider();
    let authority = RedisAuthority::new();
    let mut watched = rekey_testing::redis_sentinel_tls(&authority).await;
    let options = known_to(&authority, of_sentinel(&watched));
    let throttle = RedisThrottle::new(Connection::open(&options).unwrap(), "t:");
    assert_eq!(throttle.consume(&budget(1), 1, NOW).await.unwrap(), Outcome::Consumed);
    watched.pair.caught_up().await;

    watched.pair.primary.kill().unwrap();
    watched.failed_over().await;
    let by_the_old = throttle.consume(&budget(1), 1, NOW).await;
    let by_the_new = throttle.consume(&budget(1), 4, NOW).await;

    // One command is lost with the old connection; the budget came along with the data.
    assert!(by_the_old.is_err());
    assert_eq!(by_the_new.unwrap(), Outcome::Consumed);
    let one_more = throttle.consume(&budget(1), 1, NOW).await.unwrap();
    assert_eq!(one_more, Outcome::Exhausted { index: 0, retry_after: Duration::from_secs(60) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_names_its_primary_to_nobody_without_a_certificate() {
    install_provider();
    let (authority, others) = (RedisAuthority::new(), RedisAuthority::new());
    let watched = rekey_testing::redis_sentinel_tls(&authority).await;
    let topology = || of_sentinel(&watched);
    let authorities = || Some(authority.pem().as_bytes().to_vec());
    let unnamed = Options::to(topology()).with_certificates(authorities(), None);

    let known = Connection::open(&known_to(&authority, topology())).unwrap().ping().await;
    let unnamed = Connection::open(&unnamed).unwrap().ping().await;
    let of_others = Connection::open(&known_to(&others, topology())).unwrap().ping().await;

    known.unwrap();
    assert!(unnamed.is_err());
    assert!(of_others.is_err());
}
