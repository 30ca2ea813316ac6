//! Running other programs.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// The root of the workspace.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_owned).context("the root of the workspace")
}

/// A command in the root of the workspace, with an environment as if this program had not been started by cargo.
///
/// Some build scripts (ring's, for one) are run again when a `CARGO_PKG_…` variable changes, which would rebuild
/// half the workspace each time a chore and a plain `cargo build` take turns.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir(root()?);
    for (name, _) in std::env::vars_os() {
        let foreign = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if name.to_str().is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(&name);
        }
    }
    Ok(command)
}

/// The cargo that started us.
pub(crate) fn cargo() -> Result<Command> {
    command(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()))
}

/// Sends what the command writes to standard error to our standard output: the reports of a run belong together.
pub(crate) fn report_to_stdout(command: &mut Command) -> Result<&mut Command> {
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().context("standard output")?;
    Ok(command.stderr(Stdio::from(stdout)))
}

/// Runs a command that must succeed; its output is shown only when it does not.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{shown} could not be started"))?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{shown} failed ({}):\n{out}{err}", output.status);
    }
    Ok(())
}

/// What a command that must succeed prints, without the blanks around it.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{shown} could not be started"))?;
    let err = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{shown} failed ({}):\n{err}", output.status);
    Ok(String::from_utf8(output.stdout).with_context(|| shown)?.trim().to_owned())
}

/// The exit code of a program as our own; one that was killed counts as failed.
pub(crate) fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// An environment variable that says something.
#[expect(clippy::disallowed_methods, reason = "a chore has no settings document")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
