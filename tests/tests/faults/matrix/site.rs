//! The deployment of a cell: three parts with a proxy before each, on servers that may be struck; and how the fault of the cell
//! begins and ends.

use std::collections::BTreeMap;
use std::time::Duration;

use rekey::Part;
use rekey_testing::{Fault as Network, Proxy};
use rekey_tests::backend::Backend;
use rekey_tests::deployment::Deployment;
use rekey_tests::waiting::eventually;
use sqlx::Executor as _;

use super::cell::{Cell, Fault, Target};
use super::servers::{Redis, Servers};
use crate::faults::kill;

/// How late data is on a slow network: a question and its answer together stay below what Redis is given.
const LATE: Duration = Duration::from_millis(150);
/// How far a clock is set: beyond the minute by which clocks of replicas may differ, and within the life of a code.
const JUMP_SECONDS: i64 = 300;

/// Budgets that a few people under load do not spend, text messages, and codes too long to be found by chance.
const SETTINGS: [(&str, &str); 10] = [
    ("IDENTITY__RESETS__CARRIED_KINDS", "email,phone"),
    ("VERIFICATION__PHONE__COUNTRIES", "US"),
    ("VERIFICATION__CODE__LENGTH", "10"),
    ("VERIFICATION__RESEND__LADDER_SECONDS", "1"),
    ("VERIFICATION__RESEND__SENDS", "20"),
    ("IDENTITY__LIMITS__PASSWORDS_PER_LOGIN_PER_MINUTE", "1000"),
    // A machine that builds at the same time is slow, not overloaded.
    ("IDENTITY__HASHING__PATIENCE_MS", "8000"),
    ("NOTIFICATION__DELIVERY__TRANSIENT_FIRST_SECONDS", "1"),
    ("NOTIFICATION__DELIVERY__TRANSIENT_LONGEST_SECONDS", "2"),
    ("NOTIFICATION__DELIVERY__SHORTEST_WAIT_MS", "500"),
];

/// Three parts, people's backend, and what they stand on.
pub(super) struct Site {
    pub(super) deployment: Deployment<Servers>,
    pub(super) backend: Backend,
    /// What stands before each part.
    doors: BTreeMap<Target, Proxy>,
    /// The port of the process that is to take over, in cells in which one of a part does.
    replica: Option<u16>,
}

impl Site {
    /// Migrated, with a tenant, every part ready.
    pub(super) async fn start(cell: Cell) -> Self {
        let servers = Servers::start(cell).await;
        let mut deployment = Deployment::prepare(servers, &[&kill::SETTINGS[..], &SETTINGS].concat());
        let doors = doors(&mut deployment).await;
        let migrated = deployment.migrate().await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
        for target in Target::ALL {
            if let Some(part) = target.part() {
                let environment = deployment.ground.environment(cell, target);
                deployment.launch_in(part, &environment);
            }
        }
        for part in Part::GRPC {
            deployment.ready(part).await;
        }
        let replica = match cell {
            Cell { target, fault: Fault::Failover } => match target.part() {
                Some(part) => Some(deployment.replicate(part).await),
                None => None,
            },
            _ => None,
        };
        let connection = deployment.connect_to(doors[&Target::Identity].port());
        Self { deployment, backend: Backend::new(connection, tenant_id), doors, replica }
    }

    /// How many calls of people were refused for the moment or got no answer up to now.
    pub(super) fn met(&self) -> usize {
        self.backend.met().values().sum()
    }

    /// Waits until more were.
    pub(super) async fn refused_more_than(&self, before: usize) {
        let more = async || (self.met() > before).then_some(());
        eventually("the fault is met", more).await;
    }

    /// Begins the fault. One that moves on by itself, such as a clock that is set twice, is over its first half.
    pub(super) async fn strike(&mut self, cell: Cell) {
        match cell.fault {
            Fault::Kill | Fault::Failover => self.kill(cell.target),
            Fault::Stop => self.pause(cell.target),
            Fault::Slow => self.before(cell.target).set(Network::Latency(LATE)),
            Fault::HalfOpen => {
                self.before(cell.target).set(Network::Blackhole);
                self.before(cell.target).strand();
            }
            Fault::FullDisk => self.deployment.ground.disk.as_ref().unwrap().fill(),
            Fault::ClockJump => {
                let clock = self.deployment.ground.clock.as_ref().unwrap();
                clock.set(JUMP_SECONDS);
                tokio::time::sleep(cell.lasts()).await;
                clock.set(-JUMP_SECONDS);
            }
        }
    }

    /// Ends the fault: what was done to the target is undone, and nothing is done to anybody else.
    pub(super) async fn end(&mut self, cell: Cell) {
        match cell.fault {
            Fault::Kill => self.start_again(cell.target).await,
            Fault::Stop => self.resume(cell.target),
            Fault::Slow | Fault::HalfOpen => self.before(cell.target).set(Network::None),
            Fault::FullDisk => {
                self.deployment.ground.disk.as_ref().unwrap().empty();
                // A Postgres that could not write its log has given up, and its supervisor starts it again.
                let primary = &mut self.deployment.ground.postgres[0];
                if !primary.is_running() {
                    primary.restart().unwrap();
                }
            }
            Fault::ClockJump => self.deployment.ground.clock.as_ref().unwrap().set(0),
            Fault::Failover => self.hand_over(cell.target).await,
        }
    }

    /// The proxy before a target.
    fn before(&self, target: Target) -> &Proxy {
        self.doors.get(&target).unwrap_or_else(|| &self.deployment.ground.proxies[&target])
    }

    fn kill(&mut self, target: Target) {
        let Servers { postgres, redis, relays, gateways, .. } = &mut self.deployment.ground;
        match target {
            Target::Postgres => postgres[0].kill().unwrap(),
            Target::Redis => redis.struck().kill().unwrap(),
            Target::Smtp => relays[0].kill(),
            Target::Sms => gateways[0].kill(),
            _ => self.deployment.kill_oldest(target.part().unwrap()),
        }
    }

    async fn start_again(&mut self, target: Target) {
        let Servers { postgres, redis, relays, gateways, .. } = &mut self.deployment.ground;
        match target {
            Target::Postgres => postgres[0].restart().unwrap(),
            Target::Redis => redis.struck().restart().unwrap(),
            Target::Smtp => relays[0].restart().await,
            Target::Sms => gateways[0].restart().await,
            _ => self.deployment.launch(target.part().unwrap()),
        }
    }

    fn pause(&mut self, target: Target) {
        let Servers { postgres, redis, relays, gateways, .. } = &mut self.deployment.ground;
        match target {
            Target::Postgres => postgres[0].pause(),
            Target::Redis => redis.struck().pause(),
            Target::Smtp => relays[0].pause(),
            Target::Sms => gateways[0].pause(),
            _ => self.deployment.process(target.part().unwrap()).pause(),
        }
    }

    fn resume(&mut self, target: Target) {
        let Servers { postgres, redis, relays, gateways, .. } = &mut self.deployment.ground;
        match target {
            Target::Postgres => postgres[0].resume(),
            Target::Redis => redis.struck().resume(),
            Target::Smtp => relays[0].resume(),
            Target::Sms => gateways[0].resume(),
            _ => self.deployment.process(target.part().unwrap()).resume(),
        }
    }

    /// Another one takes over from a target that was killed.
    async fn hand_over(&mut self, target: Target) {
        let servers = &self.deployment.ground;
        match (target, &servers.redis) {
            (Target::Postgres, _) => {
                servers.database("postgres").await.execute("select pg_promote()").await.unwrap();
                self.before(target).lead_to(servers.primary().port());
            }
            (Target::Redis, Redis::Watched(watched)) => watched.failed_over().await,
            // The next provider of the channel is known already.
            (Target::Redis | Target::Smtp | Target::Sms, _) => {}
            _ => self.before(target).lead_to(self.replica.unwrap()),
        }
    }
}

/// A proxy before each part, and the parts told to go by them.
async fn doors(deployment: &mut Deployment<Servers>) -> BTreeMap<Target, Proxy> {
    let mut doors = BTreeMap::new();
    for target in Target::ALL {
        if let Some(part) = target.part() {
            doors.insert(target, Proxy::before_port(deployment.port(part)).await);
        }
    }
    let calls = [
        ("IDENTITY__VERIFICATION", Target::Verification),
        ("IDENTITY__NOTIFICATION", Target::Notification),
        ("VERIFICATION__NOTIFICATION", Target::Notification),
    ];
    for (table, called) in calls {
        deployment
            .change(&format!("{table}__ENDPOINT"), format!("https://localhost:{}", doors[&called].port()));
    }
    doors
}
