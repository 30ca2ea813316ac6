//! A release of the chart, installed by hand: rendered by Helm, its Secrets made, migrated, and its Pods played.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rekey_client::{ClientSettings, Connection};
use rekey_servers::free_port;
use rekey_testing::SmtpServer;
use rekey_tests::authority::Authority;
use rekey_tests::deployment::Ground;
use rekey_tests::processes::{Outcome, run};
use rekey_tests::waiting::eventually;
use rekey_tests::web;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::kubelet::{self, Files};

const PARTS: [&str; 4] = ["notification", "verification", "identity", "portal"];
const PASSWORD: &str = "seven quiet lanterns under snow";

/// The group of every Pod, as the chart says.
const GROUP: u32 = 65532;

/// An installed release.
pub(super) struct Release {
    /// What it stands on.
    pub(super) ground: Ground,
    authority: Authority,
    ports: BTreeMap<&'static str, [u16; 2]>,
    folder: TempDir,
    played: Vec<PathBuf>,
}

impl Release {
    /// Installs it and waits until every Pod is ready.
    pub(super) async fn install(ground: Ground) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(&folder.path().join("tls-1"));
        let ports = PARTS.map(|part| (part, [free_port(), free_port()])).into();
        let mut release = Self { ground, authority, ports, folder, played: Vec::new() };
        let sources = release.sources().await;
        let documents = release.render().await;
        let settings = documents.iter().find(|document| document["kind"] == "ConfigMap").unwrap();
        let config = (settings["metadata"]["name"].as_str().unwrap().to_owned(), files_of_config(settings));
        let sources: BTreeMap<String, Files> = sources.into_iter().chain([config]).collect();
        for kind in ["Job", "Deployment"] {
            for workload in documents.iter().filter(|document| document["kind"] == kind) {
                release.play(workload, &sources).await;
            }
            if kind == "Job" {
                let ended = podman(&["wait", "rekey-migrate-migrate"]).await;
                assert_eq!(ended.stdout.trim(), "0", "{}", logs("rekey-migrate-migrate").await);
            }
        }
        for part in PARTS {
            release.ready(part).await;
        }
        release
    }

    async fn ready(&self, part: &str) {
        let health = format!("127.0.0.1:{}", self.ports[part][1]);
        let container = container(part);
        let is_ready = async || {
            let state = podman(&["inspect", &container, "--format", "{{.State.Running}}"]).await;
            assert_eq!(state.stdout.trim(), "true", "{part} ended:\n{}", logs(&container).await);
            web::get(&health, "/readyz").await.filter(|answer| answer.status == 200)
        };
        eventually("a Pod is ready", is_ready).await;
    }

    /// The Secrets that whoever installs makes, of what `rekey init` writes among others.
    async fn sources(&self) -> BTreeMap<String, Files> {
        let made = self.folder.path().join("made");
        std::fs::create_dir(&made).unwrap();
        let mount = format!("{}:/made", made.display());
        let arguments = ["run", "--rm", "--network=none", "--user=0", "--volume", &mount, &image()];
        let init = ["init", "/made/rekey", "--portal-url", "https://id.acme.example"];
        let outcome = podman(&[&arguments[..], &init].concat()).await;
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let mail = &self.ground.mail;
        let one = |name: &str, contents: &str| Files::from([(name.to_owned(), contents.into())]);
        let mut sources: BTreeMap<String, Files> = ["keys", "tokens", "callers"]
            .map(|name| (format!("rekey-{name}"), read(&made.join("rekey").join(name))))
            .into();
        sources.insert("relay".to_owned(), one("password", SmtpServer::PASSWORD));
        sources.insert("relay-ca".to_owned(), one("ca.crt", mail.authority_pem()));
        sources.insert("first-password".to_owned(), one("password", PASSWORD));
        for part in PARTS {
            sources.insert(format!("rekey-{part}-tls"), self.certificate(part));
        }
        sources
    }

    fn certificate(&self, part: &str) -> Files {
        let files = self.authority.issue_for(part, &format!("rekey-{part}.rekey.svc"));
        let read = |path: &Path| std::fs::read(path).unwrap();
        Files::from([
            ("tls.crt".to_owned(), read(&files.certificate)),
            ("tls.key".to_owned(), read(&files.key)),
            ("ca.crt".to_owned(), read(&self.authority.certificate())),
        ])
    }

    /// Renders the chart.
    async fn render(&self) -> Vec<Value> {
        let values = self.folder.path().join("values.json");
        std::fs::write(&values, self.values().to_string()).unwrap();
        rendered(&values).await
    }

    fn values(&self) -> Value {
        let Ground { identity, notification, redis, mail } = &self.ground;
        let (repository, tag) =
            image().rsplit_once(':').map(|(name, tag)| (name.to_owned(), tag.to_owned())).unwrap();
        let part = |name: &str, env: Value| {
            let [port, health] = self.ports[name];
            json!({ "port": port, "healthPort": health, "autoscaling": { "enabled": false }, "env": env })
        };
        let reload =
            |part: &str| (format!("REKEY__{}__SERVER__RELOAD_SECONDS", part.to_uppercase()), "1".to_owned());
        let [of_notification, of_verification, mut of_identity, mut of_portal] =
            PARTS.map(|name| part(name, json!(BTreeMap::from([reload(name)]))));
        of_portal["enabled"] = json!(true);
        of_identity["extraVolumes"] =
            json!([{ "name": "first", "secret": { "secretName": "first-password", "defaultMode": 288 } }]);
        of_identity["extraVolumeMounts"] = json!([{ "name": "first", "mountPath": "/etc/rekey/first" }]);
        json!({
            "portalUrl": "https://id.acme.example",
            "listenAddress": "127.0.0.1",
            "image": { "repository": repository, "tag": tag, "pullPolicy": "Never" },
            "settings": "[notification.delivery]\npoll_ms = 50\n",
            "mail": {
                "host": "localhost", "port": mail.port(), "from": "no-reply@acme.example",
                "username": SmtpServer::USERNAME, "password": { "secret": "relay" }, "ca": { "secret": "relay-ca" },
            },
            "postgres": { "identity": { "url": identity.url() }, "notification": { "url": notification.url() } },
            "redis": { "url": redis.url() },
            "identity": of_identity, "verification": of_verification, "notification": of_notification,
            "portal": of_portal,
        })
    }

    async fn play(&mut self, workload: &Value, sources: &BTreeMap<String, Files>) {
        let pod = kubelet::pod(workload, sources, self.folder.path());
        let file = self.folder.path().join(format!("{}.json", pod["metadata"]["name"].as_str().unwrap()));
        std::fs::write(&file, pod.to_string()).unwrap();
        let played = podman(&["kube", "play", "--network=host", file.to_str().unwrap()]).await;
        assert_eq!(played.code, Some(0), "{played:?}\n{pod}");
        self.played.push(file);
    }

    /// The first tenant, as the notes of the chart say; its id.
    pub(super) async fn bootstrap(&self) -> String {
        let bootstrap = ["exec", "rekey-identity-identity", "/usr/bin/rekey", "bootstrap", "--json"];
        let who = ["--handle", "acme", "--name", "Acme Works", "--login", "admin@acme.example"];
        let how = ["--email", "admin@acme.example", "--password-file", "/etc/rekey/first/password"];
        let made = podman(&[&bootstrap[..], &who, &how].concat()).await.json();
        made["tenant_id"].as_str().unwrap().to_owned()
    }

    /// A connection to identity in the name of the command line, believing the authority of today.
    pub(super) fn connect(&self) -> Connection {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = ClientSettings {
            ca_file: Some(self.authority.certificate()),
            server_name: Some("rekey-identity.rekey.svc".to_owned()),
            token_file: Some(self.folder.path().join("made/rekey/tokens/cli")),
            ..ClientSettings::to(format!("https://localhost:{}", self.ports["identity"][0]))
        };
        Connection::open(&settings, || None).unwrap()
    }

    /// New certificates for all, by a new authority, as their manager replaces them under running Pods.
    pub(super) fn replace_certificates(&mut self) {
        self.authority = Authority::new(&self.folder.path().join("tls-2"));
        for part in PARTS {
            let volume = self.folder.path().join(format!("rekey-{part}")).join("tls");
            kubelet::write(&volume, &self.certificate(part), 0o440, GROUP);
        }
    }

    /// What each part holds in memory.
    pub(super) fn resident_kilobytes(&self) -> Vec<(&'static str, u64)> {
        PARTS.map(|part| (part, resident(&container(part)))).into()
    }

    /// Asks every Pod to stop; the exit code of each part.
    pub(super) async fn stop(self) -> Vec<(&'static str, i32)> {
        let mut codes = Vec::new();
        for part in PARTS.into_iter().rev() {
            let container = container(part);
            podman(&["stop", "--time=45", &container]).await;
            let code = podman(&["inspect", &container, "--format", "{{.State.ExitCode}}"]).await;
            codes.push((part, code.stdout.trim().parse().unwrap()));
        }
        codes
    }
}

impl Drop for Release {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its Pods said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            for part in PARTS {
                let logs = Command::new("podman").args(["logs", "--tail=40", &container(part)]).output();
                eprintln!(
                    "--- {part}\n{}",
                    logs.map(|said| String::from_utf8_lossy(&said.stderr).into_owned()).unwrap_or_default()
                );
            }
        }
        for file in &self.played {
            let _ = Command::new("podman").args(["kube", "down"]).arg(file).output();
        }
    }
}

/// Runs a command in the image, with nothing mounted and no network.
pub(super) async fn in_image(arguments: &[&str]) -> Outcome {
    let image = image();
    podman(
        &[
            &["run", "--rm", "--network=none", "--read-only", "--read-only-tmpfs=false", &image][..],
            arguments,
        ]
        .concat(),
    )
    .await
}

/// Runs a command in the image on the network of this machine.
pub(super) async fn on_this_network(options: &[&str], arguments: &[&str]) -> Outcome {
    let image = image();
    podman(&[&["run", "--rm", "--network=host"][..], options, &[&image], arguments].concat()).await
}

/// Podman names the container of a Pod by both.
fn container(part: &str) -> String {
    format!("rekey-{part}-{part}")
}

fn resident(container: &str) -> u64 {
    let inspected =
        Command::new("podman").args(["inspect", container, "--format", "{{.State.Pid}}"]).output().unwrap();
    let pid = String::from_utf8(inspected.stdout).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The chart with these values.
pub(super) async fn rendered(values: &Path) -> Vec<Value> {
    let mut helm = Command::new(tool("helm/helm/helm"));
    helm.args(["template", "rekey", "--namespace=rekey", "--values"]).arg(values);
    helm.arg(root().join("deploy/helm/rekey"));
    let outcome = run(helm).await;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rendered.yaml");
    std::fs::write(&file, &outcome.stdout).unwrap();
    yaml(&file).await
}

/// The root of the workspace.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The documents of a YAML file, read by the Python of the tools.
pub(super) async fn yaml(file: &Path) -> Vec<Value> {
    let script =
        "import json,sys,yaml; print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1])) if d]))";
    let mut python = Command::new(tool("deploy/bin/python"));
    python.args(["-c", script]).arg(file);
    serde_json::from_value(run(python).await.json()).unwrap()
}

pub(super) async fn podman(arguments: &[&str]) -> Outcome {
    let mut podman = Command::new("podman");
    podman.args(arguments);
    run(podman).await
}

async fn logs(container: &str) -> String {
    let said = podman(&["logs", container]).await;
    said.stdout + &said.stderr
}

/// The name of the image, as the chore passes it.
pub(super) fn image() -> String {
    passed("REKEY_TEST_IMAGE")
}

fn tool(name: &str) -> PathBuf {
    Path::new(&passed("REKEY_TEST_TOOLS")).join(name)
}

#[expect(clippy::disallowed_methods, reason = "what a chore passes to tests is no setting of ours")]
fn passed(name: &str) -> String {
    std::env::var(name).expect("cargo xtask image runs this test")
}

fn read(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

fn files_of_config(config: &Value) -> Files {
    let data = config["data"].as_object().unwrap();
    data.iter().map(|(name, text)| (name.clone(), text.as_str().unwrap().as_bytes().to_vec())).collect()
}
