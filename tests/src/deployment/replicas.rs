//! Several processes of each part that is called behind names that lead to all of them, as a cluster runs them behind headless Services.
//!
//! Each replica has an address of the loopback network to itself, with the port of its part. The names stand in a hosts
//! file of the deployment, which its processes and the test look into; the file is replaced when a replica comes or goes, as the
//! DNS of a cluster is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rekey::Part;
use rekey_client::{ClientSettings, Connection, Resolver};
use rekey_servers::free_port;

use super::Deployment;
use crate::backend::Backend;
use crate::processes::Running;

/// The hosts file of a deployment, which its processes and the test itself read.
#[derive(Debug, Clone)]
struct Hosts(PathBuf);

/// The replicas of all parts but the portal.
pub struct Replicas {
    /// The oldest first. Before the deployment, in whose folder their logs are.
    running: Vec<(Part, Ipv4Addr, Running)>,
    deployment: Deployment,
    hosts: Hosts,
    /// The last number of an address, which no other replica had.
    last: u16,
}

/// One that is about to be.
struct Launched {
    part: Part,
    address: Ipv4Addr,
    health: String,
    process: Running,
}

impl Replicas {
    /// So many of each part on a deployment that was prepared and has a tenant, all ready.
    pub async fn start(mut deployment: Deployment, count: usize) -> Self {
        let hosts = Hosts(deployment.folder().join("hosts"));
        std::fs::write(&hosts.0, "").unwrap();
        let mut changes = rekey_testing::names_of_file(&hosts.0).await;
        for (part, peer) in super::document::PEERS {
            let table = format!("REKEY__{}__{}", part.name(), peer.name()).to_uppercase();
            let endpoint = format!("https://{}:{}", name_of(peer), deployment.ports_of(peer).listen);
            let settings = [
                ("ENDPOINT", endpoint.as_str()),
                ("SERVER_NAME", "localhost"),
                ("BALANCE", "true"),
                ("RESOLVE_SECONDS", "1"),
            ];
            changes.extend(settings.map(|(name, value)| (format!("{table}__{name}"), value.to_owned())));
        }
        deployment.changes.extend(changes);
        let mut replicas = Self { deployment, hosts, running: Vec::new(), last: 1 };
        let started: Vec<_> = Part::GRPC
            .iter()
            .flat_map(|part| std::iter::repeat_n(*part, count))
            .map(|part| replicas.launch(part))
            .collect();
        for replica in started {
            replicas.admit(replica).await;
        }
        replicas
    }

    /// What they stand on.
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The same, to change what the next replica runs with.
    pub const fn deployment_mut(&mut self) -> &mut Deployment {
        &mut self.deployment
    }

    /// A backend of a tenant that calls whichever replica of identity.
    pub fn backend(&self, tenant_id: String) -> Backend {
        let settings = ClientSettings {
            endpoint: format!(
                "https://{}:{}",
                name_of(Part::Identity),
                self.deployment.ports_of(Part::Identity).listen
            ),
            server_name: Some("localhost".to_owned()),
            balance: true,
            resolve_seconds: 1,
            ..self.deployment.client(Part::Identity)
        };
        let hosts = Arc::new(self.hosts.clone());
        Backend::new(Connection::open_resolving(&settings, || None, hosts).unwrap(), tenant_id)
    }

    /// How many run of a part.
    pub fn count(&self, part: Part) -> usize {
        self.running.iter().filter(|(running, ..)| *running == part).count()
    }

    /// What each of a part said up to now.
    pub fn logs(&self, part: Part) -> Vec<String> {
        let of_part = self.running.iter().filter(|(running, ..)| *running == part);
        of_part.map(|(.., process)| process.log()).collect()
    }

    /// Starts one more of a part at a new address, which its name has when it is ready.
    pub async fn add(&mut self, part: Part) {
        let replica = self.launch(part);
        self.admit(replica).await;
    }

    fn launch(&mut self, part: Part) -> Launched {
        self.last += 1;
        let [high, low] = self.last.to_be_bytes();
        let address = Ipv4Addr::new(127, 0, high, low);
        let health = format!("127.0.0.1:{}", free_port());
        let mut command = self.deployment.command(&["serve", part.name()]);
        command.env("REKEY__HEALTH__LISTEN", &health);
        let listen = format!("{address}:{}", self.deployment.ports_of(part).listen);
        command.env(format!("REKEY__{}__SERVER__LISTEN", part.name().to_uppercase()), listen);
        let name = format!("{}-{}", part.name(), self.last);
        let process = Running::start(&name, command, self.deployment.folder());
        Launched { part, address, health, process }
    }

    async fn admit(&mut self, launched: Launched) {
        let Launched { part, address, health, mut process } = launched;
        process.ready(&health).await;
        self.running.push((part, address, process));
        self.publish();
    }

    /// Asks the oldest one of a part to stop, and takes its address from the name when it has.
    pub async fn stop_oldest(&mut self, part: Part) {
        self.stop_by_age(part, 0).await;
    }

    /// The same with the oldest one but the first, so that one goes on from the beginning to the end.
    pub async fn stop_second_oldest(&mut self, part: Part) {
        self.stop_by_age(part, 1).await;
    }

    async fn stop_by_age(&mut self, part: Part, older: usize) {
        let mut of_part = self.running.iter().enumerate().filter(|(_, (running, ..))| *running == part);
        let (place, _) = of_part.nth(older).expect("so many replicas run");
        let (.., stopped) = self.running.remove(place);
        let status = stopped.stop().await;
        assert!(status.success(), "{} ended with {status}", part.name());
        self.publish();
    }

    /// How much memory each of a part has, in bytes, the oldest first.
    pub fn resident_bytes(&self, part: Part) -> Vec<u64> {
        let of_part = self.running.iter().filter(|(running, ..)| *running == part);
        of_part.map(|(.., process)| process.resident_bytes()).collect()
    }

    /// What every replica said that ever ran, with its name.
    pub fn all_logs(&self) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(self.deployment.folder()).unwrap().map(|entry| entry.unwrap().path());
        let logs = entries.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
    }

    fn publish(&self) {
        let mut text = String::new();
        for (part, address, _) in &self.running {
            writeln!(text, "{address} {}", name_of(*part)).unwrap();
        }
        self.hosts.replace(&text);
    }
}

/// The name that leads to all replicas of a part.
fn name_of(part: Part) -> String {
    format!("{}.rekey.test", part.name())
}

impl Hosts {
    /// In one step: a reader sees the old text or the new one.
    fn replace(&self, text: &str) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &self.0).unwrap();
    }

    fn addresses(path: &Path, host: &str, port: u16) -> io::Result<BTreeSet<SocketAddr>> {
        let text = std::fs::read_to_string(path)?;
        let lines = text.lines().filter_map(|line| line.split_once(' ')).filter(|(_, name)| *name == host);
        Ok(lines.filter_map(|(address, _)| Some(SocketAddr::new(address.parse().ok()?, port))).collect())
    }
}

impl Resolver for Hosts {
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BTreeSet<SocketAddr>>> {
        let found = Self::addresses(&self.0, host, port);
        Box::pin(async move { found })
    }
}
