//! Arrows between crates, from `cargo metadata`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Each crate and the crates of ours that it may depend on. What only its tests use is free.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("rekey-primitives", &[]),
    ("rekey-metrics", &[]),
    ("rekey-wire", &[]),
    ("rekey-servers", &[]),
    // What sends to receivers that somebody else named, for two parts.
    ("rekey-webhooks", &[]),
    ("rekey-sealing", &["rekey-primitives"]),
    ("rekey-database", &["rekey-sealing", "rekey-metrics", "rekey-primitives"]),
    ("rekey-throttle", &["rekey-metrics", "rekey-primitives"]),
    ("rekey-runtime", &["rekey-sealing", "rekey-throttle", "rekey-metrics", "rekey-primitives"]),
    ("rekey-client", &["rekey-metrics", "rekey-primitives", "rekey-wire"]),
    ("rekey-identity", PART_WITH_DATABASE),
    ("rekey-verification", PART),
    ("rekey-notification", PART_WITH_DATABASE),
    // A client of the services like any other.
    (
        "rekey-portal",
        &[
            "rekey-client",
            "rekey-runtime",
            "rekey-wire",
            "rekey-primitives",
            // What it keeps is kept by browsers, sealed; and networks of proxies are written as those of webhooks are.
            "rekey-sealing",
            "rekey-webhooks",
        ],
    ),
    ("rekey", COMMAND),
    // A client of the suite like any other, which it starts as a process.
    ("rekey-bench", &["rekey-client", "rekey-wire", "rekey-primitives", "rekey-servers"]),
    ("rekey-testing", &["rekey-servers"]),
    ("xtask", &["rekey-servers"]),
    ("rekey-tests", &["*"]),
];

/// What a part may use. No part is on the list: they know each other over gRPC only.
const PART: &[&str] = &[
    "rekey-metrics",
    "rekey-primitives",
    "rekey-sealing",
    "rekey-wire",
    "rekey-runtime",
    "rekey-client",
    "rekey-throttle",
];

/// What a part may use that keeps its data in SQL.
const PART_WITH_DATABASE: &[&str] = &[
    "rekey-metrics",
    "rekey-primitives",
    "rekey-sealing",
    "rekey-wire",
    "rekey-runtime",
    "rekey-client",
    "rekey-throttle",
    "rekey-database",
    "rekey-webhooks",
];

const COMMAND: &[&str] = &[
    "rekey-identity",
    "rekey-verification",
    "rekey-notification",
    "rekey-portal",
    "rekey-client",
    "rekey-runtime",
    "rekey-wire",
    "rekey-sealing",
    "rekey-metrics",
    "rekey-primitives",
];

/// Crate -> the crates of the workspace that it is built from.
pub(crate) type Graph = BTreeMap<String, Vec<String>>;

pub(crate) fn graph(root: &Path) -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read(&String::from_utf8(output.stdout).unwrap())
}

fn read(metadata: &str) -> Graph {
    let metadata: serde_json::Value = serde_json::from_str(metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name_of = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let ours: Vec<String> = packages.iter().map(name_of).collect();
    let needs = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let built_from = dependencies.filter(|dependency| dependency["kind"] != "dev").map(name_of);
        built_from.filter(|name| ours.contains(name)).collect()
    };
    packages.iter().map(|package| (name_of(package), needs(package))).collect()
}

/// The list, a line for each crate, as ARCHITECTURE.md prints it.
pub(crate) fn lines() -> String {
    let short = |name: &&'static str| name.trim_start_matches("rekey-");
    let line = |(name, allowed): &(&'static str, &[&'static str])| {
        let allowed: Vec<&str> = allowed.iter().map(short).collect();
        format!("{} -> {{{}}}\n", short(name), allowed.join(", "))
    };
    MAY_DEPEND_ON.iter().map(line).collect()
}

pub(crate) fn violations(graph: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, needs) in graph {
        let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(listed, _)| listed == name) else {
            wrong.push(format!("{name} is not on the list of crates"));
            continue;
        };
        for need in needs.iter().filter(|need| !allowed.contains(&need.as_str()) && !allowed.contains(&"*")) {
            wrong.push(format!("{name} -> {need} is not an arrow"));
        }
    }
    wrong
}

#[test]
fn a_part_that_depends_on_another_is_found() {
    let metadata = r#"{ "packages": [
        { "name": "rekey-identity", "dependencies": [
            { "name": "rekey-notification", "kind": null },
            { "name": "rekey-primitives", "kind": null },
            { "name": "rekey-testing", "kind": "dev" },
            { "name": "tokio", "kind": null }
        ] },
        { "name": "rekey-notification", "dependencies": [] },
        { "name": "rekey-primitives", "dependencies": [] },
        { "name": "rekey-testing", "dependencies": [] },
        { "name": "rekey-common", "dependencies": [] }
    ] }"#;

    let wrong = violations(&read(metadata));

    assert_eq!(
        wrong,
        ["rekey-common is not on the list of crates", "rekey-identity -> rekey-notification is not an arrow"]
    );
}
