//! What is measured and what is made of it: `docs/metrics.md`, and the rules of Prometheus in `deploy/alerts`.
//!
//! The page is made by the `rekey` program, which knows every instrument.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use rekey_servers::find;

use crate::{run, servers};

/// The rules, and what they are tested with.
const RULES: &str = "deploy/alerts/rekey.yaml";
const TESTS: &str = "deploy/alerts/rekey.test.yaml";

/// Writes the page anew.
pub(crate) fn write() -> Result<ExitCode> {
    fs::write(page()?, made()?)?;
    println!("metrics: wrote {}", page()?.display());
    Ok(ExitCode::SUCCESS)
}

/// Refuses rules that do not parse or do not pass their tests. The tests of the suite hold the page to the code.
pub(crate) fn check() -> Result<ExitCode> {
    servers::install_promtool()?;
    promtool(&["check", "rules", RULES])?;
    promtool(&["test", "rules", TESTS])?;
    println!("metrics: the rules of Prometheus pass their tests");
    Ok(ExitCode::SUCCESS)
}

fn page() -> Result<PathBuf> {
    Ok(run::root()?.join("docs/metrics.md"))
}

fn made() -> Result<String> {
    // The whole workspace, as every chore: another selection would build half of it again.
    let built = run::cargo()?.args(["build", "--quiet", "--locked", "--workspace"]).status()?;
    ensure!(built.success(), "the `rekey` program does not build");
    let program = run::root()?.join("target/debug/rekey");
    let made =
        run::command(program)?.args(["metrics", "--page"]).output().context("`rekey` did not start")?;
    ensure!(made.status.success(), "`rekey metrics` failed: {}", String::from_utf8_lossy(&made.stderr));
    Ok(String::from_utf8(made.stdout)?)
}

fn promtool(arguments: &[&str]) -> Result<()> {
    let program = find::program("promtool").context("promtool is missing after its installation")?;
    run::quietly(run::command(program)?.args(arguments))
}
