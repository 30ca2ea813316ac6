//! What only the throttle in Redis, and the connection beneath it, promise.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_testing::RedisHandle;
use rekey_throttle::connection::{Connection, Options};
use rekey_throttle::{Budget, Outcome, RedisThrottle, Throttle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_123_456);

fn budgets() -> [Budget; 1] {
    [Budget { key: "{a}ip".into(), limit: 2, window: Duration::from_secs(60) }]
}

fn connect(server: &RedisHandle) -> Connection {
    Connection::open(&Options {
        response_timeout: Duration::from_millis(200),
        ..Options::single(server.url())
    })
    .unwrap()
}

/// Tells connections apart.
pub(super) async fn client_id(connection: &Connection) -> redis::RedisResult<u64> {
    redis::cmd("CLIENT").arg("ID").query_async(&mut connection.clone()).await
}

#[tokio::test]
async fn every_key_has_the_prefix_and_goes_away_by_itself() {
    let server = rekey_testing::redis().await;
    let throttle = RedisThrottle::new(connect(&server), "identity:");

    let outcome = throttle.consume(&budgets(), 1, NOW).await.unwrap();
    throttle.count_distinct("{a}ip", b"anna", Duration::from_secs(60), NOW).await.unwrap();

    assert_eq!(outcome, Outcome::Consumed);
    assert_eq!(server.command(&["DBSIZE"]).unwrap(), ":2\r\n");
    for key in ["identity:b:{a}ip:60000000", "identity:d:{a}ip:60000000"] {
        let left: u64 = server.command(&["TTL", key]).unwrap()[1..].trim().parse().unwrap();
        assert!((120..=180).contains(&left), "{key} {left}");
    }
}

#[tokio::test]
async fn what_is_left_after_giving_back_goes_away_by_itself_too() {
    let server = rekey_testing::redis().await;
    let throttle = RedisThrottle::new(connect(&server), "t:");
    assert_eq!(throttle.consume(&budgets(), 2, NOW).await.unwrap(), Outcome::Consumed);

    throttle.refund(&budgets(), 1, NOW).await.unwrap();

    let left: i64 = server.command(&["TTL", "t:b:{a}ip:60000000"]).unwrap()[1..].trim().parse().unwrap();
    assert!((120..=180).contains(&left), "{left}");
    assert_eq!(throttle.consume(&budgets(), 1, NOW).await.unwrap(), Outcome::Consumed);
}

#[tokio::test]
async fn replicas_spend_from_the_same_budget() {
    let server = rekey_testing::redis().await;
    let one = RedisThrottle::new(connect(&server), "t:");
    let two = RedisThrottle::new(connect(&server), "t:");
    assert_eq!(one.consume(&budgets(), 2, NOW).await.unwrap(), Outcome::Consumed);

    let refused = two.consume(&budgets(), 1, NOW).await.unwrap();

    assert_eq!(refused, Outcome::Exhausted { index: 0, retry_after: Duration::from_secs(60) });
}

#[tokio::test]
async fn a_redis_that_is_gone_is_a_failure_and_no_answer() {
    let mut server = rekey_testing::redis().await;
    let throttle = RedisThrottle::new(connect(&server), "t:");
    server.stop().unwrap();

    let failures = [
        throttle.consume(&budgets(), 1, NOW).await.map(drop),
        throttle.refund(&budgets(), 1, NOW).await,
        throttle.count_distinct("{a}ip", b"anna", Duration::from_secs(60), NOW).await.map(drop),
    ];

    assert!(failures.iter().all(Result::is_err), "{failures:?}");
}

#[tokio::test]
async fn a_throttle_made_while_redis_is_away_works_when_it_comes() {
    let mut server = rekey_testing::redis().await;
    server.stop().unwrap();
    let throttle = RedisThrottle::new(connect(&server), "t:");
    server.restart().unwrap();

    assert_eq!(throttle.consume(&budgets(), 1, NOW).await.unwrap(), Outcome::Consumed);
}

#[tokio::test]
async fn a_restart_costs_one_command() {
    let mut server = rekey_testing::redis().await;
    let throttle = RedisThrottle::new(connect(&server), "t:");
    let _ = throttle.consume(&budgets(), 1, NOW).await.unwrap();
    server.kill().unwrap();
    server.restart().unwrap();

    // Whether this one is still caught by the broken connection is a matter of microseconds.
    let _ = throttle.consume(&budgets(), 1, NOW).await;

    assert!(throttle.consume(&budgets(), 1, NOW).await.is_ok());
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_left() {
    let server = rekey_testing::redis().await;
    let connection = connect(&server);
    let throttle = RedisThrottle::new(connection.clone(), "t:");
    let before = client_id(&connection).await.unwrap();
    server.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();

    let refused = throttle.consume(&budgets(), 1, NOW).await;
    server.command(&["REPLICAOF", "NO", "ONE"]).unwrap();

    assert!(refused.is_err());
    assert_ne!(client_id(&connection).await.unwrap(), before);
    assert_eq!(throttle.consume(&budgets(), 1, NOW).await.unwrap(), Outcome::Consumed);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_does_not_answer_readiness() {
    let server = rekey_testing::redis().await;
    let connection = connect(&server);

    connection.ping().await.unwrap();
    server.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    let demoted = connection.ping().await;
    server.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let full = connection.ping().await;

    assert!(demoted.is_err() && full.is_err());
}

#[tokio::test]
async fn a_server_that_fell_silent_is_left() {
    let mut server = rekey_testing::redis().await;
    let connection = connect(&server);
    let before = client_id(&connection).await.unwrap();
    server.pause();

    let timed_out = connection.ping().await.unwrap_err();
    server.resume();

    assert!(timed_out.is_timeout(), "{timed_out}");
    assert_ne!(client_id(&connection).await.unwrap(), before);
}

#[tokio::test]
async fn callers_do_not_queue_for_one_time_out_after_another() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    let connect_timeout = Duration::from_millis(100);
    let connection = Connection::open(&Options { connect_timeout, ..Options::single(url.as_str()) }).unwrap();
    let (finished, mut done) = oneshot::channel();
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => held.push(stream),
                _ = &mut done => return held.len(),
            }
        }
    });

    let callers =
        (0..50).map(|_| connection.clone()).map(|connection| async move { connection.ping().await });
    let answers = callers.collect::<JoinSet<_>>().join_all().await;

    finished.send(()).unwrap();
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(silent.await.unwrap(), 1);
}

#[tokio::test]
async fn a_new_password_is_shown_by_the_next_connection_and_a_bad_file_changes_nothing() {
    let redis = rekey_testing::redis().await;
    let port = redis.port();
    let password = Arc::new(Mutex::new(Ok::<&str, &str>("first")));
    let file = Arc::clone(&password);
    let make = move || match *file.lock().unwrap() {
        Ok(password) => Ok(Options::single(format!("redis://:{password}@127.0.0.1:{port}"))),
        Err(error) => Err(error.into()),
    };
    let change = async |connection: &Connection, to: &str| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("requirepass").arg(to).exec_async(&mut connection.clone()).await
    };
    change(&Connection::open(&Options::single(redis.url())).unwrap(), "first").await.unwrap();
    let connection = Connection::open_reloading(Box::new(make)).unwrap();
    change(&connection, "second").await.unwrap();
    let unchanged = connection.reload();
    *password.lock().unwrap() = Err("half written");
    let bad = connection.reload();
    *password.lock().unwrap() = Ok("second");
    let changed = connection.reload();

    let mut kill = redis::cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("no");
    // It ends its own connection, and with it perhaps the answer.
    let _ended = kill.exec_async(&mut connection.clone()).await;
    let _found_out = connection.ping().await;

    assert!(!unchanged.unwrap() && bad.is_err() && changed.unwrap());
    connection.ping().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_is_away_is_told_by_its_address_and_cause() {
    let redis = rekey_testing::redis().await;
    let port = redis.port();
    let connection = Connection::open(&Options::single(format!("redis://:s3cret@127.0.0.1:{port}"))).unwrap();
    let nobody = Connection::open(&Options::single("redis://:s3cret@127.0.0.1:1")).unwrap();

    let wrong_password = connection.cause(&connection.ping().await.unwrap_err());
    let refused = [nobody.ping().await.unwrap_err(), nobody.ping().await.unwrap_err()];

    assert!(wrong_password.starts_with(&format!("Redis at 127.0.0.1:{port}: ")), "{wrong_password}");
    assert!(
        wrong_password.contains("authentication failed") && !wrong_password.contains("s3cret"),
        "{wrong_password}"
    );
    for error in refused {
        assert_eq!(nobody.cause(&error), "Redis at 127.0.0.1:1: connection refused");
    }
}
