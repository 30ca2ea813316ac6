//! A running `rekey up`, as those see it who are handed its ready file.

use std::path::{Path, PathBuf};
use std::process::Command;

use rekey_tests::code_in;
use rekey_tests::processes::{Conversation, Outcome, Running, rekey, run};
use rekey_tests::waiting::eventually;
use rekey_tests::web;
use serde_json::Value;
use tempfile::TempDir;

/// The suite and what its ready file says.
pub(crate) struct Demo {
    pub(crate) ready: Value,
    pub(crate) ready_file: PathBuf,
    pub(crate) process: Running,
    pub(crate) profile: PathBuf,
    pub(crate) folder: TempDir,
}

impl Demo {
    /// With ports and a data folder of its own, both gone at the end.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = rekey();
        command.arg("up").arg("--ephemeral");
        Self::of(folder, command).await
    }

    /// The same with a data folder and arguments that the test names.
    pub(crate) async fn with(data: &Path, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = rekey();
        command.args(["up", "--free-ports"]).args(arguments).arg("--data").arg(data);
        Self::of(folder, command).await
    }

    async fn of(folder: TempDir, mut command: Command) -> Self {
        let (ready_file, profile) = (folder.path().join("ready.json"), folder.path().join("profile.toml"));
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&scratch).unwrap();
        command.arg("--ready-file").arg(&ready_file).arg("--profile").arg(&profile);
        command.env("TMPDIR", &scratch).current_dir(folder.path());
        let mut process = Running::start("up", command, folder.path());
        let is_ready = async || {
            assert!(process.is_running(), "ended before it was ready:\n{}", process.log());
            std::fs::read_to_string(&ready_file).ok()
        };
        let text = eventually("the ready file is written", is_ready).await;
        let ready: Value = serde_json::from_str(&text).unwrap();
        Self { ready, ready_file, process, profile, folder }
    }

    /// What `--ephemeral` and everything else puts into the folder for temporary files.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// A text of the ready file.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap()
    }

    /// One of the demo people's texts.
    pub(crate) fn person(&self, number: usize, field: &str) -> &str {
        self.ready["people"][number][field].as_str().unwrap()
    }

    /// The service token that the profile names.
    pub(crate) fn token_file(&self) -> PathBuf {
        let profile: toml::Table = toml::from_str(&std::fs::read_to_string(&self.profile).unwrap()).unwrap();
        profile["identity"]["token_file"].as_str().unwrap().into()
    }

    /// A command that talks to this suite.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = rekey();
        command.args(arguments).arg("--profile").arg(&self.profile).current_dir(self.folder.path());
        command
    }

    /// Runs such a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Outcome {
        run(self.command(arguments)).await
    }

    /// Everything in the inbox, newest first.
    pub(crate) async fn inbox(&self) -> Vec<Value> {
        serde_json::from_str(&self.page("inbox_messages").await.body).unwrap()
    }

    /// What a page of the ready file answers.
    pub(crate) async fn page(&self, field: &str) -> web::Answer {
        let address = self.text(field).strip_prefix("http://").unwrap();
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        web::get(host, &format!("/{path}")).await.unwrap()
    }

    /// Host and port of the portal.
    pub(crate) fn portal_host(&self) -> &str {
        self.text("portal").strip_prefix("http://").unwrap()
    }

    /// The newest text to an address that holds what is looked for, as soon as there is one.
    pub(crate) async fn message(&self, to: &str, holds: impl Fn(&str) -> bool) -> String {
        let look = async || {
            let messages = self.inbox().await;
            let fits = |message: &&Value| message["to"] == to && holds(message["text"].as_str().unwrap());
            messages.iter().find(fits).map(|message| message["text"].as_str().unwrap().to_owned())
        };
        eventually("a message is in the inbox", look).await
    }

    /// The code that was sent to an address.
    pub(crate) async fn code(&self, to: &str) -> String {
        code_in(&self.message(to, |text| code_in(text).is_some()).await).unwrap()
    }

    /// The link "this was not me" that was sent to an address.
    pub(crate) async fn repudiation_link(&self, to: &str) -> String {
        let text = self.message(to, |text| text.contains("/not-me?token=")).await;
        text.split_whitespace().find(|word| word.contains("/not-me?token=")).unwrap().to_owned()
    }

    /// The one-time link to a new password that was sent to an address.
    pub(crate) async fn new_password_link(&self, to: &str) -> String {
        let text = self.message(to, |text| text.contains("/new-password?token=")).await;
        text.split_whitespace().find(|word| word.contains("/new-password?token=")).unwrap().to_owned()
    }

    /// A whole reset in the terminal, by mail.
    pub(crate) async fn reset(&self, login: &str, new_password: &str) -> Outcome {
        let mut terminal = Conversation::begin(self.command(&["reset", login, "--json"]));
        terminal.type_line("1");
        terminal.type_line(&self.code(login).await);
        terminal.type_line(new_password);
        terminal.end().await
    }
}
