//! The dependencies: their licences and sources, and whether a hole in one is known.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{run, tools};

/// Refuses dependencies that `deny.toml` does not let in. Known holes are read from RustSec's database, which is fetched;
/// where it cannot be had this is said, and the rest is checked all the same.
pub(crate) fn check() -> Result<ExitCode> {
    tools::install_python()?;
    let deny = tools::deny()?;
    let rest = run::command(&deny)?.args(["--offline", "check", "licenses", "bans", "sources"]).status();
    let rest = rest.context("cargo-deny could not be started")?;
    if !rest.success() {
        return Ok(run::code(rest));
    }
    let fetched = run::command(&deny)?.args(["--log-level", "off", "fetch", "db"]).output()?;
    if !fetched.status.success() {
        println!("deny: the advisory database cannot be had here: KNOWN HOLES WERE NOT LOOKED FOR");
        return Ok(ExitCode::SUCCESS);
    }
    let advisories = run::command(&deny)?.args(["check", "--disable-fetch", "advisories"]).status()?;
    Ok(run::code(advisories))
}
