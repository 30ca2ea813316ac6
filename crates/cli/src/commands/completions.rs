//! `rekey completions`: so that a shell can finish what one types.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;

pub(crate) fn run(shell: Shell) {
    generate(shell, &mut Arguments::command(), "rekey", &mut std::io::stdout());
}
