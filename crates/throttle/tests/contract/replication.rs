//! A failover lifts no limit: what was answered is known to the replica that takes over.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_testing::{RedisHandle, RedisReplicated};
use rekey_throttle::connection::{Connection, Options};
use rekey_throttle::{Budget, Failure, Outcome, RedisThrottle, Throttle};

use crate::redis::client_id;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

/// No replica lags: on a machine that stands still for a moment it would, and would be waited for no more.
const NEVER: Duration = Duration::from_secs(3_600);

fn connect(server: &RedisHandle, lag: Duration) -> Connection {
    let options = Options { response_timeout: Duration::from_secs(8), ..Options::single(server.url()) };
    Connection::open(&options).unwrap().with_replicated_steps(options.response_timeout, lag)
}

fn throttle(server: &RedisHandle) -> RedisThrottle {
    RedisThrottle::new(connect(server, NEVER), "test:")
}

async fn consume(throttle: &RedisThrottle) -> Result<Outcome, Failure> {
    let budget = Budget { key: "{a}/sends".to_owned(), limit: 2, window: Duration::from_secs(3_600) };
    throttle.consume(&[budget], 1, NOW).await
}

/// How often a server was asked to `WAIT`.
fn waits(server: &RedisHandle) -> u64 {
    let statistics = server.command(&["INFO", "commandstats"]).unwrap();
    let calls = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_wait:calls="));
    calls.and_then(|calls| calls.split(',').next()).map_or(0, |calls| calls.parse().unwrap())
}

#[tokio::test]
async fn what_was_consumed_is_consumed_on_the_replica_that_takes_over_at_once() {
    let mut pair = rekey_testing::redis_replicated().await;
    let before = throttle(&pair.primary);
    assert!(matches!(consume(&before).await, Ok(Outcome::Consumed)));
    assert!(matches!(consume(&before).await, Ok(Outcome::Consumed)));

    pair.primary.kill().unwrap();
    pair.promote();
    let after = consume(&throttle(&pair.replica)).await;

    assert!(matches!(after, Ok(Outcome::Exhausted { .. })), "{after:?}");
}

#[tokio::test]
async fn what_no_replica_has_is_not_answered() {
    let mut pair = rekey_testing::redis_replicated().await;
    let throttle = throttle(&pair.primary);
    let known = consume(&throttle).await;

    pair.replica.pause();
    let unheard = consume(&throttle).await;
    pair.replica.resume();
    pair.caught_up().await;
    let heard = consume(&throttle).await;

    assert!(matches!(known, Ok(Outcome::Consumed)), "{known:?}");
    assert!(matches!(unheard, Err(Failure::Redis(_))), "{unheard:?}");
    // The step that was not answered was done: too much is counted, never too little.
    assert!(matches!(heard, Ok(Outcome::Exhausted { .. })), "{heard:?}");
}

#[tokio::test]
async fn a_replica_that_lags_is_waited_for_no_more() {
    let mut pair = rekey_testing::redis_replicated().await;
    let throttle = RedisThrottle::new(connect(&pair.primary, Duration::from_secs(1)), "test:");

    pair.replica.pause();
    let answered = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            if let Ok(outcome) = consume(&throttle).await {
                return outcome;
            }
        }
    });
    let answered = answered.await;
    pair.replica.resume();

    assert!(answered.is_ok(), "a replica that lags is waited for");
}

#[tokio::test]
async fn a_primary_without_replicas_waits_for_nobody_and_one_that_gets_a_replica_does() {
    let server = rekey_testing::redis().await;
    let alone = throttle(&server);
    let first = consume(&alone).await;
    let waited_alone = waits(&server);

    server.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]).unwrap();
    let port = server.port().to_string();
    let replica = rekey_servers::Redis::start(&["--replicaof", "127.0.0.1", &port]).unwrap();
    while !server.command(&["INFO", "replication"]).unwrap().contains("state=online") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let second = consume(&alone).await;
    let third = consume(&alone).await;

    assert!(matches!((&first, &second), (Ok(Outcome::Consumed), Ok(Outcome::Consumed))), "{second:?}");
    assert!(matches!(third, Ok(Outcome::Exhausted { .. })), "{third:?}");
    assert_eq!((waited_alone, waits(&server) > 0), (0, true));
    drop(replica);
}

#[tokio::test]
async fn a_user_that_may_not_wait_is_served_without() {
    let pair = rekey_testing::redis_replicated().await;
    pair.primary.command(&["ACL", "SETUSER", "default", "-wait"]).unwrap();
    let throttle = throttle(&pair.primary);

    let answers = [consume(&throttle).await, consume(&throttle).await];

    assert!(answers.iter().all(|answer| matches!(answer, Ok(Outcome::Consumed))), "{answers:?}");
}

#[tokio::test]
async fn a_redis_without_the_command_is_served_without() {
    let settings = ["--repl-diskless-sync-delay", "0", "--rename-command", "WAIT", ""];
    let primary = rekey_servers::Redis::start(&settings).unwrap();
    let port = primary.port().to_string();
    let replica = rekey_servers::Redis::start(&["--replicaof", "127.0.0.1", &port]).unwrap();
    let pair = RedisReplicated { primary, replica };
    pair.followed().await;
    let throttle = throttle(&pair.primary);

    let answers = [consume(&throttle).await, consume(&throttle).await];

    assert!(answers.iter().all(|answer| matches!(answer, Ok(Outcome::Consumed))), "{answers:?}");
}

#[tokio::test]
async fn a_primary_that_was_demoted_for_a_while_is_left_and_waits_again() {
    let pair = rekey_testing::redis_replicated().await;
    let connection = connect(&pair.primary, NEVER);
    let throttle = RedisThrottle::new(connection.clone(), "test:");
    let used = [consume(&throttle).await, consume(&throttle).await];
    let left = client_id(&connection).await.unwrap();

    // What is exhausted writes nothing: only `WAIT` hears that this is a replica now.
    pair.primary.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    let demoted = consume(&throttle).await;
    pair.primary.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    pair.followed().await;
    let waits_before = waits(&pair.primary);
    let promoted = consume(&throttle).await;

    assert!(used.iter().all(|answer| matches!(answer, Ok(Outcome::Consumed))), "{used:?}");
    assert!(matches!(demoted, Err(Failure::Redis(_))), "{demoted:?}");
    assert!(matches!(promoted, Ok(Outcome::Exhausted { .. })), "{promoted:?}");
    assert!(waits(&pair.primary) > waits_before, "{waits_before}");
    assert_ne!(client_id(&connection).await.unwrap(), left);
}
