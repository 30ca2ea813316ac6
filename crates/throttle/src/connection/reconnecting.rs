//! One multiplexed connection that is replaced when it breaks.
//!
//! The library's connection manager keeps a connection to a server that was demoted to a replica (it answers `READONLY`
//! for ever) and one whose peer fell silent, and knows nothing of Sentinel. This one is also dropped after `READONLY`, after
//! a `WAIT` that no replica takes and after a time-out, and asks its source, which may be Sentinel, where to connect next.
//! While the source cannot be reached, commands fail at once instead of queueing for one time-out after another.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::sentinel::SentinelClient;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, Value,
};
use tokio::time::{Instant, timeout};

use super::Options;

/// How long an unreachable source is left alone before it is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Tells where the server is.
pub(super) enum Source {
    Server(Box<Client>),
    Sentinel(Box<SentinelClient>),
}

/// A connection to one server, shared by its clones.
#[derive(Clone)]
pub(super) struct ReconnectingConnection(Arc<Shared>);

struct Shared {
    /// What to ask from the next connection on.
    next: Mutex<Option<Source>>,
    current: RwLock<Option<Current>>,
    connector: tokio::sync::Mutex<Connector>,
}

/// A connection and which one it is, so that its failure replaces no newer one.
#[derive(Clone)]
struct Current {
    number: u64,
    connection: MultiplexedConnection,
}

struct Connector {
    source: Source,
    config: AsyncConnectionConfig,
    time_limit: Duration,
    made: u64,
    /// When connecting last failed, and why.
    failed: Option<(Instant, String)>,
}

impl ReconnectingConnection {
    pub(super) fn new(source: Source, options: &Options) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(options.connect_timeout))
            .set_response_timeout(Some(options.response_timeout));
        let time_limit = match source {
            Source::Server(_) => options.connect_timeout,
            // It asks a Sentinel, asks the primary for its role, and connects to it.
            Source::Sentinel(_) => options.connect_timeout * 3,
        };
        let connector = Connector { source, config, time_limit, made: 0, failed: None };
        let connector = tokio::sync::Mutex::new(connector);
        Self(Arc::new(Shared { next: Mutex::default(), current: RwLock::new(None), connector }))
    }

    /// Asks another source from the next connection on.
    pub(super) fn go_over_to(&self, source: Source) {
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    async fn current(&self) -> RedisResult<Current> {
        if let Some(current) = self.0.current() {
            return Ok(current);
        }
        let mut connector = self.0.connector.lock().await;
        // Somebody else may have connected, or failed to, while this one waited its turn.
        if let Some(current) = self.0.current() {
            return Ok(current);
        }
        let next = self.0.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(source) = next {
            (connector.source, connector.failed) = (source, None);
        }
        if let Some((at, cause)) = &connector.failed
            && at.elapsed() < RETRY_INTERVAL
        {
            return Err(io::Error::new(io::ErrorKind::NotConnected, cause.clone()).into());
        }
        let current = connector.connect().await?;
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current.clone());
        Ok(current)
    }

    /// Drops a connection that is broken.
    fn drop_if(&self, is_broken: bool, number: u64) {
        if !is_broken {
            return;
        }
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.number == number) {
            *current = None;
        }
    }
}

impl Shared {
    fn current(&self) -> Option<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connector {
    async fn connect(&mut self) -> RedisResult<Current> {
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
        self.failed = connected.as_ref().err().map(|error| (Instant::now(), super::why(error)));
        let connection = connected?;
        self.made += 1;
        Ok(Current { number: self.made, connection })
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
    let Value::ServerError(error) = value else { return false };
    // A step that wrote nothing hears it from `WAIT` alone.
    let takes_no_wait = |details: &str| details.starts_with("WAIT cannot be used with replica instances");
    error.kind() == Some(ServerErrorKind::ReadOnly) || error.details().is_some_and(takes_no_wait)
}

impl ConnectionLike for ReconnectingConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut current = self.current().await?;
            let answer = current.connection.req_packed_command(command).await;
            self.drop_if(answer.as_ref().map_or_else(is_broken, is_refused_as_replica), current.number);
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
            let mut current = self.current().await?;
            let answers = current.connection.req_packed_commands(pipeline, offset, count).await;
            let any_refused = |values: &Vec<Value>| values.iter().any(is_refused_as_replica);
            self.drop_if(answers.as_ref().map_or_else(is_broken, any_refused), current.number);
            answers
        })
    }

    fn get_db(&self) -> i64 {
        self.0.current().map_or(0, |current| current.connection.get_db())
    }
}
