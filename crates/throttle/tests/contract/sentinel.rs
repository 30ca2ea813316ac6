//! A primary that Sentinel names, and the way to the next one after a failover.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use redis::{FromRedisValue, RedisResult};
use rekey_primitives::clock::Timestamp;
use rekey_servers::scratch::Folder;
use rekey_servers::{Process, Signal, find, free_port};
use rekey_throttle::connection::{Connection, Options, SentinelLogin, Topology};
use rekey_throttle::{Budget, Outcome, RedisThrottle, Throttle};

/// Settled states are looked for this often, for half a minute.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1_500;

/// A Sentinel that watches one primary under the name `main`.
struct Sentinel {
    // Before the folder: the process ends first.
    _process: Process,
    _folder: Folder,
    url: String,
    connection: Connection,
}

impl Sentinel {
    async fn watching(primary: u16) -> Self {
        Self::with_password(primary, None).await
    }

    /// One that lets in whoever shows this password.
    async fn with_password(primary: u16, password: Option<&str>) -> Self {
        let (folder, port) = (Folder::new("sentinel").unwrap(), free_port());
        let settings = folder.path().join("sentinel.conf");
        let secret = password.map(|password| format!("requirepass {password}\n")).unwrap_or_default();
        let text = format!(
            "{secret}port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 1\n\
             sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n"
        );
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new(find::redis().unwrap());
        command.arg(&settings).arg("--sentinel").current_dir(folder.path());
        command.stdout(std::process::Stdio::null());
        let process = Process::spawn(command, Signal::KILL).unwrap();
        let url = format!("redis://127.0.0.1:{port}");
        let own = password.map(|password| format!("redis://:{password}@127.0.0.1:{port}"));
        let own = own.unwrap_or_else(|| url.clone());
        let connection = Connection::open(&Options::single(own)).unwrap();
        let sentinel = Self { _process: process, _folder: folder, url, connection };
        sentinel
            .until(&["SENTINEL", "REPLICAS", "main"], |replicas: Vec<redis::Value>| replicas.len() == 1)
            .await;
        sentinel
    }

    async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut self.connection.clone()).await
    }

    async fn until<T: FromRedisValue>(&self, words: &[&str], mut is_so: impl FnMut(T) -> bool) {
        for _ in 0..LOOKS {
            if self.ask(words).await.is_ok_and(&mut is_so) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("{words:?} did not settle within half a minute");
    }
}

#[tokio::test]
async fn a_failover_by_sentinel_is_followed() {
    let mut pair = rekey_testing::redis_replicated().await;
    let sentinel = Sentinel::watching(pair.primary.port()).await;
    let topology = Topology::Sentinel {
        sentinels: vec![sentinel.url.as_str().into()],
        login: None,
        service: "main".into(),
        node: "redis://ignored/".into(),
    };
    let throttle = RedisThrottle::new(Connection::open(&Options::to(topology)).unwrap(), "t:");
    let budgets = [Budget { key: "{a}ip".into(), limit: 5, window: Duration::from_secs(60) }];
    let now = Timestamp::from_unix_micros(1_785_000_000_000_000);
    assert_eq!(throttle.consume(&budgets, 1, now).await.unwrap(), Outcome::Consumed);
    assert_eq!(pair.primary.command(&["DBSIZE"]).unwrap(), ":1\r\n");
    pair.caught_up().await;

    sentinel.until(&["SENTINEL", "FAILOVER", "main"], |_: String| true).await;
    let next = pair.replica.port().to_string();
    let is_next = |masters: Vec<HashMap<String, String>>| masters[0]["port"] == next;
    sentinel.until(&["SENTINEL", "MASTERS"], is_next).await;
    pair.primary.kill().unwrap();
    let by_the_old = throttle.consume(&budgets, 1, now).await;
    let by_the_new = throttle.consume(&budgets, 4, now).await;

    // One command is lost with the old connection; the budget came along with the data.
    assert!(by_the_old.is_err());
    assert_eq!(by_the_new.unwrap(), Outcome::Consumed);
    let one_more = throttle.consume(&budgets, 1, now).await.unwrap();
    assert_eq!(one_more, Outcome::Exhausted { index: 0, retry_after: Duration::from_secs(60) });
}

#[tokio::test]
async fn sentinels_have_a_password_of_their_own() {
    let pair = rekey_testing::redis_replicated().await;
    let sentinel = Sentinel::with_password(pair.primary.port(), Some("s3cret")).await;
    let to = |login: Option<SentinelLogin>| Topology::Sentinel {
        sentinels: vec![sentinel.url.as_str().into()],
        login,
        service: "main".into(),
        node: "redis://ignored/".into(),
    };
    let login = SentinelLogin { user: None, password: "s3cret".into() };

    let stranger = Connection::open(&Options::to(to(None))).unwrap().ping().await;
    let known = Connection::open(&Options::to(to(Some(login)))).unwrap().ping().await;

    assert!(stranger.is_err());
    known.unwrap();
}
