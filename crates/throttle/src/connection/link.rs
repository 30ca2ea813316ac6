//! One multiplexed connection that is replaced when it breaks.
//!
//! The library's connection manager keeps a connection to a server that was demoted to a replica
//! (it answers `READONLY` for ever) and one whose peer fell silent, and knows nothing of Sentinel.
//! So this link also lets go after `READONLY` and after a time-out, and asks its source, which may
//! be Sentinel, where to go next. While a source cannot be reached, commands fail at once instead
//! of queueing for one time-out after another.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::sentinel::SentinelClient;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, Value,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an unreachable source is left alone.
const REST: Duration = Duration::from_millis(250);

/// Tells where the server is.
pub(super) enum Source {
    Server(Box<Client>),
    Sentinel(Box<SentinelClient>),
}

/// A connection to one server, shared by its clones.
#[derive(Clone)]
pub struct Link(Arc<Shared>);

struct Shared {
    current: RwLock<Option<Held>>,
    connector: Mutex<Connector>,
}

/// A connection and which one it is, so that its failure replaces no newer one.
#[derive(Clone)]
struct Held {
    number: u64,
    connection: MultiplexedConnection,
}

struct Connector {
    source: Source,
    config: AsyncConnectionConfig,
    time_limit: Duration,
    made: u64,
    failed_at: Option<Instant>,
}

impl Link {
    pub(super) fn new(source: Source, config: AsyncConnectionConfig, time_limit: Duration) -> Self {
        let connector = Connector { source, config, time_limit, made: 0, failed_at: None };
        Self(Arc::new(Shared { current: RwLock::new(None), connector: Mutex::new(connector) }))
    }

    async fn held(&self) -> RedisResult<Held> {
        if let Some(held) = self.0.current() {
            return Ok(held);
        }
        let mut connector = self.0.connector.lock().await;
        // Somebody else may have connected, or failed to, while this one waited its turn.
        if let Some(held) = self.0.current() {
            return Ok(held);
        }
        if connector.failed_at.is_some_and(|at| at.elapsed() < REST) {
            return Err(
                io::Error::new(io::ErrorKind::NotConnected, "redis was unreachable a moment ago").into()
            );
        }
        let held = connector.connect().await?;
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        Ok(held)
    }

    /// Lets go of a connection that cannot serve any more.
    fn judge(&self, number: u64, is_broken: bool) {
        if !is_broken {
            return;
        }
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|held| held.number == number) {
            *current = None;
        }
    }
}

impl Shared {
    fn current(&self) -> Option<Held> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connector {
    async fn connect(&mut self) -> RedisResult<Held> {
        let work = async {
            let client = match &mut self.source {
                Source::Server(client) => Client::clone(client),
                Source::Sentinel(sentinel) => sentinel.async_get_client().await?,
            };
            client.get_multiplexed_async_connection_with_config(&self.config).await
        };
        let connected = match timeout(self.time_limit, work).await {
            Ok(connected) => connected,
            Err(_) => Err(RedisError::from(io::Error::from(io::ErrorKind::TimedOut))),
        };
        self.failed_at = connected.is_err().then(Instant::now);
        let connection = connected?;
        self.made += 1;
        Ok(Held { number: self.made, connection })
    }
}

fn is_broken(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_connection_dropped()
        || error.is_timeout()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// A refusal inside an answer that arrived. In a pipeline it is one of several.
fn is_refused_as_replica(value: &Value) -> bool {
    matches!(value, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::ReadOnly))
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut held = self.held().await?;
            let answer = held.connection.req_packed_command(command).await;
            self.judge(held.number, answer.as_ref().map_or_else(is_broken, is_refused_as_replica));
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut held = self.held().await?;
            let answers = held.connection.req_packed_commands(pipeline, offset, count).await;
            let any_refused = |values: &Vec<Value>| values.iter().any(is_refused_as_replica);
            self.judge(held.number, answers.as_ref().map_or_else(is_broken, any_refused));
            answers
        })
    }

    fn get_db(&self) -> i64 {
        self.0.current().map_or(0, |held| held.connection.get_db())
    }
}
