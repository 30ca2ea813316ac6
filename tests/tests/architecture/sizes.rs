//! How large files may grow. A file that passes the limit holds two ideas.

use std::path::Path;

use super::files_below;

/// Lines that stop a Rust file, tests included.
const RUST: usize = 450;
/// Lines that stop a file of the contract.
const PROTO: usize = 300;

pub(crate) fn measure(root: &Path) -> Vec<(String, usize)> {
    let folders = ["crates", "services", "tests", "proto/rekey"];
    let files = folders.iter().flat_map(|folder| files_below(&root.join(folder), &["rs", "proto"]));
    let lines = |file: &Path| std::fs::read_to_string(file).unwrap().lines().count();
    files.map(|file| (file.strip_prefix(root).unwrap().display().to_string(), lines(&file))).collect()
}

pub(crate) fn violations(files: &[(String, usize)]) -> Vec<String> {
    let limit = |name: &str| if name.ends_with(".proto") { PROTO } else { RUST };
    let too_large = files.iter().filter(|(name, lines)| *lines > limit(name));
    too_large.map(|(name, lines)| format!("{name} has {lines} lines, {} is the limit", limit(name))).collect()
}

#[test]
fn a_file_over_its_limit_is_found() {
    let files = [("a.rs".to_owned(), 450), ("b.rs".to_owned(), 451), ("c.proto".to_owned(), 301)];

    let wrong = violations(&files);

    assert_eq!(wrong, ["b.rs has 451 lines, 450 is the limit", "c.proto has 301 lines, 300 is the limit"]);
}
