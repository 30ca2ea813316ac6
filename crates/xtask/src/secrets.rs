//! Nothing secret in the repository: keys and tokens of others by a scanner, ours by how they look.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::{run, tools};

/// Rules of the scanner that judge by likelihood: vectors of standards, digests and words such as `password` would all be found. Left
/// are those that know a key or a token by its form.
const NOT_ASKED: [&str; 5] = [
    "Base64HighEntropyString",
    "HexHighEntropyString",
    "KeywordDetector",
    "IPPublicDetector",
    "BasicAuthDetector",
];

/// A service token, and a line of a key file.
const OURS: [&str; 2] = ["rekey_[A-Za-z0-9_-]{43}", "^[^ ]+ (accept|active|retired) [A-Za-z0-9_-]{43}$"];

/// What an earlier release left in its stores, which needs its keys to be read. They were drawn for it and guard nothing else.
const DRAWN_FOR_A_TEST: &str = ":!tests/tests/upgrade/before";

/// Looks through every file that git knows.
pub(crate) fn check() -> Result<ExitCode> {
    tools::install_python()?;
    let known = run::output(run::command("git")?.args(["ls-files"]))?;
    let mut scanner = run::command(tools::secret_scanner()?)?;
    for rule in NOT_ASKED {
        scanner.args(["--disable-plugin", rule]);
    }
    let found = scanner.args(known.lines()).status().context("the scanner could not be started")?;
    ensure!(
        found.success(),
        "take what was found out of the repository, and out of use: whoever cloned it has it"
    );
    let mut search = run::command("git")?;
    search.args(["grep", "--line-number", "--text", "--extended-regexp"]);
    for form in OURS {
        search.args(["-e", form]);
    }
    let found = search.args(["--", ".", DRAWN_FOR_A_TEST]).status()?;
    // It ends with 1 where nothing is found.
    ensure!(found.code() == Some(1), "keys and tokens belong to no repository: draw new ones");
    println!("secrets: none in {} files", known.lines().count());
    Ok(ExitCode::SUCCESS)
}
