//! `rekey audit verify`: follows the chain, and names the place where it does not hold.

use anyhow::bail;
use rekey_wire::identity::v1::{AuditBreak, AuditBreakKind, VerifyAuditRequest, VerifyAuditResponse};
use serde_json::{Value, json};

use super::client;
use crate::arguments::InTenant;
use crate::output::Output;
use crate::profile::Profile;

pub(super) async fn run(profile: &Profile, tenant: &InTenant, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let mut client = client(profile)?;
    let (mut page_token, mut erased_events) = (String::new(), 0);
    let verified = loop {
        let request = VerifyAuditRequest { tenant_id: tenant_id.clone(), page_token, context: None };
        let mut verified = client.verify_audit(request).await?.into_inner();
        erased_events += verified.erased_events;
        verified.erased_events = erased_events;
        if verified.next_page_token.is_empty() {
            break verified;
        }
        page_token = verified.next_page_token;
    };
    output.data(&shown(&verified), |_| told(&verified))?;
    match verified.r#break {
        Some(_) => bail!("the chain of the audit log does not hold"),
        None => Ok(()),
    }
}

fn shown(verified: &VerifyAuditResponse) -> Value {
    json!({
        "holds": verified.r#break.is_none(),
        "first_position": verified.first_position,
        "verified_position": verified.verified_position,
        "verified_link": verified.verified_link,
        "erased_events": verified.erased_events,
        "break": verified.r#break.as_ref().map(|broken| json!({
            "kind": broken.kind().as_str_name().trim_start_matches("AUDIT_BREAK_KIND_").to_lowercase(),
            "position": broken.position,
            "last_position": broken.last_position,
            "found_position": broken.found_position,
            "event_id": broken.event_id,
        })),
    })
}

fn told(verified: &VerifyAuditResponse) -> String {
    let VerifyAuditResponse { first_position, verified_position, verified_link, .. } = verified;
    let erased = match verified.erased_events {
        0 => String::new(),
        1 => " Something is erased in 1 event.".to_owned(),
        events => format!(" Something is erased in {events} events."),
    };
    match &verified.r#break {
        None => format!(
            "The chain holds from position {first_position} to {verified_position}.{erased}\n\
             Keep this elsewhere, to see later that the log was not written anew:\n\
             position {verified_position}, link {verified_link}"
        ),
        Some(broken) => {
            let place = place(broken);
            format!(
                "The chain holds from position {first_position} to {verified_position}, and no further: {place}."
            )
        }
    }
}

fn place(broken: &AuditBreak) -> String {
    let AuditBreak { position, last_position, found_position, event_id, .. } = broken;
    match broken.kind() {
        AuditBreakKind::Missing if position == last_position => {
            format!("the event at position {position} is missing")
        }
        AuditBreakKind::Missing => {
            format!("the events at positions {position} to {last_position} are missing")
        }
        AuditBreakKind::Changed => format!("event {event_id} at position {position} was changed"),
        AuditBreakKind::Moved => {
            format!("event {event_id} belongs to position {position} and stands at {found_position}")
        }
        AuditBreakKind::Inserted => format!("event {event_id} at position {position} was put in"),
        AuditBreakKind::Unspecified => format!("position {position}"),
    }
}
