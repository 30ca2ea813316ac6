//! Functions of the C library that a program finds in ours before its own, as long as it is linked dynamically: a wall clock and
//! a hosts file that a test changes while the program runs.

mod clock;
mod hosts;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

pub use clock::{MovableClock, movable_clock};
pub use hosts::names_of_file;

/// Compiles a source beside its library.
fn compile(source: &str, library: &Path) -> Result<()> {
    let file = library.with_extension("c");
    std::fs::write(&file, source)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(library).arg(&file);
    let output = compiler.output().context("a C compiler is missing: apt-get install gcc")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The variable by which a program finds a library first.
fn preloaded(library: &Path) -> (String, String) {
    ("LD_PRELOAD".to_owned(), library.display().to_string())
}
