//! What the program says before it measures anything.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rekey-bench")).args(arguments).output().unwrap()
}

#[test]
fn help_names_everything_that_can_be_measured() {
    let help = bench(&["--help"]);

    let text = String::from_utf8(help.stdout).unwrap();
    for word in [
        "speed",
        "flows",
        "overload",
        "queue",
        "switch",
        "page",
        "enumeration",
        "compare",
        "--program",
        "--embedded",
        "--json",
        "cargo build --release",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_program_that_is_missing_is_named() {
    let refused = bench(&["--program", "/nowhere/rekey", "speed"]);

    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("/nowhere/rekey"));
}
