//! The suite as a cluster runs it: a process of the built program for each part with mTLS between them, over stores and a
//! mail server that the test hands in and may break.
//!
//! The portal has a file of settings of its own, so that a program of the past can read that of the others.

mod document;
mod foundation;
pub mod replicas;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rekey::Part;
use rekey::folder::DataFolder;
use rekey_client::{ClientSettings, Connection};
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_servers::free_port;
use rekey_testing::{Database, Environment, Proxy, RedisHandle, SmtpServer};
use tempfile::TempDir;

pub use foundation::{Foundation, StoreUrls, gateway, relay};

use crate::authority::{Authority, Certificate};
use crate::backend::Backend;
use crate::processes::{Outcome, Running, rekey, rekey_at, run};

/// The backend that tests call as.
const BACKEND: &str = "backend";
/// The first administrator's password.
const ADMINISTRATOR_PASSWORD: &str = "seven quiet lanterns under snow";

/// What a deployment stands on.
pub struct Ground {
    /// Identity's database.
    pub identity: Database,
    /// Notification's database.
    pub notification: Database,
    /// Codes and throttles.
    pub redis: RedisHandle,
    /// The relay: it wants STARTTLS and a login.
    pub mail: Arc<SmtpServer>,
}

impl Ground {
    /// Everything real, empty and private.
    pub async fn new() -> Self {
        Self {
            identity: rekey_testing::postgres().await,
            notification: rekey_testing::postgres().await,
            redis: rekey_testing::redis().await,
            mail: Arc::new(rekey_testing::smtp_server().await),
        }
    }
}

/// A part's ports.
#[derive(Debug, Clone, Copy)]
struct Ports {
    part: Part,
    listen: u16,
    health: u16,
}

/// The parts, each of which may run or not, on what is usually a [`Ground`].
pub struct Deployment<F = Ground> {
    /// What it stands on.
    pub ground: F,
    /// Who certifies its workloads.
    pub authority: Authority,
    /// Another program than the one that was built.
    program: Option<PathBuf>,
    settings: PathBuf,
    changes: Vec<(String, String)>,
    ports: [Ports; 4],
    backend: Certificate,
    // Before the folder, in which their logs are.
    running: Vec<(Part, Running)>,
    folder: TempDir,
}

impl<F: Foundation> Deployment<F> {
    /// Certificates, keys, callers and settings; nothing runs and the databases are empty.
    ///
    /// `changes` are settings of this test, written without the `REKEY__` that the environment has.
    pub fn prepare(ground: F, changes: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(&folder.path().join("tls"));
        let data = DataFolder::open(&folder.path().join("data"), &SystemEntropy, SystemClock.now()).unwrap();
        let ports = Part::ALL.map(|part| Ports { part, listen: free_port(), health: free_port() });
        let settings = folder.path().join("rekey.toml");
        document::write(&settings, &ground, &authority, &data, &ports);
        let backend = authority.issue(BACKEND);
        let changes = changes.iter().map(|(key, value)| (format!("REKEY__{key}"), (*value).to_owned()));
        let changes = changes.collect();
        Self {
            ground,
            authority,
            folder,
            program: None,
            settings,
            changes,
            ports,
            running: Vec::new(),
            backend,
        }
    }

    /// Migrated, with a first tenant, every part ready: what most tests begin with.
    pub async fn start(ground: F, changes: &[(&str, &str)]) -> (Self, Backend) {
        let mut deployment = Self::prepare(ground, changes);
        let migrated = deployment.migrate().await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
        deployment.serve().await;
        let backend = Backend::new(deployment.connect(Part::Identity), tenant_id);
        (deployment, backend)
    }

    /// Launches every part and waits until all are ready. A program of the past may have no portal.
    pub async fn serve(&mut self) {
        let parts: &[Part] = if self.program.is_none() { &Part::ALL } else { &Part::GRPC };
        for part in parts {
            self.launch(*part);
        }
        for part in parts {
            self.ready(*part).await;
        }
    }

    /// From now on its commands run this program; none is the one that was built.
    pub fn run_program(&mut self, program: Option<PathBuf>) {
        self.program = program;
    }

    /// A command with this deployment's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_with(&self.settings, arguments)
    }

    /// A command with the settings of the portal.
    pub fn portal_command(&self, arguments: &[&str]) -> Command {
        self.command_with(&document::of_portal(&self.settings), arguments)
    }

    fn command_with(&self, settings: &Path, arguments: &[&str]) -> Command {
        let mut command = self.program.as_deref().map_or_else(rekey, rekey_at);
        command.args(arguments).arg("--config").arg(settings).current_dir(self.folder.path());
        command.envs(self.changes.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Where its files are, and where its commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `rekey migrate`.
    pub async fn migrate(&self) -> Outcome {
        run(self.command(&["migrate"])).await
    }

    /// `rekey bootstrap` with a tenant of this handle.
    pub async fn bootstrap(&self, handle: &str) -> Outcome {
        let password = self.folder.path().join(format!("first-password-of-{handle}"));
        std::fs::write(&password, ADMINISTRATOR_PASSWORD).unwrap();
        let login = format!("admin@{handle}.example");
        let mut command = self.command(&["bootstrap", "--json", "--name", "Acme Works", "--handle", handle]);
        command.args(["--login", &login, "--email", &login, "--password-file"]).arg(password);
        run(command).await
    }

    /// `rekey serve`: starts a part and does not wait.
    pub fn launch(&mut self, part: Part) {
        self.launch_in(part, &Environment::default());
    }

    /// The same in an environment of its own, on whose disk its log is.
    pub fn launch_in(&mut self, part: Part, environment: &Environment) {
        let mut command = match part {
            Part::Portal => self.portal_command(&["serve", part.name()]),
            called => self.command(&["serve", called.name()]),
        };
        command.env("REKEY__HEALTH__LISTEN", self.health(part));
        command.envs(environment.variables.iter().map(|(name, value)| (name, value)));
        let logs = environment.disk.as_deref().unwrap_or(self.folder.path());
        let running = Running::start(part.name(), command, logs);
        self.running.push((part, running));
    }

    /// Waits until a part is ready.
    pub async fn ready(&mut self, part: Part) {
        let health = self.health(part);
        self.process(part).ready(&health).await;
    }

    /// Launches a second process of a part on the same stores and waits until it is ready; its port.
    pub async fn replicate(&mut self, part: Part) -> u16 {
        let (port, health) = (free_port(), format!("127.0.0.1:{}", free_port()));
        let mut command = self.command(&["serve", part.name()]);
        command.env("REKEY__HEALTH__LISTEN", &health);
        let listen = format!("REKEY__{}__SERVER__LISTEN", part.name().to_uppercase());
        command.env(listen, format!("127.0.0.1:{port}"));
        let mut replica = Running::start(&format!("{}-replica", part.name()), command, self.folder());
        replica.ready(&health).await;
        self.running.push((part, replica));
        port
    }

    /// A balancer of TCP before both processes of identity: of connections that are opened through it one after the other,
    /// each reaches the other process.
    pub async fn balance_identity(&self, replica: u16) -> Proxy {
        Proxy::before_ports(&[self.ports_of(Part::Identity).listen, replica]).await
    }

    /// A connection to whatever serves on this port, as the backend.
    pub fn connect_to(&self, port: u16) -> Connection {
        Connection::open(&self.authority.client(port, &self.backend), || None).unwrap()
    }

    /// Kills a part, with its replicas, without a chance to tidy up.
    pub fn kill(&mut self, part: Part) {
        self.kill_oldest(part);
        self.running.retain(|(running, _)| *running != part);
    }

    /// Kills the process of a part that was launched first, without a chance to tidy up.
    ///
    /// # Panics
    /// When none was launched.
    pub fn kill_oldest(&mut self, part: Part) {
        let oldest = self.running.iter().position(|(running, _)| *running == part);
        let (_, mut oldest) = self.running.remove(oldest.expect("the part runs"));
        oldest.kill();
    }

    /// From now on its commands run with this setting as well, written without the `REKEY__` that the environment has.
    pub fn change(&mut self, key: &str, value: String) {
        self.changes.push((format!("REKEY__{key}"), value));
    }

    /// The port that a part serves.
    pub fn port(&self, part: Part) -> u16 {
        self.ports_of(part).listen
    }

    /// Whether every process that was launched and not killed is there.
    pub fn is_whole(&mut self) -> bool {
        self.running.iter_mut().all(|(_, process)| process.is_running())
    }

    /// Asks every part to stop and asserts that each ends well.
    pub async fn stop(mut self) {
        while let Some((part, process)) = self.running.pop() {
            let status = process.stop().await;
            assert!(status.success(), "{} ended with {status}", part.name());
        }
    }

    /// The process of a part.
    ///
    /// # Panics
    /// When it was not launched.
    pub fn process(&mut self, part: Part) -> &mut Running {
        &mut self.running.iter_mut().find(|(running, _)| *running == part).expect("the part runs").1
    }

    /// Where a part's health port is.
    pub fn health(&self, part: Part) -> String {
        format!("127.0.0.1:{}", self.ports_of(part).health)
    }

    /// How to call a part as the backend, by certificate.
    pub fn client(&self, part: Part) -> ClientSettings {
        self.client_with(part, &self.backend)
    }

    /// How to call a part with another certificate.
    pub fn client_with(&self, part: Part, certificate: &Certificate) -> ClientSettings {
        self.authority.client(self.ports_of(part).listen, certificate)
    }

    /// A profile for commands that call identity as the backend.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn profile(&self) -> PathBuf {
        let settings = self.client(Part::Identity);
        let mut identity = toml::Table::new();
        identity.insert("endpoint".to_owned(), settings.endpoint.into());
        identity.extend(settings.server_name.map(|name| ("server_name".to_owned(), name.into())));
        let files = [
            ("ca_file", settings.ca_file),
            ("certificate_file", settings.certificate_file),
            ("key_file", settings.key_file),
        ];
        for (name, file) in files {
            identity.extend(file.map(|file| (name.to_owned(), file.display().to_string().into())));
        }
        let profile = toml::Table::from_iter([("identity".to_owned(), identity.into())]);
        let path = self.folder.path().join("profile.toml");
        std::fs::write(&path, profile.to_string()).unwrap();
        path
    }

    /// A connection to a part as the backend.
    pub fn connect(&self, part: Part) -> Connection {
        Connection::open(&self.client(part), || None).unwrap()
    }

    fn ports_of(&self, part: Part) -> Ports {
        *self.ports.iter().find(|ports| ports.part == part).expect("every part has ports")
    }
}
