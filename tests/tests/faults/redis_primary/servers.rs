//! Two ways to replace a primary that is dead.

use rekey_testing::{RedisClusterReplicated, RedisSentinel};

/// A primary with whoever replaces it.
pub(super) enum Servers {
    Sentinel(Box<RedisSentinel>),
    Cluster(Box<RedisClusterReplicated>),
}

impl Servers {
    pub(super) fn url(&self) -> String {
        match self {
            Self::Sentinel(watched) => {
                format!("redis-sentinel://127.0.0.1:{}/{}", watched.sentinel.port(), RedisSentinel::NAME)
            }
            Self::Cluster(servers) => {
                let nodes = servers.cluster.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
                format!("redis-cluster://{}", nodes.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Kills the primary that holds a tenant's codes, tells that it is dead, and waits until its replica has taken over.
    pub(super) async fn kill_primary(&mut self, tenant_id: &str, tell: impl FnOnce()) {
        match self {
            Self::Sentinel(watched) => {
                watched.pair.primary.kill().unwrap();
                tell();
                watched.failed_over().await;
            }
            Self::Cluster(servers) => {
                let place = servers.place_of(&format!("{{{tenant_id}}}"));
                servers.kill_primary(place);
                tell();
                servers.failed_over(place).await;
            }
        }
    }
}
