//! A Redis Cluster that survives the death of a primary: each of the three has a replica.

use anyhow::{Context as _, Result};
use rekey_servers::Redis;

use crate::redis::{RedisCluster, SLOTS, agreed, field, redis_cluster, settled, start_node};
use crate::{blocking, ready};

/// Three primaries that share the slots, and their replicas in the same order.
#[derive(Debug)]
pub struct RedisClusterReplicated {
    /// The primaries.
    pub cluster: RedisCluster,
    /// The replica of each.
    pub replicas: Vec<Redis>,
}

/// A cluster in which every replica is in step.
///
/// # Panics
/// When no Redis 7 can be had, or when the nodes do not agree.
pub async fn redis_cluster_replicated() -> RedisClusterReplicated {
    let cluster = redis_cluster().await;
    let started = blocking(|| SLOTS.iter().map(|_| start_node(None)).collect::<Result<Vec<_>>>()).await;
    let mut replicas = Vec::new();
    for (replica, bus_port) in ready("the replicas of a Redis Cluster", started) {
        let port = replica.port().to_string();
        let met = cluster.nodes[0].command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus_port]);
        ready("a node that joins a cluster", met);
        replicas.push(replica);
    }
    let count = cluster.nodes.len() + replicas.len();
    agreed(&cluster.nodes, count).await;
    agreed(&replicas, count).await;
    for (replica, primary) in replicas.iter().zip(&cluster.nodes) {
        let followed = primary.command(&["CLUSTER", "MYID"]);
        let followed = followed.and_then(|id| {
            let id = id.lines().nth(1).context("a node without an id")?.to_owned();
            replica.command(&["CLUSTER", "REPLICATE", &id])
        });
        ready("a replica that follows", followed);
        let linked = || Ok(field(replica, "replication", "master_link_status:")? == "up");
        ready("the first copy of a cluster's replica", settled(linked).await);
    }
    RedisClusterReplicated { cluster, replicas }
}

impl RedisClusterReplicated {
    /// The place of the primary that holds a key.
    ///
    /// # Panics
    /// When no node says where the key belongs.
    #[must_use]
    pub fn place_of(&self, key: &str) -> usize {
        let slot = self.cluster.nodes[0].command(&["CLUSTER", "KEYSLOT", key]);
        let slot = slot.and_then(|reply| Ok(reply.trim().trim_start_matches(':').parse::<u16>()?));
        let slot = ready("the slot of a key", slot);
        SLOTS.iter().position(|(first, last)| (*first..=*last).contains(&slot)).unwrap_or_default()
    }

    /// Kills the primary at this place without a chance to tidy up.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill_primary(&mut self, place: usize) {
        ready("killing a primary", self.cluster.nodes[place].kill());
    }

    /// Waits until the replica at this place has taken over and every node that lives finds every slot served.
    ///
    /// # Panics
    /// When it has not within half a minute.
    pub async fn failed_over(&self, place: usize) {
        let taken_over = || Ok(field(&self.replicas[place], "replication", "role:")? == "master");
        ready("the failover of a cluster", settled(taken_over).await);
        let others = self.cluster.nodes.iter().enumerate().filter(|(other, _)| *other != place);
        let alive: Vec<&Redis> = others.map(|(_, node)| node).chain(&self.replicas).collect();
        let serving = || {
            let states = alive.iter().map(|node| node.command(&["CLUSTER", "INFO"]));
            let states = states.collect::<Result<Vec<_>>>()?;
            Ok(states.iter().all(|state| state.contains("cluster_state:ok")))
        };
        ready("a cluster that serves again", settled(serving).await);
    }
}

#[cfg(test)]
mod tests {
    use redis::AsyncCommands as _;

    use super::*;

    #[tokio::test]
    async fn the_replica_of_a_dead_primary_takes_over() {
        let mut servers = redis_cluster_replicated().await;
        let client = redis::cluster::ClusterClient::new(servers.cluster.urls()).unwrap();
        let mut connection = client.get_async_connection().await.unwrap();
        let _: () = connection.set("colour", "blue").await.unwrap();
        let place = servers.place_of("colour");
        let _: i64 = redis::cmd("WAIT").arg(1).arg(1_000).query_async(&mut connection).await.unwrap();

        servers.kill_primary(place);
        servers.failed_over(place).await;

        let colour = servers.replicas[place].command(&["GET", "colour"]).unwrap();
        assert_eq!(colour, "$4\r\nblue\r\n");
    }
}
