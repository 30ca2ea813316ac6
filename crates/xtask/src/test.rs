//! Every test, against real servers.
//!
//! nextest runs each test in a process of its own, so a Postgres per process would cost half a second a test: one
//! is started here and each test gets a database of its own on it. Redis is started by the tests, which need it
//! private and get it in 10 ms.

use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};
use rekey_servers::{Postgres, find};

use crate::{run, servers, tools};

/// Tests of callers in languages that not every machine speaks: a part of their names, and the programs they run.
const CALLERS: [(&str, &[&str]); 2] =
    [("clients::programs::go::", &["go"]), ("clients::programs::java::", &["javac", "mvn"])];

/// Runs the tests; without arguments of nextest also the examples in the documentation.
pub(crate) fn all(arguments: &[String]) -> Result<ExitCode> {
    servers::install()?;
    tools::install_python()?;
    tools::install_node()?;
    let given = run::variable("REKEY_TEST_POSTGRES");
    let started = if given.is_some() { None } else { Some(Postgres::start()?) };
    let url = given.or_else(|| started.as_ref().map(|server| server.url("postgres")));
    let url = url.context("a Postgres for the tests")?;
    println!("test: Postgres at {url}");

    // First, so that the run closes with the summary of the tests.
    let examples = if arguments.is_empty() { Some(examples()?) } else { None };
    let mut nextest = run::command(tools::nextest()?)?;
    nextest.args(["nextest", "run", "--workspace"]).args(arguments);
    if let Some(config) = config_without_missing_callers()? {
        nextest.arg("--tool-config-file").arg(format!("xtask:{}", config.display()));
    }
    nextest.env("REKEY_TEST_POSTGRES", &url).env("REKEY_TEST_TOOLS", tools::folder()?);
    let tested = run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")?;
    Ok(match examples {
        Some(examples) if tested.success() => run::code(examples),
        _ => run::code(tested),
    })
}

/// A configuration of nextest that leaves out the callers whose toolchain is not here, if there are any, and says so.
fn config_without_missing_callers() -> Result<Option<PathBuf>> {
    let mut left_out = Vec::new();
    for (tests, programs) in CALLERS {
        let missing: Vec<&str> =
            programs.iter().copied().filter(|name| find::program(name).is_none()).collect();
        if !missing.is_empty() {
            println!("test: skipped {tests}*: {} is not installed", missing.join(" and "));
            left_out.push(format!("not test({tests})"));
        }
    }
    if left_out.is_empty() {
        return Ok(None);
    }
    let path = tools::folder()?.join("nextest.toml");
    let filter = left_out.join(" and ");
    std::fs::write(&path, format!("[profile.default]\ndefault-filter = \"{filter}\"\n"))?;
    Ok(Some(path))
}

/// The examples in the documentation.
fn examples() -> Result<ExitStatus> {
    let mut examples = run::cargo()?;
    examples.args(["test", "--quiet", "--workspace", "--doc"]);
    run::report_to_stdout(&mut examples)?.status().context("cargo could not be started")
}
