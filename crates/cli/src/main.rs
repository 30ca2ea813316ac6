//! The only binary of the suite. What it does stands in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rekey::main()
}
