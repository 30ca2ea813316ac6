//! Redis in the shapes that a deployment may have: one server, a primary with a replica, Sentinel, a cluster.
//!
//! Each is private to its test, so keys need no prefix and `FLUSHALL`, a restart or a failover disturb nobody.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rekey_servers::{Environment, Redis, RedisTls, free_port};

use crate::redis_tls::RedisAuthority;
use crate::{blocking, ready};

/// Settled states are looked for this often.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A failover takes about 2 s here, and machines are busy.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// One empty server.
///
/// # Panics
/// When no Redis can be had.
pub async fn redis() -> Redis {
    ready("a Redis for this test", blocking(|| Redis::start(&[])).await)
}

/// The same in this environment and with further `--name value` settings.
///
/// # Panics
/// When no Redis can be had.
pub async fn redis_in(settings: &'static [&'static str], environment: Environment) -> Redis {
    ready("a Redis for this test", blocking(move || Redis::start_in(settings, &environment)).await)
}

/// A primary and a replica that follows it.
#[derive(Debug)]
pub struct RedisReplicated {
    /// The server that takes writes, until [`promote`](Self::promote).
    pub primary: Redis,
    /// The server that copies it.
    pub replica: Redis,
}

impl RedisReplicated {
    /// Makes the replica a primary of its own, as a failover does: the old primary knows nothing of it.
    ///
    /// # Panics
    /// When the replica does not answer.
    pub fn promote(&self) {
        ready("promoting the replica", self.replica.command(&["REPLICAOF", "NO", "ONE"]));
    }

    /// Waits until the replica has reported to the primary: from then on it counts as one.
    ///
    /// # Panics
    /// When it does not report.
    pub async fn followed(&self) {
        let reported = || {
            self.primary.command(&["PUBLISH", "testing", "a first word"])?;
            let info = self.primary.command(&["INFO", "replication"])?;
            Ok(info.contains("state=online") && !info.contains(",offset=0,"))
        };
        ready("the replica's first report", settled(reported).await);
    }

    /// Waits until the replica has everything that the primary has acknowledged so far.
    ///
    /// # Panics
    /// When it does not catch up.
    pub async fn caught_up(&self) {
        let caught_up = || {
            let offset = |server: &Redis| field(server, "replication", "master_repl_offset:");
            Ok(offset(&self.primary)? == offset(&self.replica)?)
        };
        ready("the replica catching up", settled(caught_up).await);
    }
}

/// A primary and a replica in step.
///
/// # Panics
/// When no Redis can be had, or when the replica does not come up.
pub async fn redis_replicated() -> RedisReplicated {
    replicated(None).await
}

async fn replicated(tls: Option<&RedisAuthority>) -> RedisReplicated {
    let tls = tls.map(RedisAuthority::server);
    let started = blocking(move || -> Result<_> {
        // Without the delay a replica that connects first is served at once.
        let primary = start(&["--repl-diskless-sync-delay", "0"], tls.as_ref())?;
        let port = primary.tls_port().unwrap_or(primary.port()).to_string();
        let replica = start(&["--replicaof", "127.0.0.1", &port], tls.as_ref())?;
        Ok(RedisReplicated { primary, replica })
    });
    let pair = ready("a replicated Redis for this test", started.await);
    let linked = || Ok(field(&pair.replica, "replication", "master_link_status:")? == "up");
    ready("the replica's first copy", settled(linked).await);
    pair.followed().await;
    pair
}

/// A primary and a replica, watched by a Sentinel that fails over half a second after the primary went.
#[derive(Debug)]
pub struct RedisSentinel {
    /// The servers that are watched.
    pub pair: RedisReplicated,
    /// The one that watches; clients ask it for the primary.
    pub sentinel: Redis,
}

impl RedisSentinel {
    /// What the pair is called.
    pub const NAME: &'static str = "rekey";

    /// Waits until the replica has taken over.
    ///
    /// # Panics
    /// When it has not within half a minute.
    pub async fn failed_over(&self) {
        let replica = &self.pair.replica;
        let port = replica.tls_port().unwrap_or(replica.port()).to_string();
        let taken_over = || {
            let address = self.sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME])?;
            let known = self.sentinel.command(&["SENTINEL", "MASTER", Self::NAME])?;
            // Until it has a connection to the new primary of its own, it names it to nobody who asks for one that is well.
            let is_well = known.contains("flags\r\n$6\r\nmaster\r\n");
            let is_primary = field(&self.pair.replica, "replication", "role:")? == "master";
            Ok(address.contains(&port) && is_well && is_primary)
        };
        ready("the failover", settled(taken_over).await);
    }
}

/// A pair under a Sentinel that knows both.
///
/// # Panics
/// When no Redis can be had, or when the Sentinel does not find the replica.
pub async fn redis_sentinel() -> RedisSentinel {
    sentinel(None).await
}

/// The same where everybody speaks TLS and shows a certificate of this authority; servers are `127.0.0.1`.
///
/// # Panics
/// As [`redis_sentinel`].
pub async fn redis_sentinel_tls(authority: &RedisAuthority) -> RedisSentinel {
    sentinel(Some(authority)).await
}

async fn sentinel(tls: Option<&RedisAuthority>) -> RedisSentinel {
    let pair = replicated(tls).await;
    let port = pair.primary.tls_port().unwrap_or(pair.primary.port());
    let name = RedisSentinel::NAME;
    let configuration = format!(
        "sentinel monitor {name} 127.0.0.1 {port} 1\nsentinel down-after-milliseconds {name} 500\n\
         sentinel failover-timeout {name} 5000\n"
    );
    let tls = tls.map(RedisAuthority::server);
    let sentinel = blocking(move || match &tls {
        Some(tls) => Redis::start_sentinel_tls(&configuration, tls),
        None => Redis::start_sentinel(&configuration),
    });
    let sentinel = sentinel.await;
    let sentinel = ready("a Sentinel for this test", sentinel);
    let knows_both = || Ok(field(&sentinel, "sentinel", "master0:")?.contains("slaves=1"));
    ready("the Sentinel finding the replica", settled(knows_both).await);
    RedisSentinel { pair, sentinel }
}

/// Three primaries that share the slots; there are no replicas.
#[derive(Debug)]
pub struct RedisCluster {
    /// The servers, in the order of their slots.
    pub nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Where the nodes listen.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    /// Where the nodes listen for TLS.
    #[must_use]
    pub fn tls_urls(&self) -> Vec<String> {
        let ports = self.nodes.iter().filter_map(Redis::tls_port);
        ports.map(|port| format!("rediss://127.0.0.1:{port}/")).collect()
    }
}

pub(crate) const SLOTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

/// A cluster of three primaries in which every node knows where every slot is.
///
/// # Panics
/// When no Redis 7 can be had, or when the nodes do not agree.
pub async fn redis_cluster() -> RedisCluster {
    cluster(None).await
}

/// The same where everybody speaks TLS and shows a certificate of this authority; servers are `127.0.0.1`.
///
/// # Panics
/// As [`redis_cluster`].
pub async fn redis_cluster_tls(authority: &RedisAuthority) -> RedisCluster {
    cluster(Some(authority.server())).await
}

async fn cluster(tls: Option<RedisTls>) -> RedisCluster {
    let formed = blocking(move || form(tls.as_ref())).await;
    let cluster = ready("a Redis Cluster for this test", formed);
    agreed(&cluster.nodes, cluster.nodes.len()).await;
    cluster
}

/// Waits until each of these nodes knows so many and finds every slot served.
pub(crate) async fn agreed(nodes: &[Redis], count: usize) {
    let known = format!("cluster_known_nodes:{count}\r");
    for node in nodes {
        let agrees = || {
            let info = node.command(&["CLUSTER", "INFO"])?;
            Ok(info.contains("cluster_state:ok") && info.contains(&known))
        };
        ready("a cluster node that agrees", settled(agrees).await);
    }
}

fn start(settings: &[&str], tls: Option<&RedisTls>) -> Result<Redis> {
    match tls {
        Some(tls) => Redis::start_tls(settings, tls),
        None => Redis::start(settings),
    }
}

fn form(tls: Option<&RedisTls>) -> Result<RedisCluster> {
    let mut nodes = Vec::new();
    let mut bus_ports = Vec::new();
    for (number, (first, last)) in SLOTS.iter().enumerate() {
        let (node, bus_port) = start_node(tls)?;
        node.command(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()])?;
        node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()])?;
        nodes.push(node);
        bus_ports.push(bus_port);
    }
    let first = nodes[0].tls_port().unwrap_or(nodes[0].port()).to_string();
    for node in &nodes[1..] {
        node.command(&["CLUSTER", "MEET", "127.0.0.1", &first, &bus_ports[0]])?;
    }
    Ok(RedisCluster { nodes })
}

/// A node that knows nobody yet, and the port on which it talks to others.
pub(crate) fn start_node(tls: Option<&RedisTls>) -> Result<(Redis, String)> {
    let bus_port = free_port().to_string();
    let settings = [
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus_port,
        "--cluster-node-timeout",
        "2000",
        "--cluster-config-file",
        "nodes.conf",
        // Without the delay a replica that connects first is served at once.
        "--repl-diskless-sync-delay",
        "0",
    ];
    Ok((start(&settings, tls)?, bus_port))
}

pub(crate) fn field(server: &Redis, section: &str, name: &str) -> Result<String> {
    let info = server.command(&["INFO", section])?;
    let value =
        info.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    Ok(value.trim().to_owned())
}

/// Waits until something is so. A server that cuts off whoever asks is asked again: a Sentinel has those that it gives a new role end
/// their connections.
pub(crate) async fn settled(mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let mut seen = Ok(false);
    let looking = async {
        loop {
            seen = is_so();
            if matches!(seen, Ok(true)) {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(SETTLED_WITHIN, looking).await.is_ok() {
        return Ok(());
    }
    seen?;
    bail!("not within half a minute")
}

#[cfg(test)]
mod tests {
    use redis::AsyncCommands;

    use super::*;

    #[tokio::test]
    async fn a_promoted_replica_has_what_was_written_and_takes_writes() {
        let mut pair = redis_replicated().await;
        pair.primary.command(&["SET", "colour", "blue"]).unwrap();
        pair.caught_up().await;

        let before = pair.replica.command(&["SET", "colour", "red"]);
        pair.primary.kill().unwrap();
        pair.promote();

        assert!(before.is_err());
        assert_eq!(pair.replica.command(&["GET", "colour"]).unwrap(), "$4\r\nblue\r\n");
        assert_eq!(pair.replica.command(&["SET", "colour", "red"]).unwrap(), "+OK\r\n");
    }

    #[tokio::test]
    async fn a_sentinel_promotes_the_replica_of_a_dead_primary() {
        let mut watched = redis_sentinel().await;

        watched.pair.primary.kill().unwrap();
        watched.failed_over().await;

        assert_eq!(watched.pair.replica.command(&["SET", "colour", "red"]).unwrap(), "+OK\r\n");
    }

    #[tokio::test]
    async fn a_cluster_serves_every_slot() {
        let cluster = redis_cluster().await;
        let client = redis::cluster::ClusterClient::new(cluster.urls()).unwrap();
        let mut connection = client.get_async_connection().await.unwrap();

        for number in 0..50 {
            let _: () = connection.set(format!("key {number}"), number).await.unwrap();
        }

        let sizes: Vec<String> =
            cluster.nodes.iter().map(|node| node.command(&["DBSIZE"]).unwrap()).collect();
        assert!(sizes.iter().all(|size| size != ":0\r\n"), "{sizes:?}");
    }
}
