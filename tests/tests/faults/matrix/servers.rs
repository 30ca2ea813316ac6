//! What the parts of a cell stand on: real servers that may be struck, each behind a proxy that may be as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rekey_testing::{
    Environment, Mail, MovableClock, PostgresServer, Proxy, RedisHandle, RedisSentinel, SmallDisk,
    SmsGateway, SmtpServer, Taken, Text,
};
use rekey_tests::deployment::{Foundation, StoreUrls, gateway, relay};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::cell::{Cell, Fault, Target};

/// Room for two databases and a while of load, filled in no time.
const DISK_MEGABYTES: u32 = 192;

/// Everything is written to the disk, as those do who do not want to lose limits with a restart.
const KEEPING: [&str; 2] = ["--appendonly", "yes"];

/// The Redis of a cell.
pub(super) enum Redis {
    One(RedisHandle),
    /// A pair that a Sentinel watches.
    Watched(Box<RedisSentinel>),
}

/// The servers. Whoever is to take over stands last in its list, and only in cells in which somebody takes over.
pub(super) struct Servers {
    pub(super) postgres: Vec<PostgresServer>,
    pub(super) redis: Redis,
    pub(super) relays: Vec<SmtpServer>,
    pub(super) gateways: Vec<SmsGateway>,
    /// What stands before the first of each.
    pub(super) proxies: BTreeMap<Target, Proxy>,
    /// The clock of the target, in cells that set it.
    pub(super) clock: Option<MovableClock>,
    /// The disk of the target, in cells that fill it. Last: whose data it holds ends first.
    pub(super) disk: Option<SmallDisk>,
}

impl Servers {
    /// Starts them for a cell.
    pub(super) async fn start(cell: Cell) -> Self {
        let clock =
            if cell.fault == Fault::ClockJump { Some(rekey_testing::movable_clock().await) } else { None };
        let disk = match cell.fault {
            Fault::FullDisk => Some(rekey_testing::small_disk(DISK_MEGABYTES).await),
            _ => None,
        };
        let environment = |target| environment_of(cell, target, clock.as_ref(), disk.as_ref());
        let postgres = postgres(cell, environment(Target::Postgres)).await;
        let redis = redis(cell, environment(Target::Redis)).await;
        let mut relays = vec![rekey_testing::smtp_server_in(environment(Target::Smtp)).await];
        let mut gateways = vec![rekey_testing::sms_gateway_in(environment(Target::Sms)).await];
        if cell.is(Target::Smtp, Fault::Failover) {
            relays.push(rekey_testing::smtp_server().await);
        }
        if cell.is(Target::Sms, Fault::Failover) {
            gateways.push(rekey_testing::sms_gateway_in(Environment::default()).await);
        }
        let ports = [
            (Target::Postgres, postgres[0].port()),
            (Target::Redis, redis.port()),
            (Target::Smtp, relays[0].port()),
            (Target::Sms, gateways[0].port()),
        ];
        let mut proxies = BTreeMap::new();
        for (target, port) in ports {
            proxies.insert(target, Proxy::before_port(port).await);
        }
        Self { postgres, redis, relays, gateways, proxies, clock, disk }
    }

    /// The environment of a part.
    pub(super) fn environment(&self, cell: Cell, target: Target) -> Environment {
        environment_of(cell, target, self.clock.as_ref(), self.disk.as_ref())
    }

    /// What the relays take, and the gateways.
    pub(super) fn taken(&self) -> (Vec<Taken<Mail>>, Vec<Taken<Text>>) {
        let mails = self.relays.iter().map(SmtpServer::taken).collect();
        (mails, self.gateways.iter().map(SmsGateway::taken).collect())
    }

    /// The Postgres that serves in the end, reached without the proxy: before a failover it is the replica.
    pub(super) fn primary(&self) -> &PostgresServer {
        self.postgres.last().expect("there is one")
    }

    /// A connection to one of its databases.
    pub(super) async fn database(&self, name: &str) -> PgConnection {
        PgConnection::connect(&self.primary().url(name)).await.unwrap()
    }

    /// Where servers keep what they write.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let postgres = self.postgres.iter().map(PostgresServer::folder);
        postgres
            .chain(self.redis.servers().into_iter().map(RedisHandle::folder))
            .map(Path::to_owned)
            .collect()
    }

    fn port(&self, target: Target) -> u16 {
        self.proxies[&target].port()
    }
}

impl Foundation for Servers {
    fn stores(&self) -> StoreUrls {
        let database = |name| {
            format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", self.port(Target::Postgres))
        };
        let redis = match &self.redis {
            Redis::One(_) => format!("redis://127.0.0.1:{}/", self.port(Target::Redis)),
            Redis::Watched(watched) => {
                format!("redis-sentinel://127.0.0.1:{}/{}", watched.sentinel.port(), RedisSentinel::NAME)
            }
        };
        StoreUrls { identity: database("identity"), notification: database("notification"), redis }
    }

    fn providers(&self, folder: &Path) -> String {
        // Two of a kind are reached directly: a proxy takes the connection that a dead server refuses, and then an answer was
        // lost, after which nobody else is asked.
        let relays = self.relays.iter().enumerate().map(|(place, server)| {
            let port = if self.relays.len() == 1 { self.port(Target::Smtp) } else { server.port() };
            relay(folder, &format!("relay-{place}"), server, port)
        });
        let gateways = self.gateways.iter().enumerate().map(|(place, server)| {
            let port = if self.gateways.len() == 1 { self.port(Target::Sms) } else { server.port() };
            gateway(&format!("gateway-{place}"), port)
        });
        relays.chain(gateways).collect()
    }
}

impl Redis {
    fn servers(&self) -> Vec<&RedisHandle> {
        match self {
            Self::One(server) => vec![server],
            Self::Watched(watched) => vec![&watched.pair.primary, &watched.pair.replica],
        }
    }

    /// The port of the server that takes writes, until another one takes over.
    fn port(&self) -> u16 {
        self.servers()[0].port()
    }

    /// The server that is struck.
    pub(super) fn struck(&mut self) -> &mut RedisHandle {
        match self {
            Self::One(server) => server,
            Self::Watched(watched) => &mut watched.pair.primary,
        }
    }
}

/// What a target of a cell is started in: with the clock or on the disk of the cell where it is its target, and as ever elsewhere.
fn environment_of(
    cell: Cell,
    target: Target,
    clock: Option<&MovableClock>,
    disk: Option<&SmallDisk>,
) -> Environment {
    if cell.target != target {
        return Environment::default();
    }
    Environment {
        disk: disk.map(|disk| disk.path().to_owned()),
        variables: clock.map(MovableClock::variables).unwrap_or_default(),
    }
}

/// A server with an empty database for each part that has one, and where somebody must take over a replica that every commit
/// waits for.
async fn postgres(cell: Cell, environment: Environment) -> Vec<PostgresServer> {
    let primary = rekey_testing::postgres_server_in(environment).await;
    let mut superuser = PgConnection::connect(&primary.url("postgres")).await.unwrap();
    for name in ["identity", "notification"] {
        let create = format!("create database {name} strategy file_copy");
        superuser.execute(AssertSqlSafe(create)).await.unwrap();
    }
    superuser.close().await.unwrap();
    if !cell.is(Target::Postgres, Fault::Failover) {
        return vec![primary];
    }
    let (primary, replica) = rekey_testing::with_replica(primary).await;
    rekey_testing::replay_before_commit(&primary).await;
    vec![primary, replica]
}

async fn redis(cell: Cell, environment: Environment) -> Redis {
    if !cell.is(Target::Redis, Fault::Failover) {
        return Redis::One(rekey_testing::redis_in(&KEEPING, environment).await);
    }
    let watched = rekey_testing::redis_sentinel().await;
    for server in [&watched.pair.primary, &watched.pair.replica] {
        server.command(&["CONFIG", "SET", "appendonly", "yes"]).unwrap();
    }
    Redis::Watched(Box::new(watched))
}
