//! `rekey audit export`: all events that are asked for, a line each, as they come: the memory it takes does not grow.

use rekey_wire::audit_events::{cloud_event, fields as shown};
use rekey_wire::identity::v1::AuditEvent;
use serde_json::Value;

use super::Pages;
use crate::arguments::{Events, ExportFormat};
use crate::output::{csv_record, write};
use crate::profile::Profile;

/// The columns of a table, which are the fields of an event.
const COLUMNS: [&str; 26] = [
    "position",
    "event_time",
    "event_id",
    "tenant_id",
    "kind",
    "outcome",
    "reason",
    "actor",
    "actor_id",
    "caller",
    "account_id",
    "unknown_login_hash",
    "account_ids",
    "ip_address",
    "masked_destination",
    "support_code",
    "count",
    "link",
    "link_format",
    "subject",
    "actor_hash",
    "account_hashes",
    "actor_salt",
    "subject_salt",
    "actor_commitment",
    "subject_commitment",
];

pub(super) async fn run(profile: &Profile, events: &Events, format: ExportFormat) -> anyhow::Result<()> {
    let mut pages = Pages::of(profile, events).await?;
    let mut text = match format {
        ExportFormat::Csv => csv_record(COLUMNS.map(str::to_owned).iter())?,
        ExportFormat::Jsonl | ExportFormat::Cloudevents => Vec::new(),
    };
    while let Some(page) = pages.next().await? {
        for event in &page {
            text.extend(line(event, format)?);
        }
        if !write(&text)? {
            return Ok(());
        }
        text.clear();
    }
    write(&text).map(drop)
}

fn line(event: &AuditEvent, format: ExportFormat) -> anyhow::Result<Vec<u8>> {
    let json = match format {
        ExportFormat::Csv => return csv_record(fields(&shown(event)).iter()),
        ExportFormat::Jsonl => shown(event),
        ExportFormat::Cloudevents => cloud_event(event),
    };
    Ok(format!("{json}\n").into_bytes())
}

fn fields(shown: &Value) -> Vec<String> {
    let field = |column: &&str| match &shown[*column] {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    COLUMNS.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> AuditEvent {
        AuditEvent {
            event_id: "018f".to_owned(),
            tenant_id: "018e".to_owned(),
            event_time: Some(prost_types::Timestamp { seconds: 1, nanos: 5_000 }),
            kind: "reset.started".to_owned(),
            caller: "a \"shop\", near".to_owned(),
            account_ids: vec!["1".to_owned(), "2".to_owned()],
            position: 7,
            count: 2,
            ..AuditEvent::default()
        }
    }

    #[test]
    fn a_table_has_every_field_of_an_event_and_quotes() {
        let shown = shown(&event());
        let text = String::from_utf8(line(&event(), ExportFormat::Csv).unwrap()).unwrap();

        let names: std::collections::BTreeSet<_> =
            shown.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, COLUMNS.into_iter().collect());
        assert!(text.starts_with("7,1970-01-01T00:00:01.000005Z,018f,018e,reset.started,"), "{text}");
        assert!(text.contains(r#","a ""shop"", near",,,1 2,"#), "{text}");
    }
}
