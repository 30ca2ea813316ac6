//! Signatures over a real relay, verified by `dkimpy`, a library that knows nothing of this one.

use std::path::Path;
use std::process::Command;

use rekey_primitives::id::NotificationId;
use rekey_testing::{SmtpServer, SmtpTls, smtp_server_that};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::super::settings::{SmtpSettings, SmtpTls as Tls};
use super::super::{Outgoing, Provider as _, Relay, Rendered};
use super::*;
use crate::domain::destination::{Channel, Destination};
use crate::domain::failover::Behind;
use crate::fixtures::{NOW, Open};

/// Private keys in PEM, each with its public half as DNS has it.
const GENERATE: &str = r#"
import base64, json
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

def key(private, encoding, shape):
    pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
    return [pem, base64.b64encode(private.public_key().public_bytes(encoding, shape)).decode()]

spki = (form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
raw = (form.Encoding.Raw, form.PublicFormat.Raw)
print(json.dumps({
    "rsa": key(rsa.generate_private_key(65537, 2048), *spki),
    "other": key(rsa.generate_private_key(65537, 2048), *spki),
    "short": key(rsa.generate_private_key(65537, 1024), *spki),
    "ed25519": key(ed25519.Ed25519PrivateKey.generate(), *raw),
}))
"#;

/// Which signatures of each message hold.
const VERIFY: &str = r#"
import dkim, json, sys
given = json.load(open(sys.argv[1]))

def record(name, timeout=5):
    return given["records"][name.decode().rstrip(".")].encode()

def holds(message, place):
    try:
        return bool(dkim.DKIM(message.encode()).verify(place, dnsfunc=record))
    except dkim.DKIMException:
        return False

print(json.dumps([[holds(message, place) for place in range(given["signatures"])] for message in given["messages"]]))
"#;

fn python(program: &str, argument: Option<&Path>) -> Value {
    let mut python = Command::new(rekey_testing::tools().join("python/bin/python"));
    let output = python.args(["-c", program]).args(argument).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

struct World {
    server: SmtpServer,
    folder: TempDir,
    keys: Value,
}

impl World {
    async fn start() -> Self {
        let server = smtp_server_that(SmtpTls::None, rekey_testing::SmtpBehaviour::default()).await;
        let (folder, keys) = (tempfile::tempdir().unwrap(), python(GENERATE, None));
        for name in ["rsa", "other", "short", "ed25519"] {
            std::fs::write(folder.path().join(name), keys[name][0].as_str().unwrap()).unwrap();
        }
        std::fs::write(folder.path().join("password"), SmtpServer::PASSWORD).unwrap();
        Self { server, folder, keys }
    }

    fn key(&self, selector: &str, domain: &str) -> DkimSettings {
        let key_file = self.folder.path().join(selector);
        DkimSettings { selector: selector.to_owned(), domain: domain.to_owned(), key_file }
    }

    fn relay(&self, from: &str, dkim: Vec<DkimSettings>) -> Relay {
        let settings = SmtpSettings {
            host: Some("127.0.0.1".to_owned()),
            port: self.server.port(),
            tls: Tls::None,
            username: Some(SmtpServer::USERNAME.to_owned()),
            password_file: Some(self.folder.path().join("password")),
            from: Some(from.to_owned()),
            from_name: "Müller".to_owned(),
            dkim,
            ..SmtpSettings::default()
        };
        Relay::new(&settings, std::time::Duration::from_secs(10)).unwrap()
    }

    /// What of the signatures by `rsa` and `ed25519` of example.com holds in each of these mails.
    fn verified(&self, messages: &[String]) -> Value {
        let public = |name: &str| self.keys[name][1].as_str().unwrap();
        let records = json!({
            "rsa._domainkey.example.com": format!("v=DKIM1; k=rsa; p={}", public("rsa")),
            "ed25519._domainkey.example.com": format!("v=DKIM1; k=ed25519; p={}", public("ed25519")),
        });
        let file = self.folder.path().join("given.json");
        let given = json!({ "records": records, "messages": messages, "signatures": 2 });
        std::fs::write(&file, given.to_string()).unwrap();
        python(VERIFY, Some(&file))
    }
}

fn outgoing() -> Outgoing {
    let content = Rendered::Email {
        subject: Zeroizing::new("Ihr Code für  Müller".to_owned()),
        text: Zeroizing::new("Der Code:\n\n271828 \n\n.\n..Ende\n\n\n".to_owned()),
        html: Zeroizing::new("<p>271828</p>".to_owned()),
        language: "de".to_owned(),
    };
    Outgoing {
        id: NotificationId::from_uuid(Uuid::from_u128(7)),
        destination: Destination::parse(Channel::Email, "anna@example.org").unwrap(),
        content,
        sender: None,
        created_at: NOW,
        now: NOW,
        not_after: NOW.plus(std::time::Duration::from_secs(600)),
        report_to: None,
        behind: Behind::Nobody,
    }
}

#[tokio::test]
async fn both_signatures_hold_for_a_stranger_and_for_nothing_that_was_changed() {
    let world = World::start().await;
    let keys = vec![world.key("rsa", "example.com"), world.key("ed25519", "example.com")];

    world.relay("no-reply@mail.example.com", keys).send(&outgoing(), &Open).await.unwrap();

    let mail = world.server.mails().await.remove(0).raw;
    let changed = [
        mail.replace("To: anna@", "To: otto@"),
        mail.replace("271828", "314159"),
        format!("From: stranger@evil.example\r\n{mail}"),
        format!("Reply-To: stranger@evil.example\r\n{mail}"),
    ];
    let relayed = mail.replace("Auto-Submitted: auto", "auto-submitted:   auto");
    let messages = [&[mail, relayed][..], &changed].concat();
    let holds = world.verified(&messages);
    let expected = [vec![[true, true]; 2], vec![[false, false]; 4]].concat();
    assert_eq!(holds, json!(expected));
}

#[tokio::test]
async fn a_mail_from_another_domain_is_not_signed() {
    let world = World::start().await;

    for from in ["no-reply@example.org", "no-reply@badexample.com"] {
        let relay = world.relay(from, vec![world.key("rsa", "example.com")]);
        relay.send(&outgoing(), &Open).await.unwrap();
    }

    let mails = world.server.mails().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.header("DKIM-Signature").is_none()));
}

#[tokio::test]
async fn a_key_that_changes_signs_the_next_mail_and_one_that_does_not_read_changes_nothing() {
    let world = World::start().await;
    let signer = DkimSigner::open(&[world.key("rsa", "example.com")]).unwrap();
    let file = world.folder.path().join("rsa");
    let public_key = || signer.records().unwrap().remove(0).public_key;
    let of = |name: &str| world.keys[name][1].as_str().unwrap().to_owned();

    let first = public_key();
    std::fs::write(&file, "no key").unwrap();
    let broken = public_key();
    std::fs::copy(world.folder.path().join("other"), &file).unwrap();
    let second = public_key();

    assert_eq!((first, broken, second), (of("rsa"), of("rsa"), of("other")));
}

#[tokio::test]
async fn keys_that_are_short_or_none_and_names_that_are_none_are_refused() {
    let world = World::start().await;
    let refused = |selector: &str, domain: &str| {
        let opened = DkimSigner::open(&[world.key(selector, domain)]);
        format!("{:#}", opened.err().unwrap())
    };

    assert!(refused("short", "example.com").contains("2048"));
    assert!(refused("password", "example.com").contains("PKCS #8"));
    assert!(refused("missing", "example.com").contains("cannot read"));
    assert!(refused("r s a", "example.com").contains("no selector"));
    assert!(refused("rsa", "b\u{fc}cher.example").contains("no domain"));
}
