//! Every test, against real servers.
//!
//! nextest runs each test in a process of its own, so a Postgres per process would cost half a second a test: one
//! is started here and each test gets a database of its own on it. Redis is started by the tests, which need it
//! private and get it in 10 ms.

use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};
use rekey_servers::Postgres;

use crate::{run, servers, tools};

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
    nextest.env("REKEY_TEST_POSTGRES", &url).env("REKEY_TEST_TOOLS", tools::folder()?);
    let tested = run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")?;
    Ok(match examples {
        Some(examples) if tested.success() => run::code(examples),
        _ => run::code(tested),
    })
}

/// The examples in the documentation.
fn examples() -> Result<ExitStatus> {
    let mut examples = run::cargo()?;
    examples.args(["test", "--quiet", "--workspace", "--doc"]);
    run::report_to_stdout(&mut examples)?.status().context("cargo could not be started")
}
