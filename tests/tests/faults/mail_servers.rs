//! What becomes of a message when a mail server misbehaves, through the whole of notification and on both databases: each row
//! of `docs/mail-servers.md` is what was seen here. The server is aiosmtpd.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rekey_primitives::clock::{Clock as _, Timestamp};
use rekey_testing::{SmtpBehaviour, SmtpDrop, SmtpServer, SmtpTls, SmtpTreatment, smtp_server_that};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_stores};
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{FailureClass, Lane, Notification, NotificationState};

on_stores!(sqlite Embedded: each_recipient_meets_what_the_page_says, each_relay_meets_what_the_page_says);
on_stores!(postgres PostgresAlone: each_recipient_meets_what_the_page_says, each_relay_meets_what_the_page_says);

/// How long the messages of a test live.
const LIFE_SECONDS: i64 = 600;
/// Tries of a message that was put off all its life are some number from here on.
const SEVERAL: i32 = 4;

/// What a server does to one recipient, in the words of the page.
fn recipients() -> Vec<(&'static str, SmtpTreatment)> {
    let treatment = SmtpTreatment::default;
    let reply = |text: &str| Some(text.to_owned());
    vec![
        ("takes it", treatment()),
        ("takes it after a second", SmtpTreatment { delay_ms: 1_000, ..treatment() }),
        (
            "greylists: `451 4.7.1` to the first RCPT",
            SmtpTreatment { refuse_first: reply("451 4.7.1 come again"), ..treatment() },
        ),
        (
            "puts the recipient off: `450 4.2.1` to every RCPT",
            SmtpTreatment { refuse: reply("450 4.2.1 not now"), ..treatment() },
        ),
        (
            "has no room for the recipient: `552 5.2.2`",
            SmtpTreatment { refuse: reply("552 5.2.2 full"), ..treatment() },
        ),
        (
            "does not know the recipient: `550 5.1.1`",
            SmtpTreatment { refuse: reply("550 5.1.1 unknown"), ..treatment() },
        ),
        (
            "refuses us for the recipient: `554 5.7.1`",
            SmtpTreatment { refuse: reply("554 5.7.1 denied"), ..treatment() },
        ),
        (
            "puts the mail off: `451 4.3.0` after the final dot",
            SmtpTreatment { after_data: reply("451 4.3.0 later"), ..treatment() },
        ),
        (
            "refuses the mail: `554 5.6.0` after the final dot",
            SmtpTreatment { after_data: reply("554 5.6.0 no"), ..treatment() },
        ),
        ("hangs up at RCPT", SmtpTreatment { drop: Some(SmtpDrop::Recipient), ..treatment() }),
        (
            "takes it and hangs up after the final dot",
            SmtpTreatment { drop: Some(SmtpDrop::Answer), ..treatment() },
        ),
        (
            "says nothing after the final dot until `send_timeout_seconds` are over",
            SmtpTreatment { delay_ms: 60_000, ..treatment() },
        ),
    ]
}

/// What a whole server does, in the words of the page; and what our settings lack.
fn relays() -> Vec<(&'static str, SmtpTls, SmtpBehaviour, Lack)> {
    let behaviour = SmtpBehaviour::default;
    vec![
        (
            "hangs up on whoever connects",
            SmtpTls::StartTls,
            SmtpBehaviour { drop: Some(SmtpDrop::Connection), ..behaviour() },
            Lack::Nothing,
        ),
        ("offers no TLS", SmtpTls::None, behaviour(), Lack::Nothing),
        ("shows a certificate of no authority we know", SmtpTls::StartTls, behaviour(), Lack::Authority),
        ("refuses our login", SmtpTls::StartTls, behaviour(), Lack::Password),
    ]
}

/// What our settings do not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lack {
    Nothing,
    Authority,
    Password,
}

async fn each_recipient_meets_what_the_page_says(stores: Stores) {
    let rows = recipients();
    let address = |place: usize| format!("anna@server-{place}.example");
    let treatments: BTreeMap<_, _> =
        rows.iter().enumerate().map(|(place, (_, treatment))| (address(place), treatment.clone())).collect();
    let behaviour = SmtpBehaviour { treatments, ..SmtpBehaviour::default() };
    let server = smtp_server_that(SmtpTls::StartTls, behaviour).await;
    let folder = tempfile::tempdir().unwrap();
    let world = world(stores, &server, folder.path(), Lack::Nothing).await;

    let mut sent = Vec::new();
    for place in 0..rows.len() {
        sent.push(send(&world, &address(place)).await);
    }
    let ended = ended(&world, &sent).await;

    let mails = server.mails().await;
    let copies = |to: &str| mails.iter().filter(|mail| mail.recipients == [to]).count();
    let seen: Vec<String> = rows
        .iter()
        .zip(&ended)
        .enumerate()
        .map(|(place, ((what, _), notification))| row(what, notification, copies(&address(place))))
        .collect();
    assert_eq!(seen, of_page(&rows.iter().map(|(what, _)| *what).collect::<Vec<_>>()));
    world.stop().await;
}

async fn each_relay_meets_what_the_page_says(stores: Stores) {
    let mut seen = Vec::new();
    for (what, tls, behaviour, lack) in relays() {
        let server = smtp_server_that(tls, behaviour).await;
        let folder = tempfile::tempdir().unwrap();
        let world = world(stores, &server, folder.path(), lack).await;

        let sent = send(&world, "anna@server.example").await;
        let ended = ended(&world, &[sent]).await;

        seen.push(row(what, &ended[0], server.mails().await.len()));
        world.stop().await;
    }
    assert_eq!(seen, of_page(&relays().iter().map(|(what, ..)| *what).collect::<Vec<_>>()));
}

#[test]
fn the_page_has_no_other_rows() {
    let tested: Vec<&str> =
        recipients().iter().map(|(what, _)| *what).chain(relays().iter().map(|(what, ..)| *what)).collect();

    let page = page();
    let shown: Vec<&str> =
        page.iter().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();

    assert_eq!(shown, tested);
}

/// A suite that sends by this server, lacking something.
async fn world(stores: Stores, server: &SmtpServer, folder: &Path, lack: Lack) -> World {
    let (authority, password) = (folder.join("ca.pem"), folder.join("password"));
    std::fs::write(&authority, server.authority_pem()).unwrap();
    std::fs::write(&password, if lack == Lack::Password { "another" } else { SmtpServer::PASSWORD }).unwrap();
    let (port, authority, password) = (server.port().to_string(), path(&authority), path(&password));
    let mut settings = vec![
        ("NOTIFICATION__PROVIDERS__0__KIND", "smtp"),
        ("NOTIFICATION__PROVIDERS__0__HOST", "localhost"),
        ("NOTIFICATION__PROVIDERS__0__PORT", &*port),
        ("NOTIFICATION__PROVIDERS__0__USERNAME", SmtpServer::USERNAME),
        ("NOTIFICATION__PROVIDERS__0__PASSWORD_FILE", &*password),
        ("NOTIFICATION__PROVIDERS__0__FROM", "no-reply@acme.example"),
        ("NOTIFICATION__DELIVERY__SEND_TIMEOUT_SECONDS", "3"),
        // A server that is at fault for one recipient serves the others.
        ("NOTIFICATION__DELIVERY__BREAKER_FAULTS", "1000"),
    ];
    if lack != Lack::Authority {
        settings.push(("NOTIFICATION__PROVIDERS__0__CA_FILE", &*authority));
    }
    World::start_with(stores, &settings).await
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Sends a message of ten minutes; its id.
async fn send(world: &World, address: &str) -> String {
    let variables = [("organisation", "Acme"), ("code", "271828"), ("minutes", "10")];
    let not_after = world.clock.now().unix_micros() / 1_000_000 + LIFE_SECONDS;
    let message = wire::OutgoingMessage {
        destination: Some(wire::Destination { address: Some(Address::EmailAddress(address.to_owned())) }),
        template: "verification_code".to_owned(),
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        lane: Lane::Transactional.into(),
        not_after_time: Some(prost_types::Timestamp { seconds: not_after, nanos: 0 }),
        ..Default::default()
    };
    let request = wire::SendNotificationRequest {
        tenant_id: world.tenant_id.clone(),
        request_id: request_id(),
        message: Some(message),
    };
    let mut client = NotificationServiceClient::new(world.notification.clone());
    client.send_notification(request).await.unwrap().into_inner().notification_id
}

/// The messages once each has ended. While none is under way or due, time goes on to when the next one is.
async fn ended(world: &World, ids: &[String]) -> Vec<Notification> {
    let look = async || {
        let mut notifications = Vec::new();
        for id in ids {
            notifications.push(get(world, id).await);
        }
        let is_open = |one: &&Notification| {
            matches!(one.state(), NotificationState::Queued | NotificationState::Sending)
        };
        let open: Vec<&Notification> = notifications.iter().filter(is_open).collect();
        if open.is_empty() {
            return Some(notifications);
        }
        let now = world.clock.now();
        let next = open.iter().map(|one| next_try(one)).min().flatten();
        if let Some(next) = next.filter(|next| *next > now) {
            world.clock.advance(next.since(now) + Duration::from_millis(1));
        }
        None
    };
    eventually("every message has ended", look).await
}

/// When a message is due; one that is being sent is not waited for by moving the clock.
fn next_try(notification: &Notification) -> Option<Timestamp> {
    let at =
        notification.next_try_time.as_ref().filter(|_| notification.state() == NotificationState::Queued)?;
    Some(Timestamp::from_unix_micros(at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000))
}

async fn get(world: &World, id: &str) -> Notification {
    let request =
        wire::GetNotificationRequest { tenant_id: world.tenant_id.clone(), notification_id: id.to_owned() };
    let mut client = NotificationServiceClient::new(world.notification.clone());
    client.get_notification(request).await.unwrap().into_inner().notification.unwrap()
}

/// What was seen, as the page writes it.
fn row(what: &str, notification: &Notification, copies: usize) -> String {
    let state = notification.state().as_str_name().trim_start_matches("NOTIFICATION_STATE_").to_lowercase();
    let class = match notification.last_failure() {
        FailureClass::Unspecified => String::new(),
        class => class.as_str_name().trim_start_matches("FAILURE_CLASS_").to_lowercase().replace('_', " "),
    };
    let tries = match notification.tries {
        tries if state == "expired" && tries >= SEVERAL => "as long as it lives".to_owned(),
        tries => tries.to_string(),
    };
    format!("| {what} | {tries} | {class} | {state} | {copies} |").replace("|  |", "| |")
}

/// The rows of the page for these servers.
fn of_page(whats: &[&str]) -> Vec<String> {
    let page = page();
    let found = |what: &&str| page.iter().find(|line| line.starts_with(&format!("| {what} |"))).cloned();
    whats.iter().map(|what| found(what).unwrap_or_else(|| format!("no row for: {what}"))).collect()
}

/// The rows of the page's table of servers.
fn page() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mail-servers.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("| The server | ").unwrap();
    table.lines().skip(2).take_while(|line| line.starts_with("| ")).map(str::to_owned).collect()
}
