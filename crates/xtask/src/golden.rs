//! The golden files of messages, which a test of notification holds to the texts and the renderer.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::{run, tools};

/// The test that compares them, and writes them where it is told so.
const TEST: &str = "package(rekey-notification) & test(every_message_reads_as_its_golden_file)";

/// Has the test write them.
pub(crate) fn write() -> Result<ExitCode> {
    tools::install_python()?;
    let mut nextest = run::command(tools::nextest()?)?;
    nextest.args(["nextest", "run", "--workspace", "--lib", "-E", TEST]);
    nextest.env("REKEY_WRITE_GOLDEN", "1");
    let written = run::report_to_stdout(&mut nextest)?.status().context("nextest could not be started")?;
    Ok(run::code(written))
}
