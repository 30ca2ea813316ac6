//! Postgres, Redis and the tester of Prometheus' rules, from the operating system's packages.

use anyhow::{Context, Result, bail};
use rekey_servers::find;

use crate::run;

/// Makes sure that both servers are on this machine.
///
/// As root on a Debian, missing ones are installed; nobody else's machine is changed, the error says what to type.
pub(crate) fn install() -> Result<()> {
    let mut packages = Vec::new();
    if find::postgres().is_none() {
        packages.push("postgresql");
    }
    if find::redis().is_none() {
        packages.push("redis-server");
    }
    add(&packages)?;
    if find::postgres().is_none() || find::redis().is_none() {
        bail!("Postgres and Redis were installed, but the programs are not where they usually are");
    }
    Ok(())
}

/// Makes sure that `promtool` is on this machine, which comes with Prometheus.
pub(crate) fn install_promtool() -> Result<()> {
    if find::program("promtool").is_none() {
        add(&["prometheus"])?;
    }
    Ok(())
}

fn add(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if find::program("apt-get").is_none() {
        bail!("missing: {}; install with your package manager, as `{by_hand}` does", packages.join(" and "));
    }
    if !is_root()? {
        bail!("missing: {}; run `sudo {by_hand}`", packages.join(" and "));
    }
    println!("tools: {by_hand}");
    apt(packages).or_else(|_| {
        // A fresh container has no package lists yet.
        run::quietly(run::command("apt-get")?.arg("update"))?;
        apt(packages).with_context(|| format!("`{by_hand}` failed"))
    })
}

fn apt(packages: &[&str]) -> Result<()> {
    let mut install = run::command("apt-get")?;
    install
        .args(["install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"])
        .args(packages);
    // In run level 1 Debian's packages start no service: we need the programs only.
    run::quietly(install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1"))
}

fn is_root() -> Result<bool> {
    let output = run::command("id")?.arg("-u").output().context("asking who we are")?;
    Ok(output.stdout.trim_ascii() == b"0")
}
