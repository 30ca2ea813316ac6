//! How a part reaches its Redis: one server, the primary that Sentinel names, or a cluster.
//!
//! A [`Connection`] is cheap to clone and carries any number of commands at once; take one per
//! process. It connects at its first use and again after a break, so a process starts while Redis
//! is away. A command that was under way when it broke fails and is *not* repeated here: whether
//! it was done is unknown, and only the caller knows whether doing it twice does harm.

mod measurement;
mod reconnecting;
mod url;

use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    Pipeline, RedisError, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value,
};
use rekey_primitives::secret::{ExposeSecret, SecretString};

pub use reconnecting::ReconnectingConnection;
use reconnecting::Source;
pub use url::InvalidUrl;

/// A write that leaves nothing behind, in one step.
const WRITE_NOTHING: &str = "redis.call('SET', KEYS[1], 1, 'PX', 1000) return redis.call('DEL', KEYS[1])";

/// Where Redis is. URLs are `redis://` or, with TLS, `rediss://`, and may carry user, password and
/// database.
#[derive(Debug, Clone)]
pub enum Topology {
    /// One server, or a name that leads to the primary.
    Single {
        /// Its URL.
        url: SecretString,
    },
    /// A primary that changes, and Sentinels that know which it is.
    Sentinel {
        /// The Sentinels; user and password of the first are used for all.
        sentinels: Vec<SecretString>,
        /// The name under which they watch the primary.
        service: String,
        /// User, password, database and whether TLS is used for the primary itself; the host in it
        /// is not looked at.
        node: SecretString,
    },
    /// A cluster; any of its nodes will do to find the others.
    Cluster {
        /// URLs of some nodes, with the same user and password.
        urls: Vec<SecretString>,
    },
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to.
    pub topology: Topology,
    /// For TCP, TLS and login together.
    pub connect_timeout: Duration,
    /// For one command; past it nothing is known about whether it was done.
    pub response_timeout: Duration,
    /// Certificates in place of the system's roots, and our own where Redis asks for one. A
    /// process that uses TLS installs a rustls provider first.
    pub tls: Option<TlsCertificates>,
}

impl Options {
    /// One server without further ado: half a second for an answer, one to connect.
    pub fn single(url: impl Into<SecretString>) -> Self {
        Self::to(Topology::Single { url: url.into() })
    }

    /// The same time limits for any topology.
    pub fn to(topology: Topology) -> Self {
        Self {
            topology,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(500),
            tls: None,
        }
    }
}

/// A connection to Redis that takes commands, scripts and pipelines; clone it per use.
#[derive(Clone, derive_more::Debug)]
pub enum Connection {
    /// To one server: the only one, or the one that Sentinel names.
    Single(#[debug(skip)] ReconnectingConnection),
    /// To every node of a cluster. All keys of a command or script share a hash tag.
    Cluster(#[debug(skip)] ClusterConnection),
}

impl Connection {
    /// Makes ready to connect; fails only on options that cannot be right. Call it inside a tokio
    /// runtime.
    pub fn open(options: &Options) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(options.connect_timeout))
            .set_response_timeout(Some(options.response_timeout));
        match &options.topology {
            Topology::Single { url } => {
                let info = parse(url)?;
                let client = match &options.tls {
                    Some(certificates) => Client::build_with_tls(info, certificates.clone())?,
                    None => Client::open(info)?,
                };
                Ok(Self::Single(ReconnectingConnection::new(
                    Source::Server(Box::new(client)),
                    config,
                    options.connect_timeout,
                )))
            }
            Topology::Sentinel { sentinels, service, node } => {
                let builder = sentinel(sentinels, service, node, options.tls.as_ref())?;
                let source = Source::Sentinel(Box::new(builder.build()?));
                // It asks a Sentinel, asks the primary for its role, and connects to it.
                Ok(Self::Single(ReconnectingConnection::new(source, config, options.connect_timeout * 3)))
            }
            Topology::Cluster { urls } => Ok(Self::Cluster(cluster(urls, options)?)),
        }
    }

    /// Whether Redis takes writes; for readiness. One that was demoted to a replica or whose memory is full answers a
    /// mere PING.
    pub async fn ping(&self) -> RedisResult<()> {
        redis::cmd("EVAL").arg(WRITE_NOTHING).arg(1).arg("rekey:probe").exec_async(&mut self.clone()).await
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let operation = measurement::operation_of(command);
        let answer = match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        };
        Box::pin(measurement::measured(operation, answer))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let answers = match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        };
        Box::pin(measurement::measured("pipeline", answers))
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

fn parse(url: &SecretString) -> RedisResult<ConnectionInfo> {
    // The library's own error could carry the URL, and with it the password.
    url.expose_secret()
        .into_connection_info()
        .map_err(|_| RedisError::from((ErrorKind::InvalidClientConfig, "not a redis:// or rediss:// URL")))
}

fn sentinel(
    sentinels: &[SecretString],
    service: &str,
    node: &SecretString,
    tls: Option<&TlsCertificates>,
) -> RedisResult<SentinelClientBuilder> {
    let sentinels = sentinels.iter().map(parse).collect::<RedisResult<Vec<_>>>()?;
    let node = parse(node)?;
    let first = sentinels
        .first()
        .ok_or_else(|| RedisError::from((ErrorKind::EmptySentinelList, "no sentinel is named")))?;
    let addresses = sentinels.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
        .set_client_to_redis_db(node.redis_settings().db());
    if let Some(user) = first.redis_settings().username() {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = first.redis_settings().password() {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(user) = node.redis_settings().username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = node.redis_settings().password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if is_tls(first) {
        builder = builder.set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    if is_tls(&node) {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
    }
    if let Some(certificates) = tls {
        builder = builder
            .set_client_to_sentinel_certificates(certificates.clone())
            .set_client_to_redis_certificates(certificates.clone());
    }
    Ok(builder)
}

fn is_tls(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), ConnectionAddr::TcpTls { .. })
}

fn cluster(urls: &[SecretString], options: &Options) -> RedisResult<ClusterConnection> {
    let nodes = urls.iter().map(parse).collect::<RedisResult<Vec<_>>>()?;
    let mut builder = ClusterClient::builder(nodes)
        .connection_timeout(options.connect_timeout)
        .response_timeout(options.response_timeout)
        // Following slots that moved, and no more: see the module's word on repeating.
        .retries(2);
    if let Some(certificates) = &options.tls {
        builder = builder.certs(certificates.clone());
    }
    Ok(builder.build()?.get_pending_async_connection_with_config(redis::cluster::ClusterConfig::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(topology: Topology) -> String {
        Connection::open(&Options::to(topology)).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn an_url_that_cannot_be_right_is_refused_without_being_quoted() {
        let wrong = || SecretString::from("http://anna:s3cr3t@localhost");

        let single = open(Topology::Single { url: wrong() });
        let cluster = open(Topology::Cluster { urls: vec![wrong()] });

        assert!(single.contains("not a redis:// or rediss:// URL"), "{single}");
        assert!(!format!("{single}{cluster}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn sentinels_must_be_named() {
        let node = SecretString::from("redis://localhost");

        let error = open(Topology::Sentinel { sentinels: vec![], service: "main".into(), node });

        assert!(error.contains("no sentinel is named"), "{error}");
    }

    #[test]
    fn debug_of_options_shows_no_password() {
        let options = Options::single("redis://:s3cr3t@localhost");

        assert!(!format!("{options:?}").contains("s3cr3t"));
    }
}
