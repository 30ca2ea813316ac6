//! An event as a row: what happened, how it ended, by whom, on whom, and everything else that is known of it.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::{AuditActorKind, AuditOutcome, AuditSubjectKind};

use super::super::listing::{address, time_cell};
use crate::domain::EventSearch;
use crate::view::{Badge, Cell, Fact, Html, Values};
use crate::web::{CurrentUser, Fault, MenuItem};
use crate::words::{AuditWords, interpolate};

pub(super) fn row(user: &CurrentUser, event: &wire::AuditEvent) -> Result<Vec<Cell>, Fault> {
    let words = &user.context.texts().audit;
    let (badge, ended) = outcome(words, event.outcome());
    let ended = if event.reason.is_empty() { ended.to_owned() } else { format!("{ended}: {}", event.reason) };
    Ok(vec![
        time_cell(event.event_time.as_ref()),
        Cell::Link { path: events(EventSearch::KIND, &event.kind), text: event.kind.clone() },
        Cell::Badge(badge, ended),
        actor(words, event),
        subject(user, event),
        Cell::Html(details(user, event)?),
    ])
}

/// The events that have this in common.
fn events(name: &str, value: &str) -> String {
    address(MenuItem::Audit.path(), &[(name, value)])
}

pub(super) fn outcome(words: &AuditWords, outcome: AuditOutcome) -> (Badge, &str) {
    match outcome {
        AuditOutcome::Success => (Badge::Good, &words.outcome_success),
        AuditOutcome::Refused => (Badge::Warning, &words.outcome_refused),
        AuditOutcome::Failed => (Badge::Bad, &words.outcome_failed),
        AuditOutcome::Unspecified => (Badge::Plain, "?"),
    }
}

/// What tells ids of one list apart: their last block.
fn short(id: &str) -> String {
    format!("…{}", id.rsplit('-').next().unwrap_or(id))
}

fn actor(words: &AuditWords, event: &wire::AuditEvent) -> Cell {
    let text = match event.actor_kind() {
        AuditActorKind::Account if event.actor_id == event.account_id => &words.actor_owner,
        AuditActorKind::Account => {
            let path = events(EventSearch::ACTOR, &event.actor_id);
            return Cell::Link { path, text: short(&event.actor_id) };
        }
        AuditActorKind::Service if !event.caller.is_empty() => &event.caller,
        AuditActorKind::Service => &words.actor_service,
        AuditActorKind::Stranger => &words.actor_stranger,
        AuditActorKind::Rekey => &words.actor_rekey,
        AuditActorKind::Erased => &words.actor_erased,
        AuditActorKind::Unspecified => return Cell::Empty,
    };
    Cell::Text(text.clone())
}

/// The account, which whoever looks after accounts can open, and others can follow through the log.
fn subject(user: &CurrentUser, event: &wire::AuditEvent) -> Cell {
    let words = &user.context.texts().audit;
    let text = match event.subject_kind() {
        AuditSubjectKind::Account => {
            let id = &event.account_id;
            let path = if user.has_any(MenuItem::Accounts.roles()) {
                format!("{}/{id}", MenuItem::Accounts.path())
            } else {
                events(EventSearch::ACCOUNT, id)
            };
            return Cell::Link { path, text: short(id) };
        }
        AuditSubjectKind::Tenant if event.account_ids.is_empty() => words.subject_tenant.clone(),
        AuditSubjectKind::Tenant => interpolate(&words.subject_several, "count", event.account_ids.len()),
        AuditSubjectKind::UnknownLogin => words.subject_unknown_login.clone(),
        AuditSubjectKind::Erased => words.subject_erased.clone(),
        AuditSubjectKind::Unspecified => return Cell::Empty,
    };
    Cell::Text(text)
}

/// Whatever the log holds of the event besides, behind a word that opens it.
fn details(user: &CurrentUser, event: &wire::AuditEvent) -> Result<Html, Fault> {
    let words = &user.context.texts().audit;
    let count = if event.count > 1 { event.count.to_string() } else { String::new() };
    let facts = [
        (&words.fact_caller, event.caller.clone()),
        (&words.fact_actor, event.actor_id.clone()),
        (&words.fact_actor, event.actor_hash.clone()),
        (&words.fact_account, event.account_id.clone()),
        (&words.fact_account, event.account_ids.join(" ")),
        (&words.fact_account, event.account_hashes.join(" ")),
        (&words.fact_login, event.unknown_login_hash.clone()),
        (&words.fact_address, event.ip_address.clone()),
        (&words.fact_destination, event.masked_destination.clone()),
        (&words.filter_support_code, event.support_code.clone()),
        (&words.fact_count, count),
        (&words.fact_position, event.position.to_string()),
        (&words.fact_link, event.link.clone()),
        (&words.fact_event, event.event_id.clone()),
    ];
    let facts = facts.into_iter().filter(|(_, text)| !text.is_empty());
    let facts = facts.map(|(term, text)| Fact { term, cell: Cell::Code(text) }).collect();
    let link = |(text, path): (&String, String)| Values::default().text("text", text).text("path", &path);
    let values = Values::default()
        .text("kind", &event.kind)
        .html("facts", user.context.facts(facts)?)
        .list("links", links(user, event).into_iter().map(link).collect());
    user.context.body("audit_details", values)
}

/// Where the trace leads on to.
fn links<'a>(user: &'a CurrentUser, event: &wire::AuditEvent) -> Vec<(&'a String, String)> {
    let words = &user.context.texts().audit;
    let mut links = Vec::new();
    if !event.account_id.is_empty() {
        links.push((&words.same_account, events(EventSearch::ACCOUNT, &event.account_id)));
    }
    if !event.support_code.is_empty() {
        let asked = [(EventSearch::SUPPORT_CODE, event.support_code.as_str())];
        links.push((&words.same_call, address(MenuItem::Audit.path(), &asked)));
        if user.has_any(MenuItem::Messages.roles()) {
            links.push((&words.messages_of_call, address(MenuItem::Messages.path(), &asked)));
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart_by_their_last_block() {
        assert_eq!(short("0190c3a5-7e1c-7b2a-9f00-0123456789ab"), "…0123456789ab");
        assert_eq!(short(""), "…");
    }

    #[test]
    fn an_event_leads_to_those_of_its_kind() {
        assert_eq!(
            events(EventSearch::KIND, "reset.completed"),
            "/administration/audit?kind=reset.completed"
        );
    }
}
