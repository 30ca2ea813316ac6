//! What the program is made of, as CycloneDX: the crates that are linked into it, from cargo's own answer.
//!
//! A scanner that reads `Cargo.lock` would list what only tests and chores use, and stamps the time and a random number,
//! so no two of its inventories are the same. This one is a function of the commit.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::run;

/// The inventory of `rekey` for this target.
pub(crate) fn of_program(target: &str) -> Result<String> {
    let mut metadata = run::cargo()?;
    metadata.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", target]);
    let metadata: Value = serde_json::from_str(&run::output(&mut metadata)?)?;
    let packages: BTreeMap<&str, &Value> = by_id(&metadata["packages"]);
    let nodes: BTreeMap<&str, &Value> = by_id(&metadata["resolve"]["nodes"]);
    let linked = linked(&packages, &nodes)?;
    let sums = checksums()?;
    let component = |id: &str| Some(component(packages.get(id)?, &sums));
    let root = linked.iter().find(|id| packages.get(*id).is_some_and(|package| package["name"] == "rekey"));
    let root = root.context("the package rekey")?;
    let components: Vec<Value> =
        linked.iter().filter(|id| *id != root).filter_map(|id| component(id)).collect();
    let dependencies: Vec<Value> = linked.iter().filter_map(|id| needs(id, &nodes, &packages)).collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(root) },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    list.as_array().into_iter().flatten().filter_map(|entry| Some((entry["id"].as_str()?, entry))).collect()
}

/// The ids of `rekey` and of all that it is built from, without what only tests and build scripts use.
fn linked<'a>(
    packages: &BTreeMap<&'a str, &'a Value>,
    nodes: &BTreeMap<&'a str, &'a Value>,
) -> Result<BTreeSet<&'a str>> {
    let root =
        packages.iter().find(|(_, package)| package["name"] == "rekey").context("the package rekey")?;
    let mut found = BTreeSet::new();
    let mut open = vec![*root.0];
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(nodes.get(id).into_iter().flat_map(|node| needed(node)));
        }
    }
    Ok(found)
}

fn needed(node: &Value) -> impl Iterator<Item = &str> {
    let is_linked = |dependency: &&Value| {
        dependency["dep_kinds"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    node["deps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(is_linked)
        .filter_map(|dependency| dependency["pkg"].as_str())
}

fn component(package: &Value, sums: &BTreeMap<(String, String), String>) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let is_program = name == "rekey";
    let mut component = json!({
        "type": if is_program { "application" } else { "library" },
        "bom-ref": reference(package),
        "name": name,
        "version": version,
        "purl": reference(package),
    });
    if let Some(licence) = package["license"].as_str() {
        // Older manifests write `/` for `OR`.
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ").replace("  ", " ") }]);
    }
    if let Some(sum) = sums.get(&(name, version)) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

fn needs(id: &str, nodes: &BTreeMap<&str, &Value>, packages: &BTreeMap<&str, &Value>) -> Option<Value> {
    let named = |id: &str| packages.get(id).map(|package| reference(package));
    let on: BTreeSet<String> = needed(nodes.get(id)?).filter_map(named).collect();
    Some(json!({ "ref": named(id)?, "dependsOn": on }))
}

fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// The digests of crates, by name and version, from `Cargo.lock`.
fn checksums() -> Result<BTreeMap<(String, String), String>> {
    let lock: toml::Table = std::fs::read_to_string(run::root()?.join("Cargo.lock"))?.parse()?;
    let packages =
        lock.get("package").and_then(toml::Value::as_array).context("the packages of Cargo.lock")?;
    let field = |package: &toml::Value, name: &str| Some(package.get(name)?.as_str()?.to_owned());
    let sum = |package: &toml::Value| {
        Some(((field(package, "name")?, field(package, "version")?), field(package, "checksum")?))
    };
    Ok(packages.iter().filter_map(sum).collect())
}
