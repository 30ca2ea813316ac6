//! `rekey completions`: so that a shell can finish what one types.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::output::print;

pub(crate) fn run(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "rekey", &mut script);
    Ok(print(String::from_utf8(script)?.trim_end())?)
}
