//! The stores a world stands on, in the combinations that a deployment may have.

use rekey::development;
use rekey_testing::{Database, PgBouncer, RedisCluster, RedisHandle, RedisSentinel};

/// Where a world keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// SQLite files and process memory.
    Embedded,
    /// A Postgres with two databases, and a Redis.
    Real,
    /// A Postgres with two databases, and process memory.
    PostgresAlone,
    /// SQLite files, and a Redis.
    RedisAlone,
    /// A Postgres with two databases, and three Redis servers that share the slots.
    Cluster,
    /// A Postgres with two databases, and a Redis that a Sentinel names.
    Sentinel,
    /// A Postgres with two databases behind a PgBouncer in transaction mode, and a Redis.
    Pooled,
}

/// What runs for one world, empty and private.
pub(crate) struct Servers {
    pub(crate) databases: Vec<Database>,
    pub(crate) redis: Option<RedisHandle>,
    pub(crate) several: Option<Several>,
    pub(crate) pooler: Option<PgBouncer>,
}

/// A Redis of several servers, which no test breaks: it is only kept.
pub(crate) enum Several {
    Cluster(RedisCluster),
    Sentinel(Box<RedisSentinel>),
}

impl Servers {
    pub(crate) async fn start(stores: Stores) -> Self {
        let databases = match stores {
            Stores::Embedded | Stores::RedisAlone => Vec::new(),
            _ => vec![rekey_testing::postgres().await, rekey_testing::postgres().await],
        };
        let redis = match stores {
            Stores::Real | Stores::RedisAlone | Stores::Pooled => Some(rekey_testing::redis().await),
            _ => None,
        };
        let several = match stores {
            Stores::Cluster => Some(Several::Cluster(rekey_testing::redis_cluster().await)),
            Stores::Sentinel => Some(Several::Sentinel(Box::new(rekey_testing::redis_sentinel().await))),
            _ => None,
        };
        let pooler = match stores {
            Stores::Pooled => Some(rekey_testing::pgbouncer().await),
            _ => None,
        };
        Self { databases, redis, several, pooler }
    }

    /// What changes once the databases are migrated: they are reached through the pooler, if there is one.
    pub(crate) fn pooled(&self) -> Vec<development::Setting> {
        let Some(pooler) = &self.pooler else { return Vec::new() };
        let pooled = |(part, database): (&str, &Database)| {
            [
                development::set(&format!("{part}__STORE__URL"), &pooler.url(database.name())),
                development::set(&format!("{part}__STORE__POOLING"), "transaction"),
            ]
        };
        ["IDENTITY", "NOTIFICATION"].into_iter().zip(&self.databases).flat_map(pooled).collect()
    }

    /// The addresses of identity's and notification's Postgres: those of the settings come before ours, as in the settings.
    pub(crate) fn postgres(&self, changes: &[(&str, &str)]) -> [Option<String>; 2] {
        let named = |key| changes.iter().find(|(name, _)| *name == key).map(|(_, url)| (*url).to_owned());
        let ours = |index: usize| self.databases.get(index).map(|one: &Database| one.url().to_owned());
        [
            named("IDENTITY__STORE__URL").or_else(|| ours(0)),
            named("NOTIFICATION__STORE__URL").or_else(|| ours(1)),
        ]
    }

    /// Their names, as settings have them.
    pub(crate) fn named(&self) -> development::Stores {
        let databases: Vec<String> = self.databases.iter().map(|one| one.url().to_owned()).collect();
        let several = self.several.as_ref().map(Several::url);
        development::Stores {
            postgres: databases.try_into().ok(),
            redis: several.or_else(|| self.redis.as_ref().map(RedisHandle::url)),
        }
    }
}

impl Several {
    fn url(&self) -> String {
        let host = |server: &RedisHandle| format!("127.0.0.1:{}", server.port());
        match self {
            Self::Cluster(cluster) => {
                let hosts: Vec<String> = cluster.nodes.iter().map(host).collect();
                format!("redis-cluster://{}", hosts.join(","))
            }
            Self::Sentinel(watched) => {
                format!("redis-sentinel://{}/{}", host(&watched.sentinel), RedisSentinel::NAME)
            }
        }
    }
}
