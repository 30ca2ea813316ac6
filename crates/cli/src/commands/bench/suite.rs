//! The suite under test: `rekey up` of this very binary as a process of its own, so that its memory, its start and its
//! threads are those of a real one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_servers::{Process, Signal};
use rekey_wire::identity::v1::CreateAccountRequest;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::Instant;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};

use crate::development::{Setting, set};
use crate::profile::request_id;

/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections to one server: measured to be enough for 64 calls at once.
const CONNECTIONS: usize = 4;

/// How a suite is started.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    /// The settings file of the command.
    pub(super) config: Option<PathBuf>,
    /// Settings above it.
    pub(super) settings: Vec<Setting>,
    /// Where codes and throttles are kept, if not in the process.
    pub(super) redis: Option<String>,
}

/// A running suite with data of its own, which ends when dropped.
pub(super) struct Suite {
    process: Process,
    ready: Ready,
    /// From the start of the process until it said that it was ready.
    pub(super) ready_after: Duration,
    folder: TempDir,
    start: Start,
}

/// What `rekey up` says when it is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    identity: SocketAddr,
    verification: SocketAddr,
    tenant_id: String,
    service_token: String,
}

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) account_id: String,
    pub(super) login: String,
    pub(super) password: String,
}

/// Connections to one part, and the token that opens it.
#[derive(Clone)]
pub(super) struct Caller {
    channels: Vec<Channel>,
    token: Option<MetadataValue<tonic::metadata::Ascii>>,
}

impl Start {
    /// The same without limits on strangers: a bench is one.
    pub(super) fn unthrottled(mut self) -> Self {
        const LIMITS: [&str; 17] = [
            "IDENTITY__LIMITS__HELP_PER_NETWORK_PER_HOUR",
            "IDENTITY__LIMITS__STARTS_PER_NETWORK_PER_MINUTE",
            "IDENTITY__LIMITS__STARTS_PER_CALLER_PER_MINUTE",
            "IDENTITY__LIMITS__STARTS_PER_LOGIN_PER_HOUR",
            "IDENTITY__LIMITS__SIGN_INS_PER_NETWORK_PER_MINUTE",
            "IDENTITY__LIMITS__SIGN_INS_PER_CALLER_PER_MINUTE",
            "IDENTITY__LIMITS__STUFFING_LOGINS_PER_MINUTE",
            "VERIFICATION__LIMITS__DESTINATION_PER_HOUR",
            "VERIFICATION__LIMITS__DESTINATION_PER_DAY",
            "VERIFICATION__LIMITS__NETWORK_PER_HOUR",
            "VERIFICATION__LIMITS__NETWORK_PER_DAY",
            "VERIFICATION__LIMITS__CALLER_PER_HOUR",
            "VERIFICATION__LIMITS__SUBJECT_PER_HOUR",
            "VERIFICATION__LIMITS__SUBJECT_PER_DAY",
            "VERIFICATION__LIMITS__TENANT_PER_HOUR",
            "VERIFICATION__LIMITS__TENANT_PER_DAY",
            "VERIFICATION__LIMITS__DECOYS_PER_HOUR",
        ];
        self.settings.extend(LIMITS.map(|limit| set(limit, "1000000000")));
        self
    }

    /// The same with answers on this grid.
    pub(super) fn answering_on(mut self, floor_ms: u64) -> Self {
        self.settings.push(set("IDENTITY__ANSWER_FLOOR_MS", &floor_ms.to_string()));
        self
    }
}

impl Suite {
    /// Starts one on new stores and waits until it is ready.
    pub(super) async fn start(start: Start) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (process, ready, ready_after) = launch(&start, folder.path()).await?;
        Ok(Self { process, ready, ready_after, folder, start })
    }

    /// Ends it and starts it again on the same stores.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.stop(Signal::TERM)?;
        (self.process, self.ready, self.ready_after) = launch(&self.start, self.folder.path()).await?;
        Ok(())
    }

    /// Memory of its process that is in RAM, in bytes.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        Ok(kib.with_context(|| format!("{path} names no VmRSS"))? * 1024)
    }

    /// The embedded database of identity.
    pub(super) fn identity_database(&self) -> PathBuf {
        self.folder.path().join("data").join("identity.db")
    }

    /// The tenant that everything happens in.
    pub(super) fn tenant_id(&self) -> &str {
        &self.ready.tenant_id
    }

    /// Calls to identity.
    pub(super) async fn identity(&self) -> anyhow::Result<Caller> {
        Caller::connect(self.ready.identity, Some(&self.ready.service_token)).await
    }

    /// Calls to verification.
    pub(super) async fn verification(&self) -> anyhow::Result<Caller> {
        Caller::connect(self.ready.verification, Some(&self.ready.service_token)).await
    }

    /// Makes people with confirmed addresses; their logins begin with `name`.
    pub(super) async fn people(&self, name: &str, count: usize) -> anyhow::Result<Vec<Person>> {
        self.people_with(name, count, |_| {}).await
    }

    /// The same with something different.
    pub(super) async fn people_with(
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
                external_id: String::new(),
                password: password.clone(),
                email_addresses: vec![login.clone()],
                phone_numbers: Vec::new(),
                addresses_confirmed: true,
                must_change_password: false,
                managed_elsewhere: false,
                request_id: request_id(),
                context: None,
            };
            change(&mut request);
            let created = accounts.create_account(identity.request(request)).await?.into_inner();
            let account = created.account.context("the answer holds no account")?;
            people.push(Person { account_id: account.account_id, login, password });
        }
        Ok(people)
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        // Asked, not killed, so that it lets go of its stores; one that is gone already needs nothing.
        let _ = self.process.stop(Signal::TERM);
    }
}

impl Caller {
    /// Opens the connections.
    pub(super) async fn connect(address: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(Endpoint::from_shared(format!("http://{address}"))?.connect().await?);
        }
        let token = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
        Ok(Self { channels, token })
    }

    /// The connection of a call with this number.
    pub(super) fn channel(&self, number: usize) -> Channel {
        self.channels[number % self.channels.len()].clone()
    }

    /// A message with its credentials.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }
}

/// Starts the process and waits for the file that says that it is ready.
async fn launch(start: &Start, folder: &Path) -> anyhow::Result<(Process, Ready, Duration)> {
    let (ready_file, log) = (folder.join("ready.json"), folder.join("log"));
    if ready_file.exists() {
        std::fs::remove_file(&ready_file)?;
    }
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(config) = &start.config {
        command.arg("--config").arg(config);
    }
    command.args(["up", "--free-ports", "--data"]).arg(folder.join("data"));
    command.arg("--ready-file").arg(&ready_file);
    if let Some(redis) = &start.redis {
        command.args(["--redis", redis]);
    }
    command.envs(start.settings.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(&log)?);
    let began = Instant::now();
    let mut process = Process::spawn(command, Signal::TERM)?;
    while !ready_file.exists() {
        if !process.is_running() || began.elapsed() > PATIENCE {
            bail!("the suite did not come up: {}", std::fs::read_to_string(&log).unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ready_after = began.elapsed();
    let ready = serde_json::from_str(&std::fs::read_to_string(&ready_file)?)?;
    Ok((process, ready, ready_after))
}
