//! How a part reaches its Redis: one server, the primary that Sentinel names, or a cluster.
//!
//! A [`Connection`] is cheap to clone and carries any number of commands at once; take one per
//! process. It connects at its first use and again after a break, so a process starts while Redis
//! is away. A command that was under way when it broke fails and is *not* repeated here: whether
//! it was done is unknown, and only the caller knows whether doing it twice does harm.
//!
//! Passwords and certificates that stand in files are read again by [`Connection::reload`]: connections made from then on
//! use the new ones, and those that are open go on.

mod inspection;
mod measurement;
mod reconnecting;
mod reloading;
mod replication;
mod url;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, Pipeline,
    RedisError, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value,
};
use rekey_primitives::secret::{ExposeSecret, SecretString};

pub use inspection::{RedisFacts, RedisNodeFacts};
use reconnecting::{ReconnectingConnection, Source};
use reloading::Reloading;
pub use reloading::{MakeError, MakeOptions};
pub use replication::REPLICA_LAG;
use replication::Replication;
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
        /// The Sentinels; user and password of the first are used for all, unless they have a login of their own.
        sentinels: Vec<SecretString>,
        /// Whom the Sentinels let in, where that is not who logs in to the primary.
        login: Option<SentinelLogin>,
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

/// A user that Sentinels know.
#[derive(Debug, Clone)]
pub struct SentinelLogin {
    /// Their name; without one the default user is meant.
    pub user: Option<String>,
    /// Their password.
    pub password: SecretString,
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

impl Options {
    /// Certificates in PEM: of the authorities to believe, and our own with its key.
    #[must_use]
    pub fn with_certificates(self, authorities: Option<Vec<u8>>, own: Option<(Vec<u8>, Vec<u8>)>) -> Self {
        let client_tls = own.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
        Self { tls: Some(TlsCertificates { client_tls, root_cert: authorities }), ..self }
    }

    /// Both hold the same, secrets included. Both were read from our own disk: there is no stranger to hide the timing from.
    fn are_the_same_as(&self, other: &Self) -> bool {
        let texts = |options: &Self| {
            let urls = |urls: &[SecretString]| {
                urls.iter().map(|url| url.expose_secret().to_owned()).collect::<Vec<_>>()
            };
            match &options.topology {
                Topology::Single { url } => urls(std::slice::from_ref(url)),
                Topology::Cluster { urls: nodes } => urls(nodes),
                Topology::Sentinel { sentinels, login, service, node } => {
                    let login = login.as_ref();
                    let mut texts = urls(sentinels);
                    texts.extend([service.clone(), node.expose_secret().to_owned()]);
                    texts.push(login.and_then(|login| login.user.clone()).unwrap_or_default());
                    texts
                        .push(login.map_or(String::new(), |login| login.password.expose_secret().to_owned()));
                    texts
                }
            }
        };
        let certificates = |options: &Self| {
            let tls = options.tls.as_ref();
            let own = tls.and_then(|tls| tls.client_tls.as_ref());
            let own = own.map(|own| (own.client_cert.clone(), own.client_key.clone()));
            (own, tls.and_then(|tls| tls.root_cert.clone()))
        };
        texts(self) == texts(other) && certificates(self) == certificates(other)
    }
}

/// A connection to Redis that takes commands, scripts and pipelines; clone it per use.
#[derive(Clone, derive_more::Debug)]
pub struct Connection {
    #[debug(skip)]
    kind: Kind,
    /// Where it is, for people.
    target: Arc<str>,
    #[debug(skip)]
    reloading: Option<Arc<Reloading>>,
    /// Where steps are to outlive their primary.
    #[debug(skip)]
    replication: Option<Arc<Replication>>,
}

/// What is connected to.
#[derive(Clone)]
enum Kind {
    /// One server: the only one, or the one that Sentinel names.
    Single(ReconnectingConnection),
    /// Every node of a cluster. All keys of a command or script share a hash tag.
    Cluster(Arc<RwLock<ClusterConnection>>),
}

impl Connection {
    /// Makes ready to connect; fails only on options that cannot be right. Call it inside a tokio
    /// runtime.
    pub fn open(options: &Options) -> RedisResult<Self> {
        let (kind, target) = match &options.topology {
            Topology::Single { url } => {
                let target = parse(url)?.addr().to_string();
                (Kind::Single(ReconnectingConnection::new(source(options)?, options)), target)
            }
            Topology::Sentinel { sentinels, service, .. } => {
                let target = format!("{service}, as named by the Sentinels at {}", addresses(sentinels)?);
                (Kind::Single(ReconnectingConnection::new(source(options)?, options)), target)
            }
            Topology::Cluster { urls } => {
                let cluster = Arc::new(RwLock::new(cluster(urls, options)?));
                (Kind::Cluster(cluster), addresses(urls)?)
            }
        };
        Ok(Self { kind, target: target.into(), reloading: None, replication: None })
    }

    /// The same with options that are made of files, which [`Self::reload`] reads again.
    pub fn open_reloading(make: MakeOptions) -> Result<Self, MakeError> {
        let options = make()?;
        let connection = Self::open(&options)?;
        Ok(Self { reloading: Some(Arc::new(Reloading::new(make, options))), ..connection })
    }

    /// Reads the files again. Returns whether they hold anything else than before; then connections made from now on use
    /// it. On an error everything stays.
    pub fn reload(&self) -> Result<bool, MakeError> {
        let Some(reloading) = &self.reloading else { return Ok(false) };
        reloading.reload(|options| match (&self.kind, &options.topology) {
            (Kind::Cluster(current), Topology::Cluster { urls }) => {
                *current.write().unwrap_or_else(PoisonError::into_inner) = cluster(urls, options)?;
                Ok(())
            }
            (Kind::Single(connection), Topology::Single { .. } | Topology::Sentinel { .. }) => {
                connection.go_over_to(source(options)?);
                Ok(())
            }
            _ => Err("the files cannot change what kind of Redis it is".into()),
        })
    }

    /// Whether all keys are on one server.
    pub(crate) const fn is_to_one_server(&self) -> bool {
        matches!(self.kind, Kind::Single(_))
    }

    /// Which Redis it is and why a command failed, for operators. Of commands about somebody it would tell what they quote:
    /// it is for [`Self::ping`].
    pub fn cause(&self, error: &RedisError) -> String {
        format!("Redis at {}: {}", self.target, why(error))
    }

    /// Whether Redis takes writes; for readiness. One that was demoted to a replica or whose memory is full answers a
    /// mere PING.
    pub async fn ping(&self) -> RedisResult<()> {
        redis::cmd("EVAL").arg(WRITE_NOTHING).arg(1).arg("rekey:probe").exec_async(&mut self.clone()).await
    }
}

impl Kind {
    /// A cluster as it is now: commands under way end on the connections they began on.
    fn now(cluster: &RwLock<ClusterConnection>) -> ClusterConnection {
        cluster.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let operation = measurement::operation_of(command);
        let answer = match &mut self.kind {
            Kind::Single(connection) => connection.req_packed_command(command),
            Kind::Cluster(cluster) => {
                let mut cluster = Kind::now(cluster);
                Box::pin(async move { cluster.req_packed_command(command).await })
            }
        };
        Box::pin(measurement::measured(operation, answer))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let answers = match &mut self.kind {
            Kind::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Kind::Cluster(cluster) => {
                let mut cluster = Kind::now(cluster);
                Box::pin(async move { cluster.req_packed_commands(pipeline, offset, count).await })
            }
        };
        Box::pin(measurement::measured("pipeline", answers))
    }

    fn get_db(&self) -> i64 {
        match &self.kind {
            Kind::Single(connection) => connection.get_db(),
            Kind::Cluster(_) => 0,
        }
    }
}

/// Who says where the one server is.
fn source(options: &Options) -> RedisResult<Source> {
    match &options.topology {
        Topology::Single { url } => {
            let info = parse(url)?;
            let client = match &options.tls {
                Some(certificates) if is_tls(&info) => Client::build_with_tls(info, certificates.clone())?,
                Some(_) => {
                    let why = "certificates are set, and the URL is not rediss://";
                    return Err(RedisError::from((ErrorKind::InvalidClientConfig, why)));
                }
                None => Client::open(info)?,
            };
            Ok(Source::Server(Box::new(client)))
        }
        Topology::Sentinel { .. } => Ok(Source::Sentinel(Box::new(sentinel(options)?.build()?))),
        Topology::Cluster { .. } => {
            Err(RedisError::from((ErrorKind::InvalidClientConfig, "a cluster is not one server")))
        }
    }
}

/// What keeps a Redis from answering, in the words that operators search for.
fn why(error: &RedisError) -> String {
    if error.is_connection_refusal() {
        return "connection refused".to_owned();
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    error.to_string()
}

/// Where nodes are, without users and passwords.
fn addresses(urls: &[SecretString]) -> RedisResult<String> {
    let addresses = urls.iter().map(|url| Ok(parse(url)?.addr().to_string()));
    Ok(addresses.collect::<RedisResult<Vec<_>>>()?.join(", "))
}

fn parse(url: &SecretString) -> RedisResult<ConnectionInfo> {
    // The library's own error could carry the URL, and with it the password.
    url.expose_secret()
        .into_connection_info()
        .map_err(|_| RedisError::from((ErrorKind::InvalidClientConfig, "not a redis:// or rediss:// URL")))
}

fn sentinel(options: &Options) -> RedisResult<SentinelClientBuilder> {
    let Topology::Sentinel { sentinels, login, service, node } = &options.topology else {
        return Err(RedisError::from((ErrorKind::InvalidClientConfig, "no sentinels")));
    };
    let sentinels = sentinels.iter().map(parse).collect::<RedisResult<Vec<_>>>()?;
    let node = parse(node)?;
    let first = sentinels
        .first()
        .ok_or_else(|| RedisError::from((ErrorKind::EmptySentinelList, "no sentinel is named")))?;
    let addresses = sentinels.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
        .set_client_to_redis_db(node.redis_settings().db());
    let (user, password) = match login {
        Some(login) => (login.user.as_deref(), Some(login.password.expose_secret())),
        None => (first.redis_settings().username(), first.redis_settings().password()),
    };
    if let Some(user) = user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = password {
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
    if let Some(certificates) = &options.tls {
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

        let error = open(Topology::Sentinel { sentinels: vec![], login: None, service: "main".into(), node });

        assert!(error.contains("no sentinel is named"), "{error}");
    }

    #[test]
    fn debug_of_options_shows_no_password() {
        let options = Options::single("redis://:s3cr3t@localhost");

        assert!(!format!("{options:?}").contains("s3cr3t"));
    }
}

#[cfg(test)]
mod fuzz;
