//! Postgres, PgBouncer and Redis, and the browser that the portal is tried in, from the operating system's packages.

use anyhow::{Result, bail};
use rekey_servers::find;

use crate::apt;

/// Makes sure that the servers are on this machine.
pub(crate) fn install() -> Result<()> {
    let mut packages = Vec::new();
    if find::postgres().is_none() {
        packages.push("postgresql");
    }
    if find::redis().is_none() {
        packages.push("redis-server");
    }
    if find::pgbouncer().is_none() {
        packages.push("pgbouncer");
    }
    if packages.is_empty() {
        return Ok(());
    }
    apt::install(&packages)?;
    if find::postgres().is_none() || find::redis().is_none() || find::pgbouncer().is_none() {
        bail!("{} were installed, but the programs are not where they usually are", packages.join(" and "));
    }
    Ok(())
}

/// Makes sure that `promtool` is on this machine, which comes with Prometheus.
pub(crate) fn install_promtool() -> Result<()> {
    apt::programs(&[("promtool", "prometheus")])
}

/// Makes sure that Chromium is on this machine, without windows where that can be installed.
pub(crate) fn install_chromium() -> Result<()> {
    if find::headless_chromium().is_some() {
        return Ok(());
    }
    let installed = apt::programs(&[("chromium-headless-shell", "chromium-headless-shell")]);
    // Any other does the same, only slower.
    if find::chromium().is_some() { Ok(()) } else { installed }
}
