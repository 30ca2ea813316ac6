//! The port as a mail server uses it, over a socket.

use std::net::SocketAddr;

use rekey_primitives::id::NotificationId;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::*;
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::receipt::ReceiptState;
use crate::domain::suppression::{Reason, Stream};
use crate::receipts::tests::World;

const DOMAIN: &str = "bounces.example.com";
const PATIENCE: Duration = Duration::from_secs(30);

struct Port {
    world: World,
    address: SocketAddr,
    stop: Shutdown,
    served: tokio::task::JoinHandle<()>,
}

impl Port {
    async fn new(connections: usize) -> Self {
        let world = World::new().await;
        let limits = LmtpLimits {
            connections,
            line_within: PATIENCE,
            connection_within: PATIENCE,
            message_bytes: 10_000,
        };
        let port =
            LmtpPort { receipts: world.receipts.clone(), return_path_domain: DOMAIN.to_owned(), limits };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Shutdown::new();
        let served = tokio::spawn(port.serve(listener, stop.clone()));
        Self { world, address, stop, served }
    }

    async fn connect(&self) -> Client {
        let mut client = Client(BufReader::new(TcpStream::connect(self.address).await.unwrap()));
        assert!(client.reply().await.starts_with("220 "));
        client
    }

    async fn mail(&self) -> (NotificationId, String) {
        let id = self.world.handed_over(Channel::Email, Lane::Bulk).await;
        (id, format!("bounce+{}@{DOMAIN}", World::token(id)))
    }

    async fn end(self) {
        self.stop.begin();
        tokio::time::timeout(PATIENCE, self.served).await.expect("it did not stop").unwrap();
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    /// The last line of a reply.
    async fn reply(&mut self) -> String {
        let reading = async {
            loop {
                let mut line = String::new();
                self.0.read_line(&mut line).await.unwrap();
                if line.as_bytes().get(3) != Some(&b'-') {
                    return line.trim_end().to_owned();
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("no reply")
    }

    async fn write(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    async fn say(&mut self, line: &str) -> String {
        self.write(&format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Delivers a mail to some recipients that are all taken; a reply for each.
    async fn deliver(&mut self, recipients: &[&str], mail: &str) -> Vec<String> {
        assert!(self.say("LHLO mx.example.com").await.starts_with("250 "));
        assert!(self.say("MAIL FROM:<>").await.starts_with("250 "));
        for recipient in recipients {
            assert!(self.say(&format!("RCPT TO:<{recipient}>")).await.starts_with("250 "), "{recipient}");
        }
        assert!(self.say("DATA").await.starts_with("354 "));
        self.write(&format!("{mail}\r\n.\r\n")).await;
        let mut replies = Vec::new();
        for _ in recipients {
            replies.push(self.reply().await);
        }
        replies
    }
}

fn bounce(action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.com\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\n..It came back.\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
         Final-Recipient: rfc822; anna@example.com\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--b--"
    )
}

fn complaint(path: &str) -> String {
    format!(
        "From: fbl@example.net\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
         Original-Mail-From: <{path}>\r\n\r\n--b--"
    )
}

#[tokio::test]
async fn a_bounce_by_lmtp_shows_on_its_message_and_suppresses_its_address() {
    let port = Port::new(4).await;
    let (id, path) = port.mail().await;

    let replies = port.connect().await.deliver(&[&path], &bounce("failed", "5.1.1")).await;

    assert_eq!(replies, ["250 2.0.0 OK"]);
    assert_eq!(port.world.receipt(id).await, Some((ReceiptState::Failed, "5.1.1".to_owned())));
    let suppressed = port.world.suppressed(Channel::Email, "anna@example.com").await;
    assert_eq!(suppressed[0].reason, Reason::HardBounce);
    port.end().await;
}

#[tokio::test]
async fn a_connection_delivers_one_mail_after_another() {
    let port = Port::new(4).await;
    let (id, path) = port.mail().await;
    let mut client = port.connect().await;

    client.deliver(&[&path], &bounce("delayed", "4.4.1")).await;
    let delayed = port.world.receipt(id).await;
    client.deliver(&[&path], &bounce("failed", "5.4.7")).await;
    client.deliver(&[&path], &bounce("delayed", "4.4.1")).await;
    let bye = client.say("QUIT").await;

    assert_eq!(delayed, Some((ReceiptState::Delayed, "4.4.1".to_owned())));
    assert_eq!(port.world.receipt(id).await, Some((ReceiptState::Failed, "5.4.7".to_owned())));
    assert_eq!(bye, "221 2.0.0 bye");
    port.end().await;
}

#[tokio::test]
async fn a_complaint_silences_its_lane() {
    let port = Port::new(4).await;
    let (id, path) = port.mail().await;

    let replies = port.connect().await.deliver(&[&format!("complaints@{DOMAIN}")], &complaint(&path)).await;

    assert_eq!(replies, ["250 2.0.0 OK"]);
    assert_eq!(port.world.receipt(id).await, Some((ReceiptState::Complained, String::new())));
    let suppressed = port.world.suppressed(Channel::Email, "anna@example.com").await;
    let shown: Vec<_> = suppressed.iter().map(|one| (one.stream, one.reason)).collect();
    assert_eq!(shown, [(Stream::Of(Lane::Bulk), Reason::Complaint)]);
    port.end().await;
}

#[tokio::test]
async fn a_complaint_with_a_made_up_path_is_taken_and_forgotten() {
    let port = Port::new(4).await;
    let (id, _) = port.mail().await;
    let forged = format!("bounce+{}@{DOMAIN}", "a".repeat(56));

    let replies = port.connect().await.deliver(&[&format!("complaints@{DOMAIN}")], &complaint(&forged)).await;

    assert_eq!(replies, ["250 2.0.0 OK"]);
    assert_eq!(port.world.receipt(id).await, None);
    port.end().await;
}

#[tokio::test]
async fn a_return_path_that_was_not_made_here_gets_no_mail() {
    let port = Port::new(4).await;
    let mut client = port.connect().await;
    client.say("LHLO mx.example.com").await;
    client.say("MAIL FROM:<>").await;

    let refused = client.say(&format!("RCPT TO:<bounce+{}@{DOMAIN}>", "a".repeat(56))).await;

    assert_eq!(refused, "550 5.1.1 no such recipient");
    port.end().await;
}

#[tokio::test]
async fn each_recipient_has_a_reply_of_its_own() {
    let port = Port::new(4).await;
    let (first, path) = port.mail().await;
    let (second, other) = port.mail().await;

    let replies = port.connect().await.deliver(&[&path, &other], &bounce("failed", "5.2.2")).await;

    assert_eq!(replies, ["250 2.0.0 OK", "250 2.0.0 OK"]);
    for id in [first, second] {
        assert_eq!(port.world.receipt(id).await, Some((ReceiptState::Failed, "5.2.2".to_owned())));
    }
    port.end().await;
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_read_to_its_end_and_refused() {
    let port = Port::new(4).await;
    let (id, path) = port.mail().await;
    let mut client = port.connect().await;
    let padding = format!("{}\r\n", "x".repeat(200)).repeat(80);

    let many_lines = client.deliver(&[&path], &format!("{}\r\n{padding}", bounce("failed", "5.1.1"))).await;
    let one_line = client.deliver(&[&path], &"y".repeat(50_000)).await;
    let after = client.deliver(&[&path], &bounce("failed", "5.1.1")).await;

    assert_eq!(
        (many_lines, one_line),
        (vec!["552 5.3.4 too large".to_owned()], vec!["552 5.3.4 too large".to_owned()])
    );
    assert_eq!(after, ["250 2.0.0 OK"]);
    assert_eq!(port.world.receipt(id).await, Some((ReceiptState::Failed, "5.1.1".to_owned())));
    port.end().await;
}

#[tokio::test]
async fn a_dot_between_bare_line_feeds_ends_no_mail() {
    let port = Port::new(4).await;
    let (id, path) = port.mail().await;
    let smuggled = format!("Subject: x\r\n\r\nhello\n.\nMAIL FROM:<>\n.\r\n{}", bounce("failed", "5.1.1"));

    let mut client = port.connect().await;
    let replies = client.deliver(&[&path], &smuggled).await;
    let next = client.say("NOOP").await;

    // One mail without a structure of its own: one reply, and nothing of it was taken for a command.
    assert_eq!((replies, next.as_str()), (vec!["250 2.0.0 OK".to_owned()], "250 2.0.0 OK"));
    assert_eq!(port.world.receipt(id).await, Some((ReceiptState::Failed, String::new())));
    port.end().await;
}

#[tokio::test]
async fn a_line_without_end_closes_the_connection() {
    let port = Port::new(4).await;
    let mut client = port.connect().await;

    client.write(&format!("{}\r\n", "x".repeat(5_000))).await;

    assert_eq!(client.reply().await, "500 5.5.2 line too long");
    assert_eq!(client.reply().await, "");
    port.end().await;
}

#[tokio::test]
async fn whoever_holds_all_places_keeps_others_waiting_and_not_out() {
    let port = Port::new(1).await;
    let mut holder = port.connect().await;
    let mut waiting = Client(BufReader::new(TcpStream::connect(port.address).await.unwrap()));

    holder.say("QUIT").await;

    assert!(waiting.reply().await.starts_with("220 "));
    port.end().await;
}

#[tokio::test]
async fn a_connection_ends_with_the_process() {
    let port = Port::new(4).await;
    let mut client = port.connect().await;

    port.end().await;

    assert_eq!(client.reply().await, "");
}

#[tokio::test]
async fn a_store_that_is_away_leaves_the_mail_with_the_mail_server() {
    let port = Port::new(4).await;
    let (_, path) = port.mail().await;
    port.world.receipts.store.database().close().await;

    let replies = port.connect().await.deliver(&[&path], &bounce("failed", "5.1.1")).await;

    assert_eq!(replies, ["451 4.3.0 try again"]);
    port.end().await;
}
