//! Two replicas of the portal behind a balancer that sends each request to the next one, with the identity of `rekey up`: it does not
//! matter which of them a request reaches, and one that dies takes nothing with it.
//!
//! Each replica has a key file of its own, as where Kubernetes mounts a Secret: the test says who knows which keys at a moment.

use std::fs;
use std::path::PathBuf;

use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_sealing::KeyText;
use rekey_servers::free_port;
use rekey_tests::person::Person;
use rekey_tests::processes::{Running, rekey, run};
use rekey_tests::visitor::{Visitor, encoded};
use rekey_tests::waiting::eventually;
use rekey_tests::{code_in, web};
use serde_json::Value;

use crate::deployment::demo::Demo;

const NEW: &str = "nine slow rivers and stone";

const SESSION: &str = "__Host-rekey-session";
/// Where whoever is not signed in is led from `/account`.
const TO_SIGN_IN: (u16, &str) = (303, "/sign-in?next=%2Faccount");

const ADD_EMAIL: &str = "/account/security-info/email";
const RECOVERY_CODES: &str = "/account/recovery-codes";
const CHANGE_PASSWORD: &str = "/account/password";

/// Each of these has people of its own or leaves them as they were, so one suite serves them all.
#[tokio::test(flavor = "multi_thread")]
async fn any_replica_answers_any_page_and_one_that_dies_takes_nothing_with_it() {
    let demo = Demo::start().await;
    let keys = fresh_keys();
    let (one, other) =
        tokio::join!(Replica::start(&demo, "one", &keys), Replica::start(&demo, "other", &keys));
    a_forgotten_password_is_reset_at_both(&demo, [&one, &other]).await;
    one_with_other_keys_takes_nothing_and_says_so(&demo, &one).await;
    an_account_is_looked_after_at_both_and_left_at_once(&demo, [&other, &one]).await;
    a_reset_goes_on_without_whoever_showed_its_pages(&demo, &keys, [one, other]).await;
}

/// Four pages, a sign-in and the account behind it. Forms of the reset are shown by the one and taken by the other; those of the sign-in
/// go the other way.
async fn a_forgotten_password_is_reset_at_both(demo: &Demo, replicas: [&Replica; 2]) {
    let login = demo.person(0, "login");
    let mut visitor = somebody(demo, &replicas).await;

    let (reset, _) = visitor.begin(login).await;
    let [prove, code, password] = pages_of(&reset);
    let sent = visitor.fill(&prove, &prove, &[("method", "1")]).await;
    let typed = demo.code(login).await;
    let proved = visitor.fill(&code, &code, &[("code", &typed)]).await;
    let set = visitor.fill(&password, &password, &[("password", NEW), ("repeated", NEW)]).await;
    let done = visitor.get("/reset/done").await;
    visitor.sign_in(&person(demo, 0, NEW)).await;
    let seen = [visitor.get("/account").await, visitor.get("/account").await];

    assert_eq!(led(&sent), (303, code.as_str()), "{sent:?}");
    assert_eq!(led(&proved), (303, password.as_str()), "{proved:?}");
    assert_eq!(led(&set), (303, "/reset/done"), "{set:?}");
    assert!(done.status == 200 && done.body.contains("Your new password is set"), "{done:?}");
    assert!(seen.iter().all(|page| page.status == 200 && page.body.contains(login)), "{seen:?}");
}

/// A mistake in the settings of one replica: it opens nothing of the others, and what it refuses it refuses whole.
async fn one_with_other_keys_takes_nothing_and_says_so(demo: &Demo, right: &Replica) {
    let wrong = Replica::start(demo, "wrong", &fresh_keys()).await;
    let ada = person(demo, 2, demo.person(2, "password"));
    let mut visitor = somebody(demo, &[right]).await;
    let form = visitor.hidden_for("/sign-in", "/sign-in").await;
    let typed = encoded(&[("login", &ada.login), ("password", &ada.password)]);

    visitor.led_to(&[&wrong.host]);
    let refused = visitor.post("/sign-in", &format!("{form}&{typed}")).await;
    let is_half_signed_in = visitor.cookies.contains_key(SESSION);
    let unknown = visitor.get("/sign-in").await;
    visitor.led_to(&[&right.host]);
    let (reset, _) = visitor.begin(&ada.login).await;
    visitor.sign_in(&ada).await;
    visitor.led_to(&[&wrong.host]);
    let over = visitor.get(&format!("{reset}/prove")).await;
    let strange = visitor.get("/account").await;
    visitor.led_to(&[&right.host]);
    let forgotten = visitor.get("/account").await;
    let goes_on = visitor.get(&format!("{reset}/prove")).await;

    assert_eq!((refused.status, is_half_signed_in), (403, false), "{refused:?}");
    assert!(refused.body.contains("This page was open for too long"), "{refused:?}");
    assert_eq!(led(&unknown), (303, "/organisation"), "{unknown:?}");
    assert!(over.status == 410 && over.body.contains("This reset is over"), "{over:?}");
    // Signed out for both of them, and not in turn.
    assert_eq!([led(&strange), led(&forgotten)], [TO_SIGN_IN; 2]);
    assert_eq!(goes_on.status, 200, "{goes_on:?}");
}

/// What one page leaves for the next: a code on its way, what was done, that something was shown, and nothing after signing out.
async fn an_account_is_looked_after_at_both_and_left_at_once(demo: &Demo, replicas: [&Replica; 2]) {
    let ada = person(demo, 2, demo.person(2, "password"));
    let address = "ada@home.example";
    let mut visitor = somebody(demo, &replicas).await;

    visitor.sign_in(&ada).await;
    let added = visitor.fill(ADD_EMAIL, ADD_EMAIL, &[("email", address)]).await;
    let confirm = added.values("Location").concat();
    let code = demo.code(address).await;
    let confirmed = visitor.fill(&confirm, &confirm, &[("code", &code)]).await;
    let said = visitor.get("/account/security-info").await;
    let form = visitor.hidden_for(RECOVERY_CODES, RECOVERY_CODES).await;
    let shown = visitor.post(RECOVERY_CODES, &form).await;
    let reloaded = visitor.post(RECOVERY_CODES, &form).await;
    let copied = visitor.cookies[SESSION].clone();
    let left = visitor.fill("/account", "/sign-out", &[]).await;
    let after = [visitor.get("/account").await, visitor.get("/account").await];
    visitor.cookies.insert(SESSION.to_owned(), copied.clone());
    let with_copy = visitor.get("/account").await;
    visitor.cookies.insert(SESSION.to_owned(), copied);
    let with_copy_too = visitor.get("/account").await;

    assert_eq!(led(&confirmed), (303, "/account/security-info"), "{confirmed:?}");
    assert!(said.body.contains("It is confirmed."), "{said:?}");
    assert!(shown.status == 200 && shown.body.contains("<ol class=\"codes\">"), "{shown:?}");
    assert_eq!(led(&reloaded), (303, RECOVERY_CODES), "{reloaded:?}");
    assert_eq!(led(&left), (303, "/sign-in"), "{left:?}");
    assert_eq!(after.each_ref().map(led), [TO_SIGN_IN; 2]);
    assert_eq!([led(&with_copy), led(&with_copy_too)], [TO_SIGN_IN; 2]);
}

/// One dies before its answer arrives, and the browser sends the form once more; later the other dies, after the first has come back.
async fn a_reset_goes_on_without_whoever_showed_its_pages(demo: &Demo, keys: &str, replicas: [Replica; 2]) {
    let [one, other] = replicas;
    let login = demo.person(1, "login");
    let mut visitor = somebody(demo, &[&one]).await;
    let (reset, _) = visitor.begin(login).await;
    let [prove, code, password] = pages_of(&reset);
    let choice = format!("{}&method=1", visitor.hidden_for(&prove, &prove).await);
    let before = visitor.cookies.clone();

    let lost = visitor.post(&prove, &choice).await;
    visitor.cookies = before;
    one.kill();
    visitor.led_to(&[&other.host]);
    let sent = visitor.post(&prove, &choice).await;
    let typed = demo.code(login).await;
    let form = visitor.hidden_for(&code, &code).await;
    let one = Replica::start(demo, "one", keys).await;
    other.kill();
    visitor.led_to(&[&one.host]);
    let proved = visitor.post(&code, &format!("{form}&code={typed}")).await;
    let set = visitor.fill(&password, &password, &[("password", NEW), ("repeated", NEW)]).await;
    visitor.sign_in(&person(demo, 1, NEW)).await;

    assert_eq!([led(&lost), led(&sent)], [(303, code.as_str()); 2]);
    assert_eq!(codes_to(demo, login).await, [typed], "the form that was sent twice is one call");
    assert_eq!(led(&proved), (303, password.as_str()), "{proved:?}");
    assert_eq!(led(&set), (303, "/reset/done"), "{set:?}");
}

/// Each step reaches one replica before the other. Whoever signed in before the new key was used is asked to do so again only where the
/// old one is removed without the day of waiting.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_out_while_replicas_take_the_steps_of_a_rotation_in_turn() {
    let demo = Demo::start().await;
    let keys = fresh_keys();
    let (old, _) = keys.split_once(' ').unwrap();
    let (one, other) =
        tokio::join!(Replica::start(&demo, "one", &keys), Replica::start(&demo, "other", &keys));
    let [zoe, ben] = [0, 1].map(|number| person(&demo, number, demo.person(number, "password")));
    let mut earlier = somebody(&demo, &[&one, &other]).await;
    earlier.sign_in(&zoe).await;

    let added = one.keys(&["add", "cookie"]).await;
    let new = added["id"].as_str().unwrap();
    take_in_turn([&one, &other], &format!("{old} active, {new} accept"), &mut earlier).await;
    one.keys(&["activate", "cookie", new]).await;
    take_in_turn([&one, &other], &format!("{old} retired, {new} active"), &mut earlier).await;
    let mut later = somebody(&demo, &[&one, &other]).await;
    later.sign_in(&ben).await;
    one.keys(&["remove", "cookie", old, "--yes"]).await;
    take_in_turn([&one, &other], &format!("{new} active"), &mut later).await;
    let asked = earlier.get("/account").await;
    earlier.get("/o/demo").await;
    earlier.sign_in(&zoe).await;

    assert_eq!(led(&asked), TO_SIGN_IN);
    goes_on(&mut earlier).await;
}

/// One replica has these keys, and then the other as well: meanwhile and afterwards somebody who is signed in goes on at both.
async fn take_in_turn(replicas: [&Replica; 2], held: &str, visitor: &mut Visitor) {
    let [first, second] = replicas;
    first.holds(held).await;
    goes_on(visitor).await;
    second.take_file_of(first);
    second.holds(held).await;
    goes_on(visitor).await;
}

/// Somebody who is signed in is shown a page by both replicas, and a form of each is taken by the other: it says what was not typed.
async fn goes_on(visitor: &mut Visitor) {
    for _ in 0..2 {
        let shown = visitor.get("/account").await;
        let taken = visitor.fill(CHANGE_PASSWORD, CHANGE_PASSWORD, &[]).await;
        assert_eq!((shown.status, taken.status), (200, 422), "{shown:?} {taken:?}");
    }
}

/// A process that serves the portal.
struct Replica {
    host: String,
    key_file: PathBuf,
    process: Running,
}

impl Replica {
    /// Starts one with these keys and waits until it is ready. Browsers know it by the address of the demo's own portal.
    async fn start(demo: &Demo, name: &str, keys: &str) -> Self {
        let [host, health] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let key_file = demo.folder.path().join(format!("cookie-of-{name}"));
        fs::write(&key_file, keys).unwrap();
        let token_file = demo.token_file().with_file_name("portal").display().to_string();
        let endpoint = |part: &str| format!("http://{}", demo.text(part));
        let settings = [
            ("HEALTH__LISTEN", health.clone()),
            ("PORTAL__PRODUCTION", "false".to_owned()),
            ("PORTAL__PUBLIC_URL", demo.text("portal").to_owned()),
            ("PORTAL__KEYS__COOKIE_FILE", key_file.display().to_string()),
            ("PORTAL__SERVER__LISTEN", host.clone()),
            ("PORTAL__SERVER__RELOAD_SECONDS", "1".to_owned()),
            ("PORTAL__IDENTITY__ENDPOINT", endpoint("identity")),
            ("PORTAL__IDENTITY__TOKEN_FILE", token_file.clone()),
            ("PORTAL__NOTIFICATION__ENDPOINT", endpoint("notification")),
            ("PORTAL__NOTIFICATION__TOKEN_FILE", token_file),
        ];
        let mut command = rekey();
        command.args(["serve", "portal"]).current_dir(demo.folder.path());
        command.envs(settings.map(|(name, value)| (format!("REKEY__{name}"), value)));
        let mut process = Running::start(&format!("portal-{name}"), command, demo.folder.path());
        process.ready(&health).await;
        Self { host, key_file, process }
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.process.kill();
    }

    /// `rekey keys` on its file.
    async fn keys(&self, arguments: &[&str]) -> Value {
        let mut command = rekey();
        command.args(["--json", "keys"]).args(arguments);
        command.env("REKEY__PORTAL__KEYS__COOKIE_FILE", &self.key_file);
        run(command).await.json()
    }

    /// Is handed the file of another one, in one step.
    fn take_file_of(&self, other: &Self) {
        let new = self.key_file.with_extension("new");
        fs::copy(&other.key_file, &new).unwrap();
        fs::rename(&new, &self.key_file).unwrap();
    }

    /// Waits until it says that it has taken these keys.
    async fn holds(&self, held: &str) {
        let line = format!("what=\"portal.keys.cookie_file\" taken=\"{held}\"");
        eventually(&line, async || self.process.log().contains(&line).then_some(())).await;
    }
}

/// A file of one key that nobody else has.
fn fresh_keys() -> String {
    KeyText::generate(&SystemEntropy, SystemClock.now())
}

/// Somebody of the demo's organisation, each of whose requests reaches the next of these replicas.
async fn somebody(demo: &Demo, replicas: &[&Replica]) -> Visitor {
    let hosts: Vec<&str> = replicas.iter().map(|replica| replica.host.as_str()).collect();
    let mut visitor = Visitor::balanced(demo.text("portal"), &hosts);
    visitor.get("/o/demo").await;
    visitor
}

/// One of the demo's people, by this password.
fn person(demo: &Demo, number: usize, password: &str) -> Person {
    let login = demo.person(number, "login").to_owned();
    Person { account_id: String::new(), login, password: password.to_owned() }
}

/// The pages of a reset that take something.
fn pages_of(reset: &str) -> [String; 3] {
    ["prove", "code", "password"].map(|page| format!("{reset}/{page}"))
}

/// Status and where an answer leads; nowhere for a page.
fn led(answer: &web::Answer) -> (u16, &str) {
    (answer.status, answer.values("Location").first().copied().unwrap_or_default())
}

/// The codes that were sent to an address.
async fn codes_to(demo: &Demo, address: &str) -> Vec<String> {
    let messages = demo.inbox().await;
    let to_them = messages.iter().filter(|message| message["to"] == address);
    to_them.filter_map(|message| code_in(message["text"].as_str().unwrap())).collect()
}
