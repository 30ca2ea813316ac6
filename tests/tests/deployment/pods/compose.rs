//! The services of `deploy/compose.yaml` that are ours, run by podman: no registry with the images of others can be had.

use std::path::Path;

use rekey_tests::processes::Outcome;
use serde_json::Value;

use super::release::{image, podman, root, yaml};

/// The file.
pub(super) struct Compose(Value);

pub(super) async fn read() -> Compose {
    Compose(yaml(&root().join("deploy/compose.yaml")).await.remove(0))
}

impl Compose {
    /// What a service runs.
    pub(super) fn command(&self, service: &str) -> Vec<String> {
        let words = self.0["services"][service]["command"].as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// Runs a service with its settings and this folder in place of its volume: its own command, or another.
    pub(super) async fn run(&self, service: &str, volume: &Path, command: &[&str]) -> Outcome {
        let mount = format!("{}:/etc/rekey", volume.display());
        let mut arguments = ["run", "--rm", "--network=none", "--read-only", "--user=0", "--volume", &mount]
            .map(str::to_owned)
            .to_vec();
        for (name, value) in self.0["services"][service]["environment"].as_object().into_iter().flatten() {
            arguments.extend(["--env".to_owned(), format!("{name}={}", value.as_str().unwrap())]);
        }
        arguments.push(image());
        match command {
            [] => arguments.extend(self.command(service)),
            other => arguments.extend(other.iter().map(|word| (*word).to_owned())),
        }
        podman(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }
}
