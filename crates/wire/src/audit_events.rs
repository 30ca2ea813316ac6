//! Audit events as JSON: what is exported, and what webhooks get, so that both say the same by the same names.

use ::time::OffsetDateTime;
use ::time::macros::format_description;
use serde_json::{Value, json};

use crate::identity::v1::{AuditActorKind, AuditEvent, AuditOutcome, AuditSubjectKind};

/// The media type of [`cloud_event`] (CloudEvents 1.0, JSON format, section 3).
pub const CLOUD_EVENT_TYPE: &str = "application/cloudevents+json";

/// The event in the envelope of CloudEvents 1.0.
pub fn cloud_event(event: &AuditEvent) -> Value {
    json!({
        "specversion": "1.0",
        "id": event.event_id,
        "source": format!("urn:rekey:tenant:{}", event.tenant_id),
        "type": format!("rekey.identity.{}", event.kind),
        "time": event_time(event),
        "datacontenttype": "application/json",
        "data": fields(event),
    })
}

/// The event with all that a stranger needs to follow the chain.
pub fn fields(event: &AuditEvent) -> Value {
    json!({
        "event_id": event.event_id,
        "tenant_id": event.tenant_id,
        "event_time": event_time(event),
        "kind": event.kind,
        "outcome": outcome(event),
        "reason": event.reason,
        "actor": actor(event),
        "actor_id": event.actor_id,
        "caller": event.caller,
        "account_id": event.account_id,
        "unknown_login_hash": event.unknown_login_hash,
        "account_ids": event.account_ids,
        "ip_address": event.ip_address,
        "masked_destination": event.masked_destination,
        "support_code": event.support_code,
        "count": event.count,
        "position": event.position,
        "link": event.link,
        "link_format": event.link_format,
        "subject": subject(event),
        "actor_hash": event.actor_hash,
        "account_hashes": event.account_hashes,
        "actor_salt": event.actor_salt,
        "subject_salt": event.subject_salt,
        "actor_commitment": event.actor_commitment,
        "subject_commitment": event.subject_commitment,
    })
}

/// When it happened, to the microsecond in UTC: the chain was made over it.
pub fn event_time(event: &AuditEvent) -> String {
    let shape = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    event
        .event_time
        .as_ref()
        .and_then(crate::time::unix_micros)
        .and_then(|micros| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok())
        .and_then(|at| at.format(shape).ok())
        .unwrap_or_default()
}

/// How it ended, in a word.
pub fn outcome(event: &AuditEvent) -> &'static str {
    match event.outcome() {
        AuditOutcome::Success => "success",
        AuditOutcome::Refused => "refused",
        AuditOutcome::Failed => "failed",
        AuditOutcome::Unspecified => "",
    }
}

/// Who did it, in a word.
pub fn actor(event: &AuditEvent) -> &'static str {
    match event.actor_kind() {
        AuditActorKind::Stranger => "stranger",
        AuditActorKind::Account => "account",
        AuditActorKind::Service => "service",
        AuditActorKind::Rekey => "rekey",
        AuditActorKind::Erased => "erased",
        AuditActorKind::Unspecified => "",
    }
}

/// On whom it was done, in a word.
pub fn subject(event: &AuditEvent) -> &'static str {
    match event.subject_kind() {
        AuditSubjectKind::Tenant => "tenant",
        AuditSubjectKind::Account => "account",
        AuditSubjectKind::UnknownLogin => "unknown_login",
        AuditSubjectKind::Erased => "erased",
        AuditSubjectKind::Unspecified => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_event_has_what_the_envelope_demands() {
        let event = AuditEvent {
            event_id: "018f".to_owned(),
            tenant_id: "018e".to_owned(),
            event_time: Some(prost_types::Timestamp { seconds: 1, nanos: 5_000 }),
            kind: "reset.started".to_owned(),
            ..AuditEvent::default()
        };

        let cloud = cloud_event(&event);

        for demanded in ["id", "source", "specversion", "type"] {
            assert!(cloud[demanded].as_str().is_some_and(|text| !text.is_empty()), "{demanded}");
        }
        assert_eq!(cloud["time"], "1970-01-01T00:00:01.000005Z");
        assert_eq!(cloud["data"], fields(&event));
    }
}
