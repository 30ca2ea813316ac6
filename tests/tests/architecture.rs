//! The arrows of ARCHITECTURE.md, held by a test: who may know whom, between crates and between the rooms of a
//! service, and how large a file may grow.
//!
//! The lists below say what is allowed; everything else is refused, a new room or crate included. Code that only
//! runs in tests is free: `#[cfg(test)]`, `tests.rs`, `tests/` and the suite that every store passes.

use std::path::{Path, PathBuf};

use arrows::Service;

mod arrows;
mod contract;
mod crates;
mod public_faults;
mod sizes;
mod source;

#[test]
fn crates_depend_along_the_arrows() {
    let graph = crates::graph(&root());

    let wrong = crates::violations(&graph);

    assert!(graph.len() > 10, "cargo metadata shows {} crates", graph.len());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Whoever has googleapis leaves ours out and gets the same contract.
#[test]
fn what_is_declared_of_googleapis_is_as_published() {
    let (ours, published) = (root().join("third_party"), contract::published());

    let files = contract::protos(&ours);

    assert_eq!(files, ["google/api/field_behavior.proto"]);
    for file in files {
        assert_eq!(contract::described(&ours, &file), contract::described(&published, &file));
    }
}

#[test]
fn rooms_use_each_other_along_the_arrows() {
    let services: Vec<Service> = ["identity", "verification", "notification", "portal"]
        .iter()
        .map(|name| Service::read(&root(), name))
        .collect();

    let wrong: Vec<String> = services.iter().flat_map(arrows::violations).collect();

    assert!(services.iter().all(|service| service.files.len() > 10), "a service without files was read");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_page_lists_the_arrows_that_are_held() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();

    for lines in [crates::lines(), arrows::lines()] {
        let block = format!("```text\n{lines}```");

        assert!(page.contains(&block), "ARCHITECTURE.md should list:\n{lines}");
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    let files = sizes::measure(&root());

    let wrong = sizes::violations(&files);

    assert!(files.len() > 50, "only {} files were measured", files.len());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every file below a folder with one of these endings, in a stable order.
fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if endings.contains(&ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
