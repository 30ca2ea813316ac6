//! What the mail server is told to do, as its script reads it.

use std::collections::BTreeMap;

use serde::Serialize;

/// How the server protects its connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Nothing but STARTTLS is answered before STARTTLS.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None: a relay that our client must refuse.
    None,
}

/// How the server treats what it is given. The default takes everything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SmtpBehaviour {
    /// Reply by recipient, such as `451 4.3.0 later`; others are taken.
    pub refuse_recipients: BTreeMap<String, String>,
    /// Reply to every message body instead of taking it, such as `554 5.6.0 no`.
    pub after_data: Option<String>,
    /// Where it drops the connection without a word.
    pub drop: Option<SmtpDrop>,
    /// How long it thinks about a message body, in milliseconds.
    pub delay_ms: u64,
    /// What it does to mails for one recipient, in place of all that.
    pub treatments: BTreeMap<String, SmtpTreatment>,
}

/// How the server treats mails for one recipient. The default takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SmtpTreatment {
    /// Reply to every RCPT.
    pub refuse: Option<String>,
    /// Reply to the first RCPT alone, as servers do that greylist.
    pub refuse_first: Option<String>,
    /// Reply to the message body instead of taking it.
    pub after_data: Option<String>,
    /// Where it drops the connection.
    pub drop: Option<SmtpDrop>,
    /// How long it thinks about the message body, in milliseconds.
    pub delay_ms: u64,
}

/// The step at which a connection is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpDrop {
    /// As soon as it is accepted.
    Connection,
    /// At the first recipient: nothing was taken.
    Recipient,
    /// After the message was taken: the answer is lost, and the sender cannot know.
    Answer,
}
