//! Parts of the page of an account: what its person proves themselves with, where they are signed in, roles, groups, and what happened.

use rekey_wire::access::role_word;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_security_info_service_client::AccountSecurityInfoServiceClient;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::options::v1::Role;
use tonic::Status;

use super::super::account_filters::method_name;
use super::super::account_names::account_path;
use super::super::groups::path as group_path;
use super::super::listing::{PAGE, address, next_page, time_cell};
use super::act::Act;
use super::act_pages::SUBJECT;
use super::{LONGEST_LIST, concatenate, page_path, unless_out_of_reach};
use crate::view::{Badge, Cell, Choice, Html, Select, Table, Values};
use crate::web::{ALL_ROLES, CurrentUser, Fault, role_name};
use crate::words::AccountsWords;

/// Groups on a page: a name may have 128 characters, and a page has at most 60 kB.
const GROUPS: i32 = 50;

/// So many events are shown of the latest.
const EVENTS: i32 = 30;

pub(super) async fn list_sessions(
    user: &CurrentUser,
    account_id: &str,
) -> Result<wire::ListAccountSessionsResponse, Status> {
    let request = wire::ListAccountSessionsRequest {
        tenant_id: user.tenant().to_string(),
        account_id: account_id.to_owned(),
        page_size: LONGEST_LIST,
        page_token: String::new(),
        context: user.request_context(),
    };
    let listed = AdministrationServiceClient::new(user.identity()).list_account_sessions(request).await?;
    Ok(listed.into_inner())
}

pub(super) async fn list_methods(
    user: &CurrentUser,
    account_id: &str,
) -> Result<wire::ListAccountSecurityInfoResponse, Status> {
    let request = wire::ListAccountSecurityInfoRequest {
        tenant_id: user.tenant().to_string(),
        account_id: account_id.to_owned(),
        page_size: LONGEST_LIST,
        page_token: String::new(),
        context: user.request_context(),
    };
    let mut methods = AccountSecurityInfoServiceClient::new(user.identity());
    Ok(methods.list_account_security_info(request).await?.into_inner())
}

/// The kind of browser that a session was opened with.
pub(super) fn place<'a>(words: &'a AccountsWords, session: &'a wire::Session) -> &'a str {
    if session.place.is_empty() { &words.place_unknown } else { &session.place }
}

/// An entry by its kind, and by what tells it from others of its kind.
pub(super) fn method(words: &AccountsWords, entry: &wire::SecurityInfo) -> String {
    let kind = method_name(words, entry.kind);
    let own =
        if entry.masked_destination.is_empty() { &entry.display_name } else { &entry.masked_destination };
    if own.is_empty() { kind.to_owned() } else { format!("{kind}: {own}") }
}

fn standing(words: &AccountsWords, state: i32) -> Cell {
    let (badge, text) = match wire::SecurityInfoState::try_from(state) {
        Ok(wire::SecurityInfoState::Usable) => (Badge::Good, words.standing_usable.as_str()),
        Ok(wire::SecurityInfoState::Unconfirmed) => (Badge::Plain, words.standing_unconfirmed.as_str()),
        Ok(wire::SecurityInfoState::Prefilled) => (Badge::Plain, words.standing_prefilled.as_str()),
        Ok(wire::SecurityInfoState::Quarantined) => (Badge::Warning, words.standing_quarantined.as_str()),
        Ok(wire::SecurityInfoState::Disabled) => (Badge::Bad, words.standing_disabled.as_str()),
        Ok(wire::SecurityInfoState::Unspecified) | Err(_) => (Badge::Plain, "?"),
    };
    Cell::Badge(badge, text.to_owned())
}

/// What the person proves themselves with, each entry with its way out; nothing where the roles that see it do not reach the account.
pub(super) async fn methods(user: &CurrentUser, account: &wire::Account) -> Result<Option<Html>, Fault> {
    let (context, id) = (&user.context, &account.account_id);
    let (words, general) = (&context.texts().accounts, context.words());
    let row = |entry: &wire::SecurityInfo| {
        let remove =
            address(&page_path(id, Act::RemoveMethod.word()), &[(SUBJECT, entry.security_info_id.as_str())]);
        vec![
            Cell::Text(method(words, entry)),
            standing(words, entry.state),
            Cell::Text(if entry.is_default { general.yes.clone() } else { String::new() }),
            time_cell(entry.create_time.as_ref()),
            time_cell(entry.usable_time.as_ref()),
            Cell::Link { path: remove, text: words.remove_method.clone() },
        ]
    };
    let Some(listed) = unless_out_of_reach(list_methods(user, id).await)? else { return Ok(None) };
    let table = context.table(Table {
        caption: &words.methods_title,
        columns: &[
            &words.column_method,
            &words.column_state,
            &words.column_default,
            &words.column_added,
            &words.column_usable,
            &general.more,
        ],
        rows: listed.security_info.iter().map(row).collect(),
        empty: &words.methods_empty,
        next: None,
    });
    table.map(Some)
}

/// Where the person is signed in.
pub(super) fn sessions(
    user: &CurrentUser,
    account: &wire::Account,
    listed: &wire::ListAccountSessionsResponse,
) -> Result<Html, Fault> {
    let (context, id) = (&user.context, &account.account_id);
    let words = &context.texts().accounts;
    let row = |session: &wire::Session| {
        let end = address(&page_path(id, Act::EndSession.word()), &[(SUBJECT, session.session_id.as_str())]);
        vec![
            Cell::Text(place(words, session).to_owned()),
            time_cell(session.create_time.as_ref()),
            time_cell(session.refresh_time.as_ref()),
            time_cell(session.expire_time.as_ref()),
            Cell::Link { path: end, text: words.end_session.clone() },
        ]
    };
    let table = context.table(Table {
        caption: &words.sessions_title,
        columns: &[
            &words.column_place,
            &words.column_begun,
            &words.column_last_used,
            &words.column_ends,
            &context.words().more,
        ],
        rows: listed.sessions.iter().map(row).collect(),
        empty: &words.sessions_empty,
        next: None,
    })?;
    let all = page_path(id, Act::EndSessions.word());
    let values = Values::default()
        .html("table", table)
        .optional("all", (!listed.sessions.is_empty()).then_some(all))
        .flag("has_more", !listed.next_page_token.is_empty());
    context.body("accounts_sessions", values)
}

/// The roles that the person holds, and a form for one more. Both lead to a question first.
pub(super) fn roles(user: &CurrentUser, account: &wire::Account) -> Result<Html, Fault> {
    let (context, id) = (&user.context, &account.account_id);
    let (words, names) = (&context.texts().accounts, &context.texts().administration);
    let word = |role: i32| Role::try_from(role).map(role_word).unwrap_or_default();
    let row = |role: &i32| {
        let revoke = address(&page_path(id, Act::RevokeRole.word()), &[(SUBJECT, word(*role).as_str())]);
        vec![
            Cell::Text(role_name(names, *role).to_owned()),
            Cell::Link { path: revoke, text: words.revoke_role.clone() },
        ]
    };
    let table = context.table(Table {
        caption: &words.roles_title,
        columns: &[&words.column_role, &context.words().more],
        rows: account.roles.iter().map(row).collect(),
        empty: &words.roles_empty,
        next: None,
    })?;
    let lacking = ALL_ROLES.into_iter().filter(|role| !account.roles.contains(&i32::from(*role)));
    let lacking: Vec<(String, &str)> =
        lacking.map(|role| (role_word(role), role_name(names, role.into()))).collect();
    if lacking.is_empty() {
        return Ok(table);
    }
    let choices = lacking.iter().map(|(value, text)| Choice { value, text }).collect();
    let role =
        Select { name: SUBJECT, label: &words.grant_role, hint: None, choices, chosen: "", problem: None };
    let values = Values::default()
        .text("action", &page_path(id, Act::GrantRole.word()))
        .html("role", context.select(&role)?);
    concatenate(context, vec![table, context.body("accounts_grant", values)?])
}

/// The groups that the account is in, each with the way to its page.
pub(super) async fn groups(user: &CurrentUser, account: &wire::Account) -> Result<Html, Fault> {
    let (context, id) = (&user.context, &account.account_id);
    let words = &context.texts().accounts;
    let request = wire::ListGroupsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: GROUPS,
        page_token: context.query(PAGE),
        context: user.request_context(),
        member_account_id: id.clone(),
    };
    let listed = GroupServiceClient::new(user.identity()).list_groups(request).await?.into_inner();
    let row = |group: &wire::Group| {
        vec![Cell::Link { path: group_path(&group.group_id), text: group.display_name.clone() }]
    };
    let table = context.table(Table {
        caption: &context.texts().groups.title,
        columns: &[&words.group_label],
        rows: listed.groups.iter().map(row).collect(),
        empty: &words.groups_empty,
        next: next_page(&account_path(id), &[], &listed.next_page_token),
    })?;
    let values = Values::default().html("table", table).flag("has_some", !listed.groups.is_empty());
    context.body("accounts_groups", values)
}

/// What happened to the account, the latest first.
pub(super) async fn timeline(user: &CurrentUser, account: &wire::Account) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let filter = wire::AuditFilter { account_id: account.account_id.clone(), ..wire::AuditFilter::default() };
    let request = wire::ListEventsRequest {
        tenant_id: user.tenant().to_string(),
        filter: Some(filter),
        page_size: EVENTS,
        page_token: String::new(),
        context: user.request_context(),
    };
    let listed = AuditServiceClient::new(user.identity()).list_events(request).await?.into_inner();
    let row = |event: &wire::AuditEvent| {
        vec![
            time_cell(event.event_time.as_ref()),
            Cell::Code(event.kind.clone()),
            outcome(words, event),
            actor(words, event),
            Cell::Code(event.ip_address.clone()),
        ]
    };
    context.table(Table {
        caption: &words.timeline_title,
        columns: &[
            &words.column_time,
            &words.column_event,
            &words.column_outcome,
            &words.column_actor,
            &words.column_address,
        ],
        rows: listed.events.iter().map(row).collect(),
        empty: &words.timeline_empty,
        next: None,
    })
}

fn outcome(words: &AccountsWords, event: &wire::AuditEvent) -> Cell {
    let (badge, text) = match wire::AuditOutcome::try_from(event.outcome) {
        Ok(wire::AuditOutcome::Success) => (Badge::Good, words.outcome_success.as_str()),
        Ok(wire::AuditOutcome::Refused) => (Badge::Warning, words.outcome_refused.as_str()),
        Ok(wire::AuditOutcome::Failed) => (Badge::Bad, words.outcome_failed.as_str()),
        Ok(wire::AuditOutcome::Unspecified) | Err(_) => (Badge::Plain, "?"),
    };
    let text = if event.reason.is_empty() { text.to_owned() } else { format!("{text}: {}", event.reason) };
    Cell::Badge(badge, text)
}

fn actor(words: &AccountsWords, event: &wire::AuditEvent) -> Cell {
    let text: &str = match wire::AuditActorKind::try_from(event.actor_kind) {
        Ok(wire::AuditActorKind::Account) if event.actor_id == event.account_id => &words.actor_self,
        Ok(wire::AuditActorKind::Account) => {
            let path = account_path(&event.actor_id);
            return Cell::Link { path, text: words.actor_administrator.clone() };
        }
        Ok(wire::AuditActorKind::Stranger) => &words.actor_stranger,
        Ok(wire::AuditActorKind::Service) => &event.caller,
        Ok(wire::AuditActorKind::Erased) => &words.actor_erased,
        Ok(wire::AuditActorKind::Rekey) => "Rekey",
        Ok(wire::AuditActorKind::Unspecified) | Err(_) => "?",
    };
    Cell::Text(text.to_owned())
}
