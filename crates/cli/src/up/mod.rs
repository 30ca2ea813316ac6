//! `rekey up`: the whole suite on this machine.
//!
//! It is for trying and developing: loopback, demo people, an inbox instead of mail. With `--production` it has none
//! of these and takes keys and a mail provider from the settings: a real mode for a small business, durable across
//! restarts except for codes in flight.

mod databases;
mod demo;
mod pages;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rekey_client::Connection;
use rekey_notification::inbox::{self, Inbox};
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_runtime::health::HealthSettings;
use rekey_runtime::server;
use rekey_runtime::settings::Document;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Telemetry;
use serde_json::json;
use tokio::net::TcpListener;

use self::demo::Demo;
use crate::arguments::Up;
use crate::development::{self, Addresses, Stores, set};
use crate::folder::{self, DataFolder, write_private};
use crate::output::Output;
use crate::suite::{self, Part, Server, Suite, Surroundings};

/// The port of the inbox and of the page behind the links in notices.
const PAGES_PORT: u16 = 7300;

/// The sockets of a whole suite.
struct Sockets {
    parts: Vec<(Part, TcpListener)>,
    health: TcpListener,
    pages: TcpListener,
}

impl Sockets {
    /// Binds the usual ports, or free ones.
    async fn bind(document: &Document, free: bool) -> anyhow::Result<Self> {
        let pick = |address: SocketAddr| {
            if free { SocketAddr::new(address.ip(), 0) } else { address }
        };
        let mut parts = Vec::new();
        for part in Part::ALL {
            parts.push((part, server::bind(pick(suite::listen_address(document, part)?)).await?));
        }
        let health: HealthSettings = document.part("health")?;
        Ok(Self {
            parts,
            health: server::bind(pick(health.listen)).await?,
            pages: server::bind(pick(SocketAddr::from(([127, 0, 0, 1], PAGES_PORT)))).await?,
        })
    }

    fn addresses(&self) -> anyhow::Result<Addresses> {
        let of = |part| {
            let socket = self.parts.iter().find(|(bound, _)| *bound == part);
            anyhow::Ok(socket.context("every part has a socket")?.1.local_addr()?)
        };
        Ok(Addresses {
            identity: of(Part::Identity)?,
            verification: of(Part::Verification)?,
            notification: of(Part::Notification)?,
            pages: self.pages.local_addr()?,
        })
    }
}

pub(crate) async fn run(up: Up, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    if up.production {
        return run_production(&up, config, output).await;
    }
    // Kept until the end: dropping it removes the folder of `--ephemeral`.
    let scratch = up.ephemeral.then(tempfile::tempdir).transpose()?;
    let data = scratch.as_ref().map_or(up.data.clone(), |scratch| scratch.path().join("data"));
    let folder = DataFolder::open(&data, &SystemEntropy, SystemClock.now())?;
    let postgres = match &up.postgres {
        Some(url) => Some(databases::prepare(url).await?),
        None => None,
    };
    let mut settings = development::settings(&folder, &Stores { postgres, redis: up.redis.clone() });
    let sockets = Sockets::bind(&suite::document(config.clone(), settings.clone())?, up.ephemeral || up.free_ports).await?;
    let addresses = sockets.addresses()?;
    settings.extend(development::endpoints(&addresses, &folder));
    let document = suite::document(config, settings)?;
    migrate(&document).await?;

    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    let identity = development::connect(addresses.identity, &folder)?;
    let mut suite = start(&document, sockets, &identity, &telemetry, shutdown).await?;
    suite.ready().await?;
    let demo = match Demo::read(&folder.demo())? {
        Some(demo) => demo,
        None => Demo::create(&identity, &folder.demo(), &SystemEntropy).await?,
    };
    write_private(&folder.profile(), &profile(&addresses, &folder, &demo)?)?;
    if let Some(path) = &up.ready_file {
        write_private(path, &ready(&addresses, &folder, &demo)?)?;
    }
    greet(&addresses, &folder, &demo, &data, output);
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

async fn start(
    document: &Document,
    sockets: Sockets,
    identity: &Connection,
    telemetry: &Telemetry,
    shutdown: Shutdown,
) -> anyhow::Result<Suite> {
    let Sockets { parts, health, pages } = sockets;
    let metrics = telemetry.metrics();
    let inbox = Inbox::new();
    let surroundings = Surroundings { inbox: Some(inbox.clone()), ..Surroundings::real() };
    let router = inbox::routes(inbox).merge(pages::routes(identity.clone()));
    let stop = shutdown.clone();
    let served: Server = Box::pin(async move {
        let serving = axum::serve(pages, router).with_graceful_shutdown(async move { stop.begun().await });
        if let Err(error) = serving.await {
            tracing::error!(%error, "the pages stopped");
        }
        Ok(())
    });
    suite::start(document, parts, health, metrics, surroundings, vec![served], shutdown).await
}

/// `--production`: what the settings say and nothing of our own.
async fn run_production(up: &Up, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    if up.ready_file.is_some() {
        bail!("--ready-file tells credentials of demo people, and production has none");
    }
    let mut overrides = vec![set("VERIFICATION__STORE__URL", up.redis.as_deref().unwrap_or("memory:"))];
    let databases = match &up.postgres {
        Some(url) => databases::prepare(url).await?,
        None => ["identity", "notification"].map(|part| format!("sqlite:{}", up.data.join(format!("{part}.db")).display())),
    };
    overrides.push(set("IDENTITY__STORE__URL", &databases[0]));
    overrides.push(set("NOTIFICATION__STORE__URL", &databases[1]));
    if let Some(redis) = &up.redis {
        overrides.push(set("IDENTITY__THROTTLE__URL", redis));
    }
    let document = suite::document(config, overrides)?;
    suite::check_production(&document, &up.data)?;
    folder::make_private(&up.data)?;
    migrate(&document).await?;
    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    let Sockets { parts, health, pages: _ } = Sockets::bind(&document, false).await?;
    let surroundings = Surroundings::real();
    let metrics = telemetry.metrics();
    let suite = suite::start(&document, parts, health, metrics, surroundings, Vec::new(), shutdown);
    let mut suite = suite.await?;
    suite.ready().await?;
    output.say("Rekey is up, in production. Ctrl-C stops it.");
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

async fn migrate(document: &Document) -> anyhow::Result<()> {
    rekey_identity::migrate(&document.part("identity")?).await?;
    rekey_notification::migrate(&document.part("notification")?).await
}

fn profile(addresses: &Addresses, folder: &DataFolder, demo: &Demo) -> anyhow::Result<String> {
    let token_file = std::path::absolute(folder.token("cli"))?.display().to_string();
    let part = |address: &SocketAddr| json!({ "endpoint": format!("http://{address}"), "token_file": token_file });
    let profile = json!({
        "tenant_id": demo.tenant_id,
        "inbox": format!("http://{}", addresses.pages),
        "identity": part(&addresses.identity),
    });
    Ok(toml::to_string(&profile)?)
}

fn ready(addresses: &Addresses, folder: &DataFolder, demo: &Demo) -> anyhow::Result<String> {
    let ready = json!({
        "identity": addresses.identity.to_string(),
        "verification": addresses.verification.to_string(),
        "notification": addresses.notification.to_string(),
        "inbox": format!("http://{}", addresses.pages),
        "tenant_id": demo.tenant_id,
        "service_token": folder.service_token()?,
        "administrator": demo.administrator,
        "people": demo.people,
    });
    Ok(serde_json::to_string_pretty(&ready)?)
}

fn greet(addresses: &Addresses, folder: &DataFolder, demo: &Demo, data: &Path, output: Output) {
    let login = demo.people.first().map_or("", |person| person.login.as_str());
    let profile = folder.profile();
    let usual = data == Path::new("rekey-data");
    let named = if usual { String::new() } else { format!(" --profile {}", profile.display()) };
    output.say(&format!(
        "Rekey is up.\n\
         \n\
         \x20 identity      {}\n\
         \x20 verification  {}\n\
         \x20 notification  {}\n\
         \x20 inbox         http://{}/dev/inbox\n\
         \n\
         Try, in another terminal:\n\
         \n\
         \x20 rekey{named} reset {login}\n\
         \x20 rekey{named} inbox --to {login}\n\
         \n\
         First passwords are in {}. Ctrl-C stops everything.",
        addresses.identity,
        addresses.verification,
        addresses.notification,
        addresses.pages,
        folder.demo().display(),
    ));
}
