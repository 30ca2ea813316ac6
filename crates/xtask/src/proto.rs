//! The contract: linted, and compared with the last release.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{run, tools};

/// Lints `proto/` and refuses what would break a client built for the last release.
pub(crate) fn check() -> Result<ExitCode> {
    tools::install_node()?;
    let buf = tools::buf()?;
    let linted = run::command(&buf)?.args(["lint", "proto"]).status().context("buf could not be started")?;
    if !linted.success() {
        return Ok(run::code(linted));
    }
    println!("proto: lint is clean");
    let Some(release) = last_release()? else {
        println!("proto: no release to compare with yet");
        return Ok(ExitCode::SUCCESS);
    };
    let against = format!(".git#tag={release},subdir=proto");
    let compared = run::command(&buf)?.args(["breaking", "proto", "--against", &against]).status()?;
    if compared.success() {
        println!("proto: nothing breaks a client of {release}");
    }
    Ok(run::code(compared))
}

/// The newest release tag behind the present commit.
fn last_release() -> Result<Option<String>> {
    let mut git = run::command("git")?;
    let described = git.args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]).output();
    // A source archive has neither git's folder nor, perhaps, git.
    Ok(described.ok().filter(|output| output.status.success()).and_then(|output| {
        let tag = String::from_utf8(output.stdout).ok()?;
        Some(tag.trim().to_owned()).filter(|tag| !tag.is_empty())
    }))
}
