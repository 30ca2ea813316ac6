//! `rekey serve`: one part, until it is told to stop.

use std::path::PathBuf;

use rekey_runtime::reload;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Telemetry;

use crate::suite::{self, Environment, Ports, Sockets};
use crate::{Part, production, settings};

pub(crate) async fn run(part: Part, config: Option<PathBuf>) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    let in_production = production::check_served(&document, &[part])?;
    let telemetry = Telemetry::start(&document.part("telemetry")?, &format!("rekey-{}", part.name()))?;
    if !in_production {
        tracing::warn!("{}.production is off: what only development may have is let through", part.name());
    }
    let shutdown = Shutdown::on_signals()?;
    reload::on_hangup(rekey_client::read_files_again)?;
    let sockets = Sockets::bind(&document, &[part], Ports::Named).await?;
    let environment = Environment::system(telemetry.metrics());
    let outcome = async { suite::start(&document, sockets, environment, shutdown).await?.ended().await };
    let outcome = outcome.await;
    telemetry.shutdown().await;
    outcome
}
