//! A suite whose mail comes back: a bounce over the whole way, from the return path that a relay was given to the message that
//! is not sent any more.

use std::collections::HashMap;

use rekey_runtime::telemetry::Telemetry;
use rekey_testing::SmtpServer;
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, waiting};
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{
    Destination, GetNotificationRequest, Lane, Notification, NotificationState, OutgoingMessage,
    ReceiptState, SendNotificationRequest,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::exposition::sum;

/// The page of a suite whose one mail bounced, after which another to the same address was not sent.
pub(super) async fn a_suite_whose_mail_bounces(telemetry: &Telemetry) -> String {
    let mail = rekey_testing::smtp_server().await;
    let folder = tempfile::tempdir().unwrap();
    let (authority, password) = (folder.path().join("ca.pem"), folder.path().join("password"));
    std::fs::write(&authority, mail.authority_pem()).unwrap();
    std::fs::write(&password, SmtpServer::PASSWORD).unwrap();
    let lmtp = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let port = mail.port().to_string();
    let changes = [
        ("NOTIFICATION__PROVIDERS__0__KIND", "smtp"),
        ("NOTIFICATION__PROVIDERS__0__NAME", "relay"),
        ("NOTIFICATION__PROVIDERS__0__HOST", "localhost"),
        ("NOTIFICATION__PROVIDERS__0__PORT", &port),
        ("NOTIFICATION__PROVIDERS__0__CA_FILE", authority.to_str().unwrap()),
        ("NOTIFICATION__PROVIDERS__0__USERNAME", SmtpServer::USERNAME),
        ("NOTIFICATION__PROVIDERS__0__PASSWORD_FILE", password.to_str().unwrap()),
        ("NOTIFICATION__PROVIDERS__0__FROM", "no-reply@acme.example"),
        ("NOTIFICATION__RECEIPTS__RETURN_PATH_DOMAIN", "bounces.acme.example"),
        ("NOTIFICATION__RECEIPTS__LMTP__LISTEN", &lmtp),
    ];
    let world = World::start_measured(Stores::Embedded, &changes, telemetry.metrics()).await;

    let first = send(&world).await;
    let mails =
        waiting::eventually("the mail came", async || Some(mail.mails().await).filter(|all| !all.is_empty()));
    let path = mails.await[0].from.clone();
    let replies = deliver(&lmtp, &path).await;
    // A bounce may overtake the answer to the mail that it is about.
    let is_over = |shown: &Notification| {
        shown.receipt_state() == ReceiptState::Failed && shown.state() == NotificationState::Delivered
    };
    let bounced = until(&world, &first, is_over).await;
    let second = send(&world).await;
    let stopped = until(&world, &second, |shown| shown.state() == NotificationState::Suppressed).await;
    let page = telemetry.metrics().text();
    world.stop().await;

    assert!(path.starts_with("bounce+") && path.ends_with("@bounces.acme.example"), "{path}");
    assert!(replies.ends_with("250 2.0.0 OK\r\n221 2.0.0 bye\r\n"), "{replies}");
    assert_eq!(bounced.receipt_detail, "5.1.1");
    assert_eq!((stopped.tries, stopped.provider.as_str(), mail.mails().await.len()), (0, "", 1));
    let failed = [("channel", "email"), ("state", "failed"), ("class", "address")];
    assert!(sum(&page, "rekey_notification_receipts_total", &failed) >= 1.0);
    assert!(sum(&page, "rekey_notification_suppressed_total", &[("reason", "hard_bounce")]) >= 1.0);
    assert!(sum(&page, "rekey_notification_suppressions_total", &[("reason", "hard_bounce")]) >= 1.0);
    assert!(sum(&page, "rekey_notification_reports_ignored_total", &[("reason", "no_report")]) >= 1.0);
    page
}

/// Sends a message; its id.
async fn send(world: &World) -> String {
    let variables = [("organisation", "Acme"), ("time", "today")];
    let message = OutgoingMessage {
        destination: Some(Destination {
            address: Some(Address::EmailAddress("zoe@acme.example".to_owned())),
        }),
        template: "delivery_test".to_owned(),
        variables: HashMap::from(variables.map(|(name, value)| (name.to_owned(), value.to_owned()))),
        lane: Lane::Transactional.into(),
        ..OutgoingMessage::default()
    };
    let request = SendNotificationRequest {
        tenant_id: world.tenant_id.clone(),
        request_id: request_id(),
        message: Some(message),
    };
    let mut service = NotificationServiceClient::new(world.notification.clone());
    service.send_notification(request).await.unwrap().into_inner().notification_id
}

/// The message once it stands so.
async fn until(world: &World, id: &str, is_so: impl Fn(&Notification) -> bool) -> Notification {
    let service = NotificationServiceClient::new(world.notification.clone());
    let look = async || {
        let request =
            GetNotificationRequest { tenant_id: world.tenant_id.clone(), notification_id: id.to_owned() };
        let found = service.clone().get_notification(request).await.unwrap().into_inner();
        found.notification.filter(|shown| is_so(shown))
    };
    waiting::eventually("the message stands as expected", look).await
}

/// Delivers a bounce, and an answer of a person, as a mail server would; all replies.
async fn deliver(lmtp: &str, path: &str) -> String {
    let connect = async || TcpStream::connect(lmtp).await.ok();
    let mut stream = waiting::eventually("the port is open", connect).await;
    let script = format!(
        "LHLO mx.acme.example\r\nMAIL FROM:<>\r\nRCPT TO:<{path}>\r\nDATA\r\n\
         From: MAILER-DAEMON@mx.acme.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
         Final-Recipient: rfc822; zoe@acme.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n.\r\n\
         MAIL FROM:<zoe@acme.example>\r\nRCPT TO:<{path}>\r\nDATA\r\nSubject: thanks\r\n\r\nThanks.\r\n.\r\nQUIT\r\n"
    );
    stream.write_all(script.as_bytes()).await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    replies
}
