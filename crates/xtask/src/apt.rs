//! Packages of the operating system.

use anyhow::{Context, Result, bail};
use rekey_servers::find;

use crate::run;

/// Installs packages as root on a Debian. Nobody else's machine is changed: the error says what to type.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
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

/// Makes sure that programs are in the search path; each stands with the package it comes in.
pub(crate) fn programs(needed: &[(&str, &'static str)]) -> Result<()> {
    let missing = || needed.iter().filter(|(program, _)| find::program(program).is_none());
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    install(&packages)?;
    if let Some((program, package)) = missing().next() {
        bail!("{package} was installed, but {program} is not in the search path");
    }
    Ok(())
}

fn apt(packages: &[&str]) -> Result<()> {
    let mut install = run::command("apt-get")?;
    install
        .args(["install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"])
        .args(packages);
    // In run level 1 Debian's packages start no service: we need the programs only.
    run::quietly(install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1"))
}

/// Whether we may do everything on this machine.
pub(crate) fn is_root() -> Result<bool> {
    let output = run::command("id")?.arg("-u").output().context("asking who we are")?;
    Ok(output.stdout.trim_ascii() == b"0")
}
