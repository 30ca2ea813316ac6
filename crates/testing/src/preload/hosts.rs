//! Names of a program's own, in a file that a test replaces while the program runs, as the DNS of a cluster changes.
//!
//! `hosts.c` reads the file for each lookup. nss_wrapper does the same for more kinds of names, but keeps what it read, and frees it
//! under a second lookup when the file has changed: programs of a soak ended with "double free or corruption".

use std::path::Path;

use super::{compile, preloaded};
use crate::{blocking, ready};

/// The variables of a program that takes names under `.test` from this file, which lies in a folder of the test's own.
///
/// # Panics
/// Without a C compiler, which a checkout is built with.
pub async fn names_of_file(file: &Path) -> Vec<(String, String)> {
    let library = file.with_extension("so");
    let compiled = library.clone();
    ready("names for this test", blocking(move || compile(include_str!("hosts.c"), &compiled)).await);
    vec![preloaded(&library), ("TEST_HOSTS".to_owned(), file.display().to_string())]
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a program is told of a name.
    fn addresses(name: &str, variables: &[(String, String)]) -> Vec<String> {
        let mut program = Command::new("getent");
        program.args(["ahostsv4", name]).envs(variables.iter().cloned());
        let told = String::from_utf8(program.output().unwrap().stdout).unwrap();
        let streams = told.lines().filter(|line| line.contains("STREAM"));
        streams.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_program_takes_names_from_a_file_that_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hosts");
        let variables = names_of_file(&file).await;

        std::fs::write(&file, "127.0.0.2 web.test\n127.0.0.3 mail.test\n127.0.0.4 web.test\n").unwrap();
        let before = addresses("web.test", &variables);
        std::fs::write(&file, "127.0.0.5 web.test\n").unwrap();
        let after = addresses("web.test", &variables);
        let gone = addresses("mail.test", &variables);

        assert_eq!(before, ["127.0.0.2", "127.0.0.4"]);
        assert_eq!(after, ["127.0.0.5"]);
        assert!(gone.is_empty(), "{gone:?}");
    }
}
