//! Callers in other languages, in `tests/clients`: what a stranger copies from. Each tells the same story over plain
//! sockets, with a service token that may do no more than it needs, behind a load balancer that loses every first answer.
//!
//! Stubs are made from `proto/` by each language's usual tool. Where there is no Go or Java, `cargo xtask test` says so
//! and leaves those two out.

mod front;
mod guide;
mod phones;
mod programs;
mod service_config;

use std::path::{Path, PathBuf};
use std::process::Command;

use rekey_tests::code_in;
use rekey_tests::processes::{rekey, run};
use rekey_tests::waiting::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::front::{Front, Passed};
use crate::deployment::demo::Demo;

/// The RPCs that a backend for people needs.
const METHODS: [&str; 3] = [
    "/rekey.identity.v1.PasswordResetService/*",
    "/rekey.identity.v1.SessionService/*",
    "/rekey.identity.v1.PasswordService/*",
];

/// What every program says, whatever its language.
const STORY: &str = "\
reset: 1 proof
code: sent
refused: SEND_LIMITED
  metadata:
  fields:
  try again: later
  support code: 32 digits
code: PROOF_OUTCOME_ACCEPTED, 0 to go
refused: PASSWORD_REFUSED
  metadata: rules=MINIMUM_LENGTH
  fields: new_password
  try again: not so
  support code: 32 digits
password: set
sign-in: rejection
sign-in: tokens
refreshed: active
password: changed
signed out: not active
";

/// The calls of the story, refused ones among them.
const CALLS: [&str; 13] = [
    "StartPasswordReset",
    "SendResetCode",
    "SendResetCode",
    "SubmitResetProof",
    "CompletePasswordReset",
    "CompletePasswordReset",
    "SignIn",
    "SignIn",
    "RefreshSession",
    "CheckAccessToken",
    "ChangePassword",
    "SignOut",
    "CheckAccessToken",
];

/// A suite with the front before it, and a backend that it knows.
struct Shop {
    demo: Demo,
    front: Front,
    address: String,
    token_file: PathBuf,
    folder: TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (data, settings) = (folder.path().join("data"), folder.path().join("rekey.toml"));
        std::fs::write(&settings, "identity.server.reload_seconds = 1\n").unwrap();
        let demo = Demo::with(&data, &["--config", settings.to_str().unwrap()]).await;
        let (front, address) = Front::before(demo.text("identity")).await;
        let token_file = folder.path().join("token");
        let shop = Self { demo, front, address, token_file, folder };
        shop.make_known(&data.join("callers/identity.toml")).await;
        shop
    }

    /// `rekey token create`, whose entry goes behind the callers that are there.
    async fn make_known(&self, callers: &Path) {
        let mut create = rekey();
        create.args(["token", "create", "shop", "--assert-context", "--json", "--tenant"]);
        create.arg(self.demo.text("tenant_id"));
        create.args(METHODS.iter().flat_map(|method| ["--method", method]));
        let created = run(create).await.json();
        std::fs::write(&self.token_file, created["token"].as_str().unwrap()).unwrap();
        let entry = toml::to_string(&json!({ "caller": [created["entry"]] })).unwrap();
        let known = std::fs::read_to_string(callers).unwrap();
        std::fs::write(callers, format!("{known}\n{entry}")).unwrap();
        let profile = self.folder.path().join("shop.toml");
        let text = format!(
            "[identity]\nendpoint = \"http://{}\"\ntoken_file = {:?}\n",
            self.demo.text("identity"),
            self.token_file
        );
        std::fs::write(&profile, text).unwrap();
        // Identity looks at the file every second; until then it does not know who is calling.
        let ask = async || {
            let mut command = rekey();
            command.args(["tenant", "list", "--json", "--profile"]).arg(&profile);
            run(command).await.stderr.contains("CALLER_NOT_ALLOWED").then_some(())
        };
        eventually("the new caller is known", ask).await;
    }

    /// Runs a program to its end and gives what it said.
    async fn story(&self, mut program: Command) -> String {
        program.env("IDENTITY_ADDRESS", &self.address).env("TOKEN_FILE", &self.token_file);
        program.env("TENANT_ID", self.demo.text("tenant_id")).env("LOGIN", self.login());
        program.env("INBOX", self.demo.text("inbox_messages"));
        program.env("SERVICE_CONFIG", root().join("proto/service_config.json"));
        let told = run(program).await;
        assert_eq!(told.code, Some(0), "{}\n{}", told.stdout, told.stderr);
        // Maven ends its colours before and after, even where it was told to have none.
        let plain = told.stdout.replace("\u{1b}[0m", "");
        plain.trim_end().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    fn login(&self) -> &str {
        self.demo.person(0, "login")
    }

    /// The codes that were sent to the person.
    async fn codes(&self) -> Vec<String> {
        let inbox = self.demo.inbox().await;
        let own = inbox.iter().filter(|message| message["to"] == self.login());
        own.filter_map(|message: &Value| code_in(message["text"].as_str().unwrap())).collect()
    }
}

/// Tells a program's story and asserts that it is the story, with every call made twice as one and nothing done twice.
async fn tells_the_story(shop: &Shop, program: Command) {
    let story = shop.story(program).await;

    assert_eq!(story, STORY);
    let passed = shop.front.passed();
    let (first, again): (Vec<Passed>, Vec<Passed>) =
        passed.into_iter().partition(|call| call.earlier_attempts == "0");
    assert_eq!(first.iter().map(|call| call.rpc.as_str()).collect::<Vec<_>>(), CALLS);
    let repeat = |call: Passed| Passed { earlier_attempts: "1".to_owned(), ..call };
    assert_eq!(again, first.into_iter().map(repeat).collect::<Vec<_>>());
    assert_eq!(shop.codes().await.len(), 1);
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
