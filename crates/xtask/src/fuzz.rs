//! Fuzzing for longer than the tests do: the same targets, with other seeds.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::{run, tools};

/// Tries each target for so many minutes.
pub(crate) fn targets(minutes: u64, target: Option<&str>) -> Result<ExitCode> {
    tools::install_python()?;
    let mut filter = "test(/(^|::)fuzz::/)".to_owned();
    if let Some(target) = target {
        filter.push_str(&format!(" & test({target})"));
    }
    println!("fuzz: {minutes} minutes a target; a panic is shown with the smallest input that leads to it");
    let mut nextest = run::command(tools::nextest()?)?;
    nextest.args(["nextest", "run", "--workspace", "--lib", "-E", &filter]);
    // No target ends by itself, and none is hung.
    nextest.args(["--profile", "fuzz"]).env("REKEY_FUZZ_SECONDS", (60 * minutes).to_string());
    let tried = run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")?;
    Ok(run::code(tried))
}
