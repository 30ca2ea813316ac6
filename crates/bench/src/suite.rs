//! The suite under test: `rekey up` as a process of its own, and the people in it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_servers::{Process, Signal};
use rekey_wire::identity::v1::CreateAccountRequest;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::apart::Apart;
use crate::caller::{Caller, request_id};
use crate::program::{HashCost, Program, Variable, variable};
use crate::stores::{Stores, SuiteStores};

/// A start that takes longer has failed.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// What a suite is made of.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) program: Program,
    pub(crate) stores: Stores,
    apart: Arc<Apart>,
    settings: Vec<Variable>,
}

/// A running suite with data of its own, which ends when dropped.
pub(crate) struct Suite {
    process: Process,
    ready: Ready,
    /// From the start of the process until it said that it was ready.
    pub(crate) ready_after: Duration,
    pub(crate) stores: SuiteStores,
    folder: TempDir,
    setup: Setup,
}

/// What `rekey up` says when it is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    identity: SocketAddr,
    verification: SocketAddr,
    notification: SocketAddr,
    /// Its URL; none of a program from before there were pages.
    portal: Option<String>,
    tenant_id: String,
    service_token: String,
}

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) account_id: String,
    pub(crate) login: String,
    pub(crate) password: String,
}

impl Setup {
    /// A suite as it is by default.
    pub(crate) fn new(program: Program, stores: Stores, apart: Arc<Apart>) -> Self {
        Self { program, stores, apart, settings: Vec::new() }
    }

    /// The same, whose background work looks for more every second.
    pub(crate) fn looking_often(mut self) -> Self {
        self.settings.push(variable("identity.jobs.expiry_seconds", "1"));
        self
    }

    /// The same with these settings too.
    pub(crate) fn with(mut self, settings: impl IntoIterator<Item = Variable>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// The same without limits on strangers, whose answers wait for this long.
    pub(crate) fn unlimited(&self, answer_floor_ms: u64) -> Self {
        let mut setup = self.clone();
        setup.settings.extend(self.program.raised_limits());
        setup.settings.push(variable("identity.answer_floor_ms", &answer_floor_ms.to_string()));
        setup
    }
}

impl Suite {
    /// Starts one on new stores and waits until it is ready.
    pub(crate) async fn start(setup: Setup) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let stores = setup.stores.for_suite(&folder.path().join("data")).await?;
        let (process, ready, ready_after) = launch(&setup, &stores, folder.path()).await?;
        setup.apart.put("suite", [process.id()])?;
        Ok(Self { process, ready, ready_after, stores, folder, setup })
    }

    /// Ends it and starts it again on the same stores.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.stop(Signal::TERM)?;
        (self.process, self.ready, self.ready_after) =
            launch(&self.setup, &self.stores, self.folder.path()).await?;
        self.setup.apart.put("suite", [self.process.id()])
    }

    /// The same with other settings.
    pub(crate) async fn restart_with(
        &mut self,
        settings: impl IntoIterator<Item = Variable>,
    ) -> anyhow::Result<()> {
        self.setup.settings.extend(settings);
        self.restart().await
    }

    /// Memory of its process that is in RAM, in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        resident_bytes(self.process_id())
    }

    /// How many of its threads hash; every core where the system does not tell.
    pub(crate) fn hashing_threads(&self, cores: usize) -> usize {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process_id()));
        let hash = |thread: &std::fs::DirEntry| {
            let name = std::fs::read_to_string(thread.path().join("comm"));
            name.is_ok_and(|name| name.starts_with("rekey-hash"))
        };
        threads.map_or(cores, |threads| threads.flatten().filter(hash).count().max(1))
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What a hash of its costs.
    pub(crate) fn hash_cost(&self) -> anyhow::Result<HashCost> {
        self.setup.program.hash_cost()
    }

    /// The tenant that everything happens in.
    pub(crate) fn tenant_id(&self) -> &str {
        &self.ready.tenant_id
    }

    /// Calls to identity.
    pub(crate) async fn identity(&self) -> anyhow::Result<Caller> {
        Caller::connect(self.ready.identity, self.tenant_id(), Some(&self.ready.service_token)).await
    }

    /// Calls to verification.
    pub(crate) async fn verification(&self) -> anyhow::Result<Caller> {
        Caller::connect(self.ready.verification, self.tenant_id(), Some(&self.ready.service_token)).await
    }

    /// Calls to notification.
    pub(crate) async fn notification(&self) -> anyhow::Result<Caller> {
        Caller::connect(self.ready.notification, self.tenant_id(), Some(&self.ready.service_token)).await
    }

    /// Where browsers reach the portal: its host and port, as the address bar has them.
    pub(crate) fn portal(&self) -> anyhow::Result<&str> {
        let url = self.ready.portal.as_deref().context("this program has no portal")?;
        let host = url.strip_prefix("http://");
        host.with_context(|| format!("the portal is at {url}, which is no address of plain HTTP"))
    }

    /// Makes people with confirmed addresses; their logins begin with `name`.
    pub(crate) async fn people(&self, name: &str, count: usize) -> anyhow::Result<Vec<Person>> {
        self.people_with(name, count, |_| {}).await
    }

    /// The same with something different.
    pub(crate) async fn people_with(
        &self,
        name: &str,
        count: usize,
        change: impl Fn(&mut CreateAccountRequest),
    ) -> anyhow::Result<Vec<Person>> {
        let identity = self.identity().await?;
        let mut accounts = AccountServiceClient::new(identity.channel(0));
        let mut people = Vec::new();
        for number in 0..count {
            let login = format!("{name}{number}@demo.example");
            let password = format!("violet harvest {number} on the pier");
            let mut request = CreateAccountRequest {
                tenant_id: self.ready.tenant_id.clone(),
                logins: vec![login.clone()],
                display_name: format!("{name} {number}"),
                password: password.clone(),
                email_addresses: vec![login.clone()],
                addresses_confirmed: true,
                request_id: request_id(),
                ..CreateAccountRequest::default()
            };
            change(&mut request);
            let created = accounts.create_account(identity.request(request)).await?.into_inner();
            let account = created.account.context("the answer holds no account")?;
            people.push(Person { account_id: account.account_id, login, password });
        }
        Ok(people)
    }
}

/// Memory of a process that is in RAM, in bytes.
pub(crate) fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    bytes_named(&status, "VmRSS:").with_context(|| format!("{path} names no VmRSS"))
}

/// What a file of `/proc` says in kilobytes under a name, in bytes.
pub(crate) fn bytes_named(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

impl Drop for Suite {
    fn drop(&mut self) {
        // Asked, not killed, so that it lets go of its stores; one that is gone already needs nothing.
        let _ = self.process.stop(Signal::TERM);
    }
}

/// Starts the process and waits for the file that says that it is ready.
async fn launch(
    setup: &Setup,
    stores: &SuiteStores,
    folder: &Path,
) -> anyhow::Result<(Process, Ready, Duration)> {
    let (ready_file, log) = (folder.join("ready.json"), folder.join("log"));
    if ready_file.exists() {
        std::fs::remove_file(&ready_file)?;
    }
    let mut command = Command::new(setup.program.path());
    command.args(["up", "--free-ports", "--data"]).arg(folder.join("data"));
    command.arg("--ready-file").arg(&ready_file).args(stores.arguments());
    command.envs(setup.settings.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(&log)?);
    let began = Instant::now();
    let mut process = Process::spawn(command, Signal::TERM)?;
    while !ready_file.exists() {
        if !process.is_running() || began.elapsed() > START_TIMEOUT {
            bail!("the suite did not come up: {}", std::fs::read_to_string(&log).unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ready_after = began.elapsed();
    let ready = serde_json::from_str(&std::fs::read_to_string(&ready_file)?)?;
    Ok((process, ready, ready_after))
}
