//! Parts that are killed at random points while people reset their passwords: nothing that was accepted is lost,
//! nothing is done twice, and nothing stays stuck.

use std::sync::Arc;
use std::time::Duration;

use rekey::Part;
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::{SeededEntropy, SystemEntropy, array, below};
use rekey_testing::SmtpServer;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::person::Person;
use rekey_tests::post::{self, code_to};
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{ProofOutcome, VerifyAuditRequest};
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use crate::faults::follower::follow;

const PEOPLE: usize = 6;
const KILLS_PER_PART: usize = 3;

/// Relays that are tried again within the patience of a test, and budgets that one person's many
/// resets do not spend.
pub(crate) const SETTINGS: [(&str, &str); 13] = [
    // Sealing is always under way when identity is killed.
    ("IDENTITY__AUDIT__SEAL_MS", "20"),
    ("NOTIFICATION__DELIVERY__SEND_TIMEOUT_SECONDS", "3"),
    ("NOTIFICATION__DELIVERY__PROVIDER_FIRST_SECONDS", "1"),
    ("NOTIFICATION__DELIVERY__PROVIDER_LONGEST_SECONDS", "2"),
    ("NOTIFICATION__DELIVERY__BREAKER_PAUSE_SECONDS", "1"),
    ("IDENTITY__NOTICES__LEASE_SECONDS", "2"),
    ("IDENTITY__NOTICES__RETRY_LONGEST_SECONDS", "2"),
    ("IDENTITY__LIMITS__STARTS_PER_LOGIN_PER_HOUR", "1000"),
    ("VERIFICATION__LIMITS__DESTINATION_PER_HOUR", "1000"),
    ("VERIFICATION__LIMITS__DESTINATION_PER_DAY", "1000"),
    ("VERIFICATION__LIMITS__SUBJECT_PER_HOUR", "1000"),
    ("VERIFICATION__LIMITS__SUBJECT_PER_DAY", "1000"),
    ("VERIFICATION__LIMITS__CALLER_PER_HOUR", "100000"),
];

/// What one person did until they were told to stop.
struct Diary {
    person: Person,
    /// Passwords in the order they were set; the first is the one they were given.
    passwords: Vec<String>,
}

/// A message as the store holds it.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: uuid::Uuid,
    pub(crate) template: String,
    pub(crate) channel: String,
    pub(crate) state: i16,
    pub(crate) tries: i32,
    pub(crate) decoy: bool,
}

/// `NOTIFICATION_STATE_QUEUED`, `NOTIFICATION_STATE_DELIVERED` and `NOTIFICATION_STATE_UNKNOWN`.
pub(crate) const QUEUED: i16 = 1;
pub(crate) const DELIVERED: i16 = 3;
pub(crate) const UNKNOWN: i16 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_accepted_is_lost_and_nothing_is_done_twice_when_parts_are_killed() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &SETTINGS).await;
    let end = watch::Sender::new(None);
    // On a thread of its own: a future made of closures is not known to be `Send`.
    let (here, follower, ended) = (Handle::current(), backend.clone(), end.subscribe());
    let following = tokio::task::spawn_blocking(move || here.block_on(follow(follower, ended)));

    let diaries = LocalSet::new().run_until(live_under_kills(&mut deployment, &backend)).await;

    drained(deployment.ground.identity.url(), deployment.ground.notification.url()).await;
    for diary in &diaries {
        assert_passwords(&backend, &deployment, diary).await;
    }
    assert_messages(&deployment, &diaries).await;
    let events = assert_log(&backend, &deployment, &diaries).await;
    end.send_replace(Some(events));
    let seen = following.await.unwrap();
    assert!(seen.iter().copied().eq(1..=seen.len() as i64), "over restarts a follower saw {seen:?}");
    deployment.stop().await;
}

/// Kills every part that is called a few times, each time after a few more steps of people who reset their passwords all the while.
async fn live_under_kills(deployment: &mut Deployment, backend: &Backend) -> Vec<Diary> {
    let entropy = seeded();
    let (steps, stop) = (watch::Sender::new(0), watch::Sender::new(false));
    let mut people = JoinSet::new();
    for number in 0..PEOPLE {
        let person = backend.person(&format!("person-{number}")).await;
        let mail = Arc::clone(&deployment.ground.mail);
        people.spawn_local(live(backend.clone(), mail, person, steps.clone(), stop.subscribe()));
    }
    for part in order_of_kills(&entropy) {
        let after = *steps.borrow() + 1 + below(&entropy, 2 * PEOPLE as u64);
        let mut seen = steps.subscribe();
        tokio::select! {
            reached = seen.wait_for(|steps| *steps >= after) => drop(reached.unwrap()),
            ended = people.join_next() => panic!("a person gave up: {:?}", ended.unwrap().err()),
        }
        deployment.kill(part);
        deployment.launch(part);
        deployment.ready(part).await;
    }
    stop.send_replace(true);
    people.join_all().await
}

/// Resets one's password again and again.
async fn live(
    backend: Backend,
    mail: Arc<SmtpServer>,
    person: Person,
    steps: watch::Sender<u64>,
    stop: watch::Receiver<bool>,
) -> Diary {
    let mut passwords = vec![person.password.clone()];
    while !*stop.borrow() {
        let number = passwords.len();
        let started = backend.start(&person.login).await.unwrap();
        step(&steps);
        backend.send(&started.reset_token, "1").await.unwrap();
        step(&steps);
        let code = code_to(&mail, &person.login, number).await;
        let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
        assert_eq!(proved.outcome(), ProofOutcome::Accepted, "{} with its code {number}", person.login);
        step(&steps);
        let password = format!("nine slow rivers and stone {number}");
        backend.complete(&proved.reset_token, &password).await.unwrap();
        step(&steps);
        passwords.push(password);
    }
    Diary { person, passwords }
}

fn step(steps: &watch::Sender<u64>) {
    steps.send_modify(|steps| *steps += 1);
}

/// Chance that a failure names, so that its order of kills can be had again.
#[expect(clippy::print_stderr, reason = "shown when the test fails")]
fn seeded() -> SeededEntropy {
    let seed = u64::from_le_bytes(array(&SystemEntropy));
    eprintln!("seed of the kills: {seed}");
    SeededEntropy::new(seed)
}

/// Every part that is called equally often, in any order.
fn order_of_kills(entropy: &SeededEntropy) -> Vec<Part> {
    let mut kills = Part::GRPC.repeat(KILLS_PER_PART);
    let mut order = Vec::new();
    while !kills.is_empty() {
        let next = usize::try_from(below(entropy, kills.len() as u64)).unwrap();
        order.push(kills.swap_remove(next));
    }
    order
}

/// Waits until identity has handed over every notice and notification holds nothing it has yet to send, but for what is due in more
/// than a minute: nothing waits for so long between two tries here.
pub(crate) async fn drained(identity: &str, notification: &str) {
    let mut identity = PgConnection::connect(identity).await.unwrap();
    let mut notification = PgConnection::connect(notification).await.unwrap();
    let notices = "select count(*) from outbox where due_at <= $1";
    let messages =
        "select count(*) from notification where state in (1, 2) and coalesce(next_try_at, 0) <= $1";
    let empty = async || {
        let soon = SystemClock.now().plus(Duration::from_secs(60)).unix_micros();
        let notices = sqlx::query_scalar::<_, i64>(notices).bind(soon).fetch_one(&mut identity);
        let messages = sqlx::query_scalar::<_, i64>(messages).bind(soon).fetch_one(&mut notification);
        (notices.await.unwrap() + messages.await.unwrap() == 0).then_some(())
    };
    eventually("every queue drains", empty).await;
}

/// The last password is the only one, and each acknowledged reset raised the epoch exactly once.
async fn assert_passwords(backend: &Backend, deployment: &Deployment, diary: &Diary) {
    let Diary { person, passwords } = diary;
    let [.., before, last] = passwords.as_slice() else { panic!("{} never got through", person.login) };
    assert!(backend.signs_in(&person.login, last).await);
    assert!(!backend.signs_in(&person.login, before).await);
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let replaced: i64 = sqlx::query_scalar("select epoch from accounts where account_id = $1")
        .bind(uuid::Uuid::parse_str(&person.account_id).unwrap())
        .fetch_one(&mut identity)
        .await
        .unwrap();
    assert_eq!(replaced, passwords.len() as i64, "{}", person.login);
}

/// Every code and every notice was accepted once and arrived, and its state says whether that was once: a second copy
/// only of what is unknown.
async fn assert_messages(deployment: &Deployment, diaries: &[Diary]) {
    let mut notification = PgConnection::connect(deployment.ground.notification.url()).await.unwrap();
    let rows = rows(&mut notification).await;
    let copies = post::copies(&deployment.ground.mail.mails().await);
    for Row { id, template, state, tries, .. } in &rows {
        let arrived = copies.get(&format!("<{id}@acme.example>")).copied().unwrap_or(0);
        let most = match *state {
            DELIVERED => 1,
            UNKNOWN => usize::try_from(*tries).unwrap(),
            other => panic!("{template} {id} is in state {other}"),
        };
        assert!((1..=most).contains(&arrived), "{template} {id} in state {state} arrived {arrived} times");
    }
    let of = |template: &str| rows.iter().filter(|row| row.template == template).count();
    let resets: usize = diaries.iter().map(|diary| diary.passwords.len() - 1).sum();
    assert_eq!(of("password_reset_code"), resets);
    assert_eq!(of("password_reset_notice"), resets);
}

/// Every message that was accepted.
pub(crate) async fn rows(notification: &mut PgConnection) -> Vec<Row> {
    sqlx::query_as("select id, template, channel, state, tries, decoy from notification")
        .fetch_all(notification)
        .await
        .unwrap()
}

/// Every acknowledged reset stands in the log once, and everything in it was sealed once, in one chain; how many there are.
async fn assert_log(backend: &Backend, deployment: &Deployment, diaries: &[Diary]) -> i64 {
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let sealed = async || {
        let waiting = sqlx::query_scalar::<_, i64>("select count(*) from audit_pending");
        (waiting.fetch_one(&mut identity).await.unwrap() == 0).then_some(())
    };
    eventually("every event is sealed", sealed).await;
    let request =
        VerifyAuditRequest { tenant_id: backend.tenant_id.clone(), page_token: String::new(), context: None };
    let mut audit = AuditServiceClient::new(backend.identity.clone());
    let verified = audit.verify_audit(request).await.unwrap().into_inner();
    let [events, resets] = [
        "select count(*) from audit_events where tenant_id = $1",
        "select count(*) from audit_events where tenant_id = $1 and kind = 'reset.completed' and outcome = 'success'",
    ]
    .map(|count| sqlx::query_scalar::<_, i64>(count).bind(uuid::Uuid::parse_str(&backend.tenant_id).unwrap()));
    let events = events.fetch_one(&mut identity).await.unwrap();
    let resets = resets.fetch_one(&mut identity).await.unwrap();

    assert_eq!(verified.r#break, None);
    assert_eq!(verified.verified_position, events);
    assert_eq!(resets, diaries.iter().map(|diary| diary.passwords.len() as i64 - 1).sum::<i64>());
    events
}
