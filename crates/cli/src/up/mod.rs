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
use rekey_runtime::settings::{Document, Origin};
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Telemetry;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::demo::Demo;
use crate::arguments::Up;
use crate::development::{self, Addresses, Setting, Stores, set};
use crate::folder::{self, DataFolder, write_private};
use crate::output::Output;
use crate::production;
use crate::suite::{self, Part, Server, Suite, Surroundings};

/// The port of the inbox and of the page behind the links in notices.
const PAGES_PORT: u16 = 7300;

/// The sockets of a whole suite.
struct Sockets {
    parts: Vec<(Part, TcpListener)>,
    health: TcpListener,
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
        Ok(Self { parts, health: server::bind(pick(health.listen)).await? })
    }

    fn addresses(&self, pages: SocketAddr) -> anyhow::Result<Addresses> {
        let of = |part| {
            let socket = self.parts.iter().find(|(bound, _)| *bound == part);
            anyhow::Ok(socket.context("every part has a socket")?.1.local_addr()?)
        };
        Ok(Addresses {
            identity: of(Part::Identity)?,
            verification: of(Part::Verification)?,
            notification: of(Part::Notification)?,
            pages,
        })
    }
}

pub(crate) async fn run(up: Up, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    if up.production {
        return run_production(&up, config, output).await;
    }
    if let Some(path) = &up.ready_file {
        // Whoever waits for it must not find an earlier run's.
        folder::remove(path)?;
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
    let free_ports = up.ephemeral || up.free_ports;
    let sockets = Sockets::bind(&suite::document(config.clone(), settings.clone())?, free_ports).await?;
    let pages_port = if free_ports { 0 } else { PAGES_PORT };
    let pages = server::bind(SocketAddr::from(([127, 0, 0, 1], pages_port))).await?;
    let addresses = sockets.addresses(pages.local_addr()?)?;
    let health = sockets.health.local_addr()?;
    settings.extend(development::endpoints(&addresses, &folder));
    let document = suite::document(config, settings)?;
    migrate(&document).await?;

    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    let identity = development::connect(addresses.identity, &folder)?;
    let mut suite = start(&document, sockets, pages, &identity, &telemetry, shutdown).await?;
    suite.ready().await?;
    let demo = match Demo::read(&folder.demo())? {
        Some(demo) => demo,
        None => Demo::create(&identity, &folder.demo(), &SystemEntropy).await?,
    };
    write_private(&folder.profile(), &profile(&addresses, &folder, &demo)?)?;
    if let Some(path) = &up.ready_file {
        write_private(path, &serde_json::to_string_pretty(&ready(&addresses, &folder, &demo)?)?)?;
    }
    output
        .data(&told(&addresses, health, &folder)?, |_| greeting(&addresses, health, &folder, &demo, &data))?;
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

async fn start(
    document: &Document,
    sockets: Sockets,
    pages: TcpListener,
    identity: &Connection,
    telemetry: &Telemetry,
    shutdown: Shutdown,
) -> anyhow::Result<Suite> {
    let Sockets { parts, health } = sockets;
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
    let stores = production_stores(up, suite::document(config.clone(), Vec::new())?).await?;
    let document = suite::document(config, stores)?;
    suite::check(&document)?;
    production::judge_business(&document, &up.data)?;
    folder::make_private(&up.data)?;
    migrate(&document).await?;
    demo::refuse_tenant(&document).await?;
    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    let Sockets { parts, health } = Sockets::bind(&document, false).await?;
    let surroundings = Surroundings::real();
    let metrics = telemetry.metrics();
    let suite = suite::start(&document, parts, health, metrics, surroundings, Vec::new(), shutdown);
    let mut suite = suite.await?;
    suite.ready().await?;
    output.data(&json!({ "production": true }), |_| {
        "Rekey is up, in production. Ctrl-C stops it.".to_owned()
    })?;
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

/// Stores as the flags say; where neither they nor the settings name any, the data folder and this process.
async fn production_stores(up: &Up, written: Document) -> anyhow::Result<Vec<Setting>> {
    let is_open = |key: &str| {
        written.settings().iter().any(|setting| setting.key == key && setting.origin == Origin::Default)
    };
    let mut stores = Vec::new();
    if let Some(url) = &up.postgres {
        let [identity, notification] = databases::prepare(url).await?;
        stores.push(set("IDENTITY__STORE__URL", &identity));
        stores.push(set("NOTIFICATION__STORE__URL", &notification));
    }
    for part in ["identity", "notification"] {
        if up.postgres.is_none() && is_open(&format!("{part}.store.url")) {
            let file = up.data.join(format!("{part}.db"));
            stores.push(set(
                &format!("{}__STORE__URL", part.to_uppercase()),
                &format!("sqlite:{}", file.display()),
            ));
        }
    }
    if let Some(redis) = &up.redis {
        stores.push(set("VERIFICATION__STORE__URL", redis));
        stores.push(set("IDENTITY__THROTTLE__URL", redis));
    } else if is_open("verification.store.url") {
        stores.push(set("VERIFICATION__STORE__URL", "memory:"));
    }
    Ok(stores)
}

async fn migrate(document: &Document) -> anyhow::Result<()> {
    rekey_identity::migrate(&document.part("identity")?).await?;
    rekey_notification::migrate(&document.part("notification")?).await
}

fn profile(addresses: &Addresses, folder: &DataFolder, demo: &Demo) -> anyhow::Result<String> {
    let token_file = std::path::absolute(folder.token("cli"))?.display().to_string();
    let part =
        |address: &SocketAddr| json!({ "endpoint": format!("http://{address}"), "token_file": token_file });
    let profile = json!({
        "tenant_id": demo.tenant_id,
        "inbox": format!("http://{}", addresses.pages),
        "identity": part(&addresses.identity),
    });
    Ok(toml::to_string(&profile)?)
}

/// What the ready file says.
fn ready(addresses: &Addresses, folder: &DataFolder, demo: &Demo) -> anyhow::Result<Value> {
    Ok(json!({
        "identity": addresses.identity.to_string(),
        "verification": addresses.verification.to_string(),
        "notification": addresses.notification.to_string(),
        "inbox": format!("http://{}", addresses.pages),
        "tenant_id": demo.tenant_id,
        "service_token": folder.service_token()?,
        "administrator": demo.administrator,
        "people": demo.people,
    }))
}

/// What a program reads in place of the greeting, which says no more: where everything is. Standard output often ends in
/// a log, so what lets somebody in stays in the files.
fn told(addresses: &Addresses, health: SocketAddr, folder: &DataFolder) -> anyhow::Result<Value> {
    Ok(json!({
        "identity": addresses.identity.to_string(),
        "verification": addresses.verification.to_string(),
        "notification": addresses.notification.to_string(),
        "inbox": format!("http://{}", addresses.pages),
        "health": health.to_string(),
        "profile": std::path::absolute(folder.profile())?,
        "credentials": std::path::absolute(folder.demo())?,
    }))
}

fn greeting(
    addresses: &Addresses,
    health: SocketAddr,
    folder: &DataFolder,
    demo: &Demo,
    data: &Path,
) -> String {
    let login = demo.people.first().map_or("", |person| person.login.as_str());
    let profile = folder.profile();
    let usual = data == Path::new("rekey-data");
    let named = if usual { String::new() } else { format!(" --profile {}", profile.display()) };
    format!(
        "Rekey is up.\n\
         \n\
         \x20 identity      {}\n\
         \x20 verification  {}\n\
         \x20 notification  {}\n\
         \x20 inbox         http://{}/dev/inbox\n\
         \x20 health        http://{health}/readyz, /metrics\n\
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
    )
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;

    use super::*;

    #[test]
    fn a_program_is_told_where_everything_is_and_nothing_that_lets_it_in() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(scratch.path(), &SystemEntropy, Timestamp::EPOCH).unwrap();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let addresses = Addresses { identity: at(1), verification: at(2), notification: at(3), pages: at(4) };

        let told = told(&addresses, at(5), &folder).unwrap();

        let expected = json!({
            "identity": "127.0.0.1:1",
            "verification": "127.0.0.1:2",
            "notification": "127.0.0.1:3",
            "inbox": "http://127.0.0.1:4",
            "health": "127.0.0.1:5",
            "profile": scratch.path().join("cli.toml"),
            "credentials": scratch.path().join("demo.json"),
        });
        assert_eq!(told, expected);
    }
}
