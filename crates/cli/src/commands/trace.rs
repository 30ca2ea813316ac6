//! `rekey trace`: what a support code joins: the events of the audit log, the messages and their journey, and the lines of logs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_wire::audit_events::fields as shown_event;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{AuditEvent, AuditFilter, ListEventsRequest};
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{ListNotificationsRequest, Notification};
use serde_json::{Value, json};

use super::audit::event_rows;
use super::notification::{rows as message_rows, shown as shown_message};
use crate::arguments::Trace;
use crate::output::Output;
use crate::profile::Profile;

/// The largest page there is.
const PAGE: i32 = 200;

/// What was found of a code.
struct Found {
    events: Vec<AuditEvent>,
    /// None where the profile does not say where notification is.
    messages: Option<Vec<Notification>>,
    lines: Vec<LogLine>,
}

/// A line of a log that has the code in it.
struct LogLine {
    file: String,
    number: usize,
    text: String,
}

pub(crate) async fn run(trace: Trace, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let tenant_id = profile.tenant(&trace.tenant).await?.tenant_id;
    let lines =
        trace.logs.iter().map(|file| lines_of(file, &trace.code)).collect::<anyhow::Result<Vec<_>>>()?;
    let messages = match profile.notification_if_set()? {
        Some(notification) => Some(messages(notification, &tenant_id, &trace.code).await?),
        None => None,
    };
    let found = Found {
        events: events(profile.identity()?, &tenant_id, &trace.code).await?,
        messages,
        lines: lines.into_iter().flatten().collect(),
    };
    output.data(&found.as_json(&trace.code), |_| found.as_text(!trace.logs.is_empty()))
}

/// The events of the code, oldest first.
async fn events(identity: Connection, tenant_id: &str, code: &str) -> anyhow::Result<Vec<AuditEvent>> {
    let filter = AuditFilter { support_code: code.to_owned(), ..AuditFilter::default() };
    let mut request = ListEventsRequest {
        tenant_id: tenant_id.to_owned(),
        filter: Some(filter),
        page_size: PAGE,
        page_token: String::new(),
        context: None,
    };
    let (mut audit, mut found) = (AuditServiceClient::new(identity), Vec::new());
    loop {
        let page = audit.list_events(request.clone()).await?.into_inner();
        found.extend(page.events);
        if page.next_page_token.is_empty() {
            found.reverse();
            return Ok(found);
        }
        request.page_token = page.next_page_token;
    }
}

/// The messages of the code, oldest first.
async fn messages(
    notification: Connection,
    tenant_id: &str,
    code: &str,
) -> anyhow::Result<Vec<Notification>> {
    let mut request = ListNotificationsRequest {
        tenant_id: tenant_id.to_owned(),
        page_size: PAGE,
        support_code: code.to_owned(),
        ..ListNotificationsRequest::default()
    };
    let (mut service, mut found) = (NotificationServiceClient::new(notification), Vec::new());
    loop {
        let page = service.list_notifications(request.clone()).await?.into_inner();
        found.extend(page.notifications);
        if page.next_page_token.is_empty() {
            found.reverse();
            return Ok(found);
        }
        request.page_token = page.next_page_token;
    }
}

fn lines_of(file: &PathBuf, code: &str) -> anyhow::Result<Vec<LogLine>> {
    let name = file.display().to_string();
    let reader: Box<dyn BufRead> = if name == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(std::fs::File::open(file).with_context(|| format!("cannot read {name}"))?))
    };
    let mut found = Vec::new();
    for (line, number) in reader.split(b'\n').zip(1..) {
        // A log may hold bytes that are no text.
        let line = line.with_context(|| format!("reading {name}"))?;
        let text = String::from_utf8_lossy(&line);
        if text.contains(code) {
            found.push(LogLine { file: name.clone(), number, text: text.trim_end().to_owned() });
        }
    }
    Ok(found)
}

impl Found {
    fn as_json(&self, code: &str) -> Value {
        let lines = self.lines.iter().map(|line| {
            let parsed = serde_json::from_str::<Value>(&line.text);
            let text = parsed.unwrap_or_else(|_| Value::String(line.text.clone()));
            json!({ "file": line.file, "line": line.number, "text": text })
        });
        json!({
            "support_code": code,
            "events": self.events.iter().map(shown_event).collect::<Vec<_>>(),
            "messages": self.messages.as_ref().map(|messages| messages.iter().map(shown_message).collect::<Vec<_>>()),
            "log_lines": lines.collect::<Vec<_>>(),
        })
    }

    fn as_text(&self, has_logs: bool) -> String {
        let mut parts = vec![if self.events.is_empty() {
            "No event of the audit log has this code.".to_owned()
        } else {
            format!("Events\n{}", event_rows(&self.events))
        }];
        parts.push(match &self.messages {
            None => {
                "Messages were not looked for: the profile does not say where notification is.".to_owned()
            }
            Some(messages) if messages.is_empty() => "No message has this code.".to_owned(),
            Some(messages) => format!("Messages\n{}", message_rows(messages)),
        });
        if has_logs {
            let lines: Vec<String> = self
                .lines
                .iter()
                .map(|line| format!("{}:{}: {}", line.file, line.number, line.text))
                .collect();
            parts.push(if lines.is_empty() {
                "No line of the logs has this code.".to_owned()
            } else {
                format!("Log lines\n{}", lines.join("\n"))
            });
        }
        parts.join("\n\n")
    }
}
