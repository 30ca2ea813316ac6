//! What a Redis says of itself, for whoever judges whether it is fit. It needs the right to INFO and no other.

use std::time::Duration;

use redis::{RedisResult, Value};
use rekey_primitives::clock::Clock;
use tokio::time::Instant;

use super::Connection;

/// Round trips that are measured, after a first one that opens the connection.
const ROUND_TRIPS: u32 = 5;

/// What is known of a Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisFacts {
    /// Where it is, without a password.
    pub target: String,
    /// The slowest of a few round trips.
    pub round_trip: Duration,
    /// The one server, or the primaries of a cluster.
    pub nodes: Vec<RedisNodeFacts>,
}

/// What one server says. What it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisNodeFacts {
    /// As `7.0.15`.
    pub version: Option<String>,
    /// What it throws away when its memory is full.
    pub eviction_policy: Option<String>,
    /// The most memory it takes, in bytes; zero is no limit.
    pub memory_limit: Option<u64>,
    /// The memory it takes.
    pub memory_used: Option<u64>,
    /// Whether it writes down each step.
    pub appends: Option<bool>,
    /// Its replicas now.
    pub replicas: Option<u64>,
    /// Whether it is a replica, which takes no writes.
    pub is_replica: bool,
    /// Its clock less ours, in microseconds.
    pub clock_ahead_micros: Option<i64>,
}

impl Connection {
    /// Looks at it.
    ///
    /// # Errors
    /// It is away, in the words of [`Self::cause`].
    pub async fn inspect(&self, clock: &dyn Clock) -> Result<RedisFacts, String> {
        self.facts(clock).await.map_err(|error| self.cause(&error))
    }

    async fn facts(&self, clock: &dyn Clock) -> RedisResult<RedisFacts> {
        self.ping().await?;
        let mut round_trip = Duration::ZERO;
        for _ in 0..ROUND_TRIPS {
            let started = Instant::now();
            self.ping().await?;
            round_trip = round_trip.max(started.elapsed());
        }
        let before = clock.now().unix_micros();
        let info: Value = redis::cmd("INFO").query_async(&mut self.clone()).await?;
        // The server looked at its clock somewhere in between.
        let ours = i64::midpoint(before, clock.now().unix_micros());
        let mut texts = Vec::new();
        collect_texts(&info, &mut texts);
        // A cluster answers with the address of each node beside its text.
        let nodes = texts.iter().filter(|text| text.contains("redis_version:"));
        let nodes = nodes.map(|text| RedisNodeFacts::read(text, ours)).collect();
        Ok(RedisFacts { target: self.target.to_string(), round_trip, nodes })
    }
}

impl RedisNodeFacts {
    fn read(info: &str, ours: i64) -> Self {
        let said = |key: &str| {
            let line = info.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':'));
            line.map(str::to_owned)
        };
        let number = |key: &str| said(key)?.parse::<u64>().ok();
        Self {
            version: said("redis_version"),
            eviction_policy: said("maxmemory_policy"),
            memory_limit: number("maxmemory"),
            memory_used: number("used_memory"),
            appends: said("aof_enabled").map(|enabled| enabled == "1"),
            replicas: number("connected_slaves"),
            is_replica: said("role").as_deref() == Some("slave"),
            clock_ahead_micros: said("server_time_usec")
                .and_then(|theirs| theirs.parse::<i64>().ok())
                .map(|theirs| theirs.saturating_sub(ours)),
        }
    }
}

fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect_texts(value, texts)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| collect_texts(value, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::SystemClock;

    use super::*;
    use crate::connection::Options;

    #[tokio::test]
    async fn a_redis_says_what_it_is_and_how_it_is_set() {
        let redis = rekey_testing::redis().await;
        let connection = Connection::open(&Options::single(redis.url())).unwrap();

        let facts = connection.inspect(&SystemClock).await.unwrap();

        let [node] = facts.nodes.as_slice() else { panic!("{facts:?}") };
        assert!(node.version.as_ref().is_some_and(|version| version.contains('.')), "{node:?}");
        assert_eq!(node.eviction_policy.as_deref(), Some("noeviction"));
        assert_eq!((node.appends, node.is_replica, node.replicas), (Some(false), false, Some(0)));
        assert!(node.clock_ahead_micros.is_some_and(|ahead| ahead.abs() < 5_000_000), "{node:?}");
    }

    #[tokio::test]
    async fn a_redis_that_is_away_is_named_without_its_password() {
        let connection = Connection::open(&Options::single("redis://:s3cret@127.0.0.1:1")).unwrap();

        let away = connection.inspect(&SystemClock).await.unwrap_err();

        assert_eq!(away, "Redis at 127.0.0.1:1: connection refused");
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn what_a_server_says_of_itself_is_read_or_left_out() {
        let info: &[u8] = b"# Server\r\nredis_version:7.0.15\r\nserver_time_usec:1900000000000000\r\nmaxmemory:100\r\n\
            used_memory:50\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nrole:slave\r\nconnected_slaves:0\r\n";
        let far: &[u8] = b"server_time_usec:-9223372036854775808\r\nmaxmemory:18446744073709551615\r\n";
        rekey_testing::fuzz(&[info, far], |bytes: &[u8]| {
            let said = String::from_utf8_lossy(bytes);
            let facts = RedisNodeFacts::read(&said, 1_900_000_000_000_000);
            assert!(facts.version.is_none_or(|version| said.contains(&version)));
            assert!(!facts.is_replica || said.contains("role:slave"));
        });
    }
}
