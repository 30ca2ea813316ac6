//! `rekey up`: the whole suite on this machine.
//!
//! It is for trying and developing: loopback, demo people, an inbox instead of mail. With `--production` it has none
//! of these and takes keys and a mail provider from the settings: a real mode for a small business, durable across
//! restarts except for codes in flight.

mod announcement;
mod databases;
mod demo;
pub(crate) mod production;

use std::path::{Path, PathBuf};

use rekey_notification::inbox::Inbox;
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_runtime::reload;
use rekey_runtime::settings::Document;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Telemetry;

use self::announcement::Announcement;
use self::demo::Demo;
use crate::arguments::Up;
use crate::development::{self, Addresses, Stores};
use crate::folder::DataFolder;
use crate::output::Output;
use crate::private_files::write_private;
use crate::suite::{self, Environment, Ports, Sockets};
use crate::{Part, settings};

/// The files that every command may name.
pub(crate) struct Files {
    /// The settings.
    pub(crate) config: Option<PathBuf>,
    /// Where the profile goes, if not into the data folder.
    pub(crate) profile: Option<PathBuf>,
}

pub(crate) async fn run(up: Up, files: Files, output: Output) -> anyhow::Result<()> {
    if up.production {
        production::run(&up, files.config, output).await
    } else {
        develop(&up, files, output).await
    }
}

/// The suite of a developer, on embedded or named stores.
async fn develop(up: &Up, files: Files, output: Output) -> anyhow::Result<()> {
    let Files { config, profile } = files;
    // Kept until the end: dropping it removes the folder of `--ephemeral`.
    let scratch = up.ephemeral.then(tempfile::tempdir).transpose()?;
    let data = scratch.as_ref().map_or(up.data.clone(), |scratch| scratch.path().join("data"));
    let folder = DataFolder::lock(&data)?;
    let profile = profile.unwrap_or_else(|| folder.profile());
    announcement::make_room(&folder, &profile, up.ready_file.as_deref())?;
    let mut overrides = development::settings(&folder, &up.stores().await?);
    let store = settings::document(config.clone(), overrides.clone())?;
    refuse_lost_pepper(&folder, &store).await?;
    folder.fill(&SystemEntropy, SystemClock.now())?;
    let ports = if up.ephemeral || up.free_ports { Ports::Free } else { Ports::Named };
    let document = settings::document(config.clone(), overrides.clone())?;
    let sockets = Sockets::bind(&document, &Part::ALL, ports).await?;
    let addresses = Addresses::new(&sockets)?;
    let health = sockets.health_address()?;
    overrides.extend(development::endpoints(&addresses, &folder));
    overrides.extend(development::passkeys(&addresses, &document)?);
    let document = settings::document(config, overrides)?;
    migrate(&document).await?;

    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    reload::on_hangup(rekey_client::read_files_again)?;
    let identity = development::connect(addresses.identity, &folder)?;
    let environment = Environment { inbox: Some(Inbox::new()), ..Environment::system(telemetry.metrics()) };
    let mut suite = suite::start(&document, sockets, environment, shutdown).await?;
    suite.ready().await?;
    let demo = Demo::read_or_create(&identity, &folder.demo(), &SystemEntropy).await?;
    let announcement = Announcement { addresses, health, folder: &folder, profile: &profile, demo: &demo };
    write_private(&profile, &announcement.profile()?)?;
    if let Some(path) = &up.ready_file {
        write_private(path, &serde_json::to_string_pretty(&announcement.ready_file()?)?)?;
    }
    output.data(&announcement.summary()?, |_| announcement.greeting())?;
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

/// Refuses to draw a new pepper for a store that was filled under another: nobody could sign in any more, and the one
/// that is missing may be in a backup.
async fn refuse_lost_pepper(folder: &DataFolder, document: &Document) -> anyhow::Result<()> {
    if !folder.lacks_pepper() {
        return Ok(());
    }
    let is_filled = folder.database("identity").exists() || {
        migrate(document).await?;
        demo::has_tenant(document).await?
    };
    anyhow::ensure!(
        !is_filled,
        "{} is missing, under which the passwords in the store are sealed: restore it from a backup, or empty the store",
        folder.key("pepper").display()
    );
    Ok(())
}

impl Up {
    /// The stores that flags name, with the databases that are in them.
    async fn stores(&self) -> anyhow::Result<Stores> {
        let postgres = match &self.postgres {
            Some(url) => Some(databases::prepare(url).await?),
            None => None,
        };
        Ok(Stores { postgres, redis: self.redis.clone() })
    }
}

/// The settings that a folder is run with, with the databases that are in this Postgres; none is made. A folder with keys in it is
/// a developer's: in production none may lie there.
pub(crate) fn document_of(
    folder: &DataFolder,
    data: &Path,
    postgres: Option<&str>,
    config: Option<PathBuf>,
) -> anyhow::Result<Document> {
    let named = Stores { postgres: postgres.map(databases::urls).transpose()?, redis: None };
    if folder.lacks_pepper() {
        production::document(data, &named, config)
    } else {
        settings::document(config, development::settings(folder, &named))
    }
}

/// Brings both databases up to date.
async fn migrate(document: &Document) -> anyhow::Result<()> {
    rekey_identity::migrate(&document.part("identity")?).await?;
    rekey_notification::migrate(&document.part("notification")?).await?;
    Ok(())
}
