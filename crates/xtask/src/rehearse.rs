//! An upgrade rehearsed: the release before runs, is replaced by this one part by part, and comes back, while people reset
//! their passwords.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::{run, test};

/// Rehearses it from a program that is there, or from a revision, which is built in a checkout of its own below `target`.
pub(crate) fn upgrade(revision: Option<&str>, program: Option<PathBuf>) -> Result<ExitCode> {
    let program = match (program, revision) {
        (Some(program), _) => {
            std::fs::canonicalize(&program).with_context(|| program.display().to_string())?
        }
        (None, Some(revision)) => built(revision)?,
        (None, None) => anyhow::bail!("name the release before: a revision, or --program with its program"),
    };
    println!("rehearse: from {}", program.display());
    test::from_release(program)
}

fn built(revision: &str) -> Result<PathBuf> {
    let checkout = run::root()?.join("target/previous");
    if checkout.exists() {
        run::quietly(run::command("git")?.args(["worktree", "remove", "--force"]).arg(&checkout))?;
    }
    run::quietly(run::command("git")?.args(["worktree", "add", "--detach"]).arg(&checkout).arg(revision))?;
    let target = run::root()?.join("target/previous-build");
    let mut cargo = run::cargo()?;
    cargo.args(["build", "--locked", "--package", "rekey"]).current_dir(&checkout);
    let status = cargo.env("CARGO_TARGET_DIR", &target).status().context("cargo could not be started")?;
    ensure!(status.success(), "{revision} does not build");
    Ok(target.join("debug/rekey"))
}
