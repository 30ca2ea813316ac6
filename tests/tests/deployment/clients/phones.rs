//! The programs of `docs/verify-a-phone.md`: each verifies a phone behind a load balancer that loses every first answer. On
//! `rekey up` over both pairs of stores, and on verification and notification alone, set up as the page says.

mod parts;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use rekey_client::{ClientSettings, Connection, Problem};
use rekey_testing::{Environment, SmsGateway, sms_gateway_in, tools};
use rekey_tests::person::request_id;
use rekey_tests::processes::{Running, rekey, run};
use rekey_tests::waiting::eventually;
use rekey_tests::{code_in, web};
use rekey_wire::verification::v1::GetVerificationRequest;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use self::parts::Parts;
use super::front::{Front, Passed};
use super::programs::{built_typescript, python_stubs};
use super::root;
use crate::deployment::demo::Demo;

const PAGE: &str = "docs/verify-a-phone.md";
const PHONE: &str = "+15005550103";
/// A code may be sent again after that many seconds, so that the programs wait as little as shows that they wait.
const LADDER: &str = "5, 60, 120, 240";

/// What both programs say.
const STORY: &str = "\
refused: FIELD_INVALID
  fields: destinations[0].phone_number
  try again: not so
code: sent
notices: NOTICE_CHANNEL_RESTRICTED
refused: RESEND_TOO_SOON
  fields:
  try again: later
code: sent again
wrong code: CHECK_OUTCOME_REJECTED
right code: CHECK_OUTCOME_PASSED
proved: user-4711 has the phone, by CHANNEL_SMS, for sign_up
refused: GRANT_INVALID
  fields:
  try again: not so
refused: VERIFICATION_OVER
  fields:
  try again: not so
";

/// The calls of the story.
const CALLS: [&str; 9] = [
    "StartVerification",
    "StartVerification",
    "ResendCode",
    "ResendCode",
    "CheckVerification",
    "CheckVerification",
    "RedeemGrant",
    "RedeemGrant",
    "ResendCode",
];

/// A backend that verifies phones, and what it calls.
struct Shop {
    front: Front,
    address: String,
    tenant_id: String,
    token_file: PathBuf,
    /// Where the texts that were sent are shown.
    inbox: String,
    // Before the folder, in which they run.
    _running: Vec<Running>,
    _demo: Option<Demo>,
    _gateway: Option<Arc<SmsGateway>>,
    folder: TempDir,
}

mod embedded {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn python_verifies_a_phone() {
        tells_the_story(&Shop::on_up(&[]).await, python).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn typescript_verifies_a_phone() {
        tells_the_story(&Shop::on_up(&[]).await, typescript).await;
    }
}

mod real {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn python_verifies_a_phone() {
        let (postgres, redis) = (rekey_testing::postgres_server().await, rekey_testing::redis().await);
        let (postgres_url, redis_url) = (postgres.url("postgres"), redis.url());

        let shop = Shop::on_up(&["--postgres", &postgres_url, "--redis", &redis_url]).await;

        tells_the_story(&shop, python).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn typescript_verifies_a_phone() {
        let (postgres, redis) = (rekey_testing::postgres_server().await, rekey_testing::redis().await);
        let (postgres_url, redis_url) = (postgres.url("postgres"), redis.url());

        let shop = Shop::on_up(&["--postgres", &postgres_url, "--redis", &redis_url]).await;

        tells_the_story(&shop, typescript).await;
    }
}

mod two_parts {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn python_verifies_a_phone() {
        let (postgres, redis) = (rekey_testing::postgres().await, rekey_testing::redis().await);

        tells_the_story(&Shop::on_two_parts(postgres.url(), &redis.url()).await, python).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn typescript_verifies_a_phone() {
        let (postgres, redis) = (rekey_testing::postgres().await, rekey_testing::redis().await);

        tells_the_story(&Shop::on_two_parts(postgres.url(), &redis.url()).await, typescript).await;
    }
}

#[test]
fn the_page_names_the_commands_that_are_run() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();

    for command in ["rekey up\n", "rekey init deployment ", "rekey migrate notification "] {
        assert!(page.contains(command), "{command}");
    }
    for part in ["verification", "notification"] {
        assert!(page.contains(&format!("rekey serve {part} --config deployment/rekey.toml")), "{part}");
    }
    for flag in create_token("018f5a1e-…", Path::new("callers/verification.toml")) {
        assert!(page.contains(&flag), "{flag}");
    }
}

impl Shop {
    /// On a suite with demo people; the texts are in its inbox.
    async fn on_up(stores: &[&str]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (data, settings) = (folder.path().join("data"), folder.path().join("rekey.toml"));
        let text = format!(
            "verification.server.reload_seconds = 1\nverification.resend.ladder_seconds = [{LADDER}]\n"
        );
        std::fs::write(&settings, text).unwrap();
        let arguments = [&["--config", settings.to_str().unwrap()][..], stores].concat();
        let demo = Demo::with(&data, &arguments).await;
        let (tenant_id, inbox) = (demo.text("tenant_id").to_owned(), demo.text("inbox_messages").to_owned());
        let callers = data.join("callers/verification.toml");
        let token_file = make_known(folder.path(), &callers, &tenant_id, demo.text("verification")).await;
        let (front, address) = Front::before(demo.text("verification")).await;
        Self {
            front,
            address,
            tenant_id,
            token_file,
            inbox,
            _running: Vec::new(),
            _demo: Some(demo),
            _gateway: None,
            folder,
        }
    }

    /// On verification and notification alone, in production; the texts are what a gateway took.
    async fn on_two_parts(postgres: &str, redis: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let gateway = Arc::new(sms_gateway_in(Environment::default()).await);
        let parts = Parts::prepare(folder.path(), [postgres, redis], gateway.port()).await;
        let tenant_id = request_id();
        let running = parts.serve().await;
        let callers = folder.path().join("deployment/callers/verification.toml");
        let token_file = make_known(folder.path(), &callers, &tenant_id, &parts.verification()).await;
        let (front, address) = Front::before(&parts.verification()).await;
        let inbox = shown(Arc::clone(&gateway)).await;
        Self {
            front,
            address,
            tenant_id,
            token_file,
            inbox,
            _running: running,
            _demo: None,
            _gateway: Some(gateway),
            folder,
        }
    }

    /// The codes that the phone got.
    async fn codes(&self) -> Vec<String> {
        let (host, path) = self.inbox.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let messages = web::get(host, &format!("/{path}")).await.unwrap().body;
        let messages: Vec<Value> = serde_json::from_str(&messages).unwrap();
        let own = messages.iter().filter(|message| message["to"] == PHONE);
        own.filter_map(|message| code_in(message["text"].as_str().unwrap())).collect()
    }
}

/// Runs a program and asserts that it tells the story, with every call made twice as one.
async fn tells_the_story(shop: &Shop, program: impl AsyncFnOnce(&Path) -> Command) {
    let mut program = program(shop.folder.path()).await;
    program.env("VERIFICATION_ADDRESS", &shop.address).env("TOKEN_FILE", &shop.token_file);
    program.env("TENANT_ID", &shop.tenant_id).env("PHONE_NUMBER", PHONE).env("INBOX", &shop.inbox);
    program.env("SERVICE_CONFIG", root().join("proto/service_config.json"));

    let told = run(program).await;

    let said: String = told.stdout.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    assert_eq!((told.code, said.as_str()), (Some(0), STORY), "{}", told.stderr);
    let (first, again): (Vec<Passed>, Vec<Passed>) =
        shop.front.passed().into_iter().partition(|call| call.earlier_attempts == "0");
    assert_eq!(first.iter().map(|call| call.rpc.as_str()).collect::<Vec<_>>(), CALLS);
    let repeat = |call: Passed| Passed { earlier_attempts: "1".to_owned(), ..call };
    assert_eq!(again, first.into_iter().map(repeat).collect::<Vec<_>>());
    let codes = eventually("both texts have come", async || {
        let codes = shop.codes().await;
        (codes.len() >= 2).then_some(codes)
    });
    let codes = codes.await;
    assert_eq!(codes.len(), 2);
    assert_eq!(codes[0], codes[1]);
}

async fn python(folder: &Path) -> Command {
    let stubs = python_stubs(folder).await;
    let mut program = Command::new(tools().join("python/bin/python"));
    program.arg("-B").arg(root().join("tests/clients/python/verify_a_phone.py")).env("PYTHONPATH", stubs);
    program
}

async fn typescript(folder: &Path) -> Command {
    let mut program = Command::new("node");
    program.arg(built_typescript(folder).await.join("dist/src/verify-a-phone.js"));
    program
}

/// What is typed for the token of a backend that verifies phones.
fn create_token(tenant_id: &str, callers: &Path) -> [String; 6] {
    [
        "rekey token create shop".to_owned(),
        format!("--tenant {tenant_id}"),
        "--purpose sign_up".to_owned(),
        "--assert-context".to_owned(),
        "--method '/rekey.verification.v1.VerificationService/*'".to_owned(),
        format!("{}", callers.display()),
    ]
}

/// `rekey token create`, whose entry goes to verification; waits until that knows it.
async fn make_known(folder: &Path, callers: &Path, tenant_id: &str, verification: &str) -> PathBuf {
    let mut create = rekey();
    for part in &create_token(tenant_id, callers)[..5] {
        create.args(part.split(' ').filter(|word| *word != "rekey").map(|word| word.trim_matches('\'')));
    }
    create.arg("--append-to").arg(callers).arg("--json");
    let created = run(create).await.json();
    let token_file = folder.join("token");
    std::fs::write(&token_file, created["token"].as_str().unwrap()).unwrap();
    let settings = ClientSettings::to(format!("http://{verification}")).with_token_file(token_file.clone());
    let client = VerificationServiceClient::new(Connection::open(&settings, || None).unwrap());
    let ask = async || {
        let request =
            GetVerificationRequest { tenant_id: tenant_id.to_owned(), verification_id: request_id() };
        let unknown = client.clone().get_verification(request).await.unwrap_err();
        (Problem::of(&unknown).reason == "VERIFICATION_NOT_FOUND").then_some(())
    };
    eventually("the new caller is known", ask).await;
    token_file
}

/// Shows what a gateway took as the inbox of `rekey up` shows it, newest first; the address.
async fn shown(gateway: Arc<SmsGateway>) -> String {
    let messages = move || {
        let taken = gateway.taken().so_far();
        async move {
            let texts = taken.iter().rev().map(|text| json!({ "to": text.to, "text": text.text }));
            Json(texts.collect::<Vec<_>>())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/messages", get(messages))).await });
    format!("http://{address}/messages")
}
