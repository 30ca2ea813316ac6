//! The script that one call runs, as Redis itself saw it, to be run again by a server that does nothing else.
//!
//! It is overheard (`MONITOR`) and not written down here: so the limit is always that of today's script with today's
//! arguments, and a change of it cannot leave the limit behind.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use redis::aio::ConnectionManager;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tonic::Status;

use super::echo::Work;
use crate::caller::request_id;
use crate::workload::code_checks::CodeChecks;

/// How long the script of one call may take to be seen.
const PATIENCE: Duration = Duration::from_secs(5);

/// One script with its keys and arguments.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    words: Vec<Vec<u8>>,
    /// What stands for the call in its keys; each run needs another, or Redis would only find the first answer.
    request_id: String,
}

/// Listens to a Redis.
struct Overheard {
    line: tokio::task::JoinHandle<anyhow::Result<String>>,
}

impl Overheard {
    /// Listens until a script was seen.
    async fn begin(url: &str) -> anyhow::Result<Self> {
        let client = redis::Client::open(url)?;
        let (ready, listens) = oneshot::channel();
        let line = tokio::spawn(async move {
            let mut monitor = client.get_async_monitor().await?;
            let _ = ready.send(());
            let mut lines = monitor.on_message::<String>();
            loop {
                let line = lines.next().await.context("Redis hung up")?;
                if line.to_ascii_lowercase().contains("] \"evalsha\"") {
                    return Ok(line);
                }
            }
        });
        listens.await.context("cannot listen to Redis")?;
        Ok(Self { line })
    }

    /// The script that ran for the call with this id.
    async fn script(self, request_id: &str) -> anyhow::Result<Script> {
        let line = tokio::time::timeout(PATIENCE, self.line).await.context("the call ran no script")???;
        Ok(Script { words: words(&line), request_id: request_id.to_owned() })
    }
}

impl Script {
    /// The one that a check of a code runs, once the service knows which run the store is at.
    pub(crate) async fn of_check(checks: &CodeChecks, url: &str) -> anyhow::Result<Self> {
        checks.check(&checks.verification, 0, request_id()).await?;
        let listening = Overheard::begin(url).await?;
        let request_id = request_id();
        checks.check(&checks.verification, 0, request_id.clone()).await?;
        listening.script(&request_id).await
    }

    /// Running it, as work.
    pub(crate) fn work(self, redis: ConnectionManager) -> Work {
        let script = Arc::new(self);
        Arc::new(move || {
            let (redis, script) = (redis.clone(), Arc::clone(&script));
            Box::pin(async move {
                let ran = script.run(redis).await;
                ran.map(drop).map_err(|error| Status::unavailable(error.to_string()))
            })
        })
    }

    /// Runs it again, for a call that Redis has not seen yet.
    async fn run(&self, mut redis: ConnectionManager) -> redis::RedisResult<redis::Value> {
        let request_id = uuid_v4(&SystemEntropy).to_string();
        let mut command = redis::Cmd::new();
        for word in &self.words {
            match std::str::from_utf8(word) {
                Ok(text) if text.contains(&self.request_id) => {
                    command.arg(text.replace(&self.request_id, &request_id));
                }
                _ => {
                    command.arg(word);
                }
            }
        }
        command.query_async(&mut redis).await
    }
}

/// The words of a line such as `1700000000.5 [0 127.0.0.1:5] "EVALSHA" "0a" "1" "key\x00"`.
fn words(line: &str) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut bytes = line.bytes();
    while bytes.any(|byte| byte == b'"') {
        let mut word = Vec::new();
        while let Some(byte) = bytes.next().filter(|byte| *byte != b'"') {
            word.push(if byte == b'\\' { escaped(&mut bytes) } else { byte });
        }
        words.push(word);
    }
    words
}

/// What follows a backslash, as `sdscatrepr` of Redis writes it.
fn escaped(bytes: &mut impl Iterator<Item = u8>) -> u8 {
    match bytes.next() {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'a') => 0x07,
        Some(b'b') => 0x08,
        Some(b'x') => {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0);
            let (high, low) = (digit(bytes.next()), digit(bytes.next()));
            u8::try_from(high * 16 + low).unwrap_or(0)
        }
        Some(other) => other,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitored_line_reads_back_as_what_was_sent() {
        let line =
            r#"1700000000.123456 [0 127.0.0.1:6379] "EVALSHA" "0a1b" "1" "a \"key\"" "\x00\xff\\n\n" """#;

        let sent: [&[u8]; 6] = [b"EVALSHA", b"0a1b", b"1", b"a \"key\"", b"\x00\xff\\n\n", b""];
        assert_eq!(words(line), sent);
    }
}
