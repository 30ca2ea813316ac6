//! "Security info": the ways in which the account can prove itself, which one is offered first, and removing one.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::entries;
use crate::pages::sentences::{refusal, sentence};
use crate::peers::maybe_moment;
use crate::view::{Badge, Cell, Confirmation, Html, Problem, Table, Values, moment};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::AccountWords;

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, None).await
}

pub(super) async fn make_default(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let request = wire::SetDefaultSecurityInfoRequest {
        security_info_id: entries::find(&member, &id).await?.security_info_id,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match SecurityInfoServiceClient::new(member.identity()).set_default_security_info(request).await {
        Ok(_) => done(&member, &member.visit.texts().account.made_default),
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            page(&member, Some(refused)).await
        }
    }
}

/// Asks before an entry is removed, by its name.
pub(super) async fn ask(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    question(&member, &entries::find(&member, &id).await?, None)
}

pub(super) async fn remove(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&member, &id).await?;
    let request = wire::RemoveSecurityInfoRequest {
        security_info_id: entry.security_info_id.clone(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match SecurityInfoServiceClient::new(member.identity()).remove_security_info(request).await {
        Ok(_) => done(&member, &member.visit.texts().account.removed),
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            question(&member, &entry, Some(refused))
        }
    }
}

/// Back to the list, which says what was done.
pub(super) fn done(member: &Member, text: &str) -> Result<Response, Fault> {
    member.visit.redirect_saying(Place::SecurityInfo.path(), text)
}

fn question(member: &Member, entry: &wire::SecurityInfo, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let action = entries::path(entry, "remove");
    let body = visit.confirmation(Confirmation {
        text: &words.remove_lead,
        subjects: &[entries::name(words, entry)],
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &[],
        questions: None,
        button: &words.remove_button,
        is_loss: true,
        back: Place::SecurityInfo.path(),
    })?;
    member.page(
        Place::SecurityInfo,
        Content { problems: general(problem), ..Content::new(&words.remove_title, body) },
    )
}

/// What is wrong, and not with a field.
pub(super) fn general(problem: Option<String>) -> Vec<Problem> {
    problem.into_iter().map(|text| Problem { field: None, text }).collect()
}

async fn page(member: &Member, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let entries = entries::all(member).await?;
    let rows = entries.iter().map(|entry| row(member, entry)).collect::<Result<Vec<_>, _>>()?;
    let table = visit.table(Table {
        caption: &member.visit.texts().administration.security_info,
        columns: &[&words.method, &words.state, &visit.words().more],
        rows,
        empty: &words.security_info_empty,
        next: None,
    })?;
    let body = visit.body("account_security_info", Values::default().html("table", table))?;
    let content = Content::new(&member.visit.texts().administration.security_info, body);
    member.page(Place::SecurityInfo, Content { problems: general(problem), ..content })
}

fn row(member: &Member, entry: &wire::SecurityInfo) -> Result<Vec<Cell>, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let name = Values::default()
        .text("kind", entries::kind(words, entry))
        .text("detail", &entries::detail(words, entry));
    Ok(vec![
        Cell::Html(visit.body("account_entry_name", name)?),
        Cell::Html(state(member, entry)?),
        Cell::Html(actions(member, entry)?),
    ])
}

fn state(member: &Member, entry: &wire::SecurityInfo) -> Result<Html, Fault> {
    let (badge, text) = state_badge(&member.visit.texts().account, entry.state());
    let values = Values::default()
        .text("class", badge.class())
        .text("state", text)
        .flag("is_default", entry.is_default)
        .flag("is_restricted", entries::is_restricted(entry));
    let values = match maybe_moment(entry.usable_time.as_ref()) {
        Some(at) => values.part("usable", moment(at)),
        None => values.flag("usable", false),
    };
    member.visit.body("account_entry_state", values)
}

fn state_badge(words: &AccountWords, state: wire::SecurityInfoState) -> (Badge, &str) {
    match state {
        wire::SecurityInfoState::Unconfirmed => (Badge::Warning, &words.state_unconfirmed),
        wire::SecurityInfoState::Prefilled => (Badge::Warning, &words.state_prefilled),
        wire::SecurityInfoState::Quarantined => (Badge::Plain, &words.state_quarantined),
        wire::SecurityInfoState::Usable => (Badge::Good, &words.state_usable),
        wire::SecurityInfoState::Disabled => (Badge::Bad, &words.state_disabled),
        wire::SecurityInfoState::Unspecified => (Badge::Plain, "?"),
    }
}

fn actions(member: &Member, entry: &wire::SecurityInfo) -> Result<Html, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let is_passkey = entry.kind() == wire::MethodKind::Passkey;
    let may_lead = !entry.is_default
        && entry.kind() != wire::MethodKind::RecoveryCode
        && matches!(entry.state(), wire::SecurityInfoState::Usable | wire::SecurityInfoState::Quarantined);
    let make_default = entries::path(entry, "default");
    let values = Values::default()
        .text("name", &entries::name(words, entry))
        .optional("confirm", entries::is_unconfirmed(entry).then(|| entries::path(entry, "confirm")))
        .optional("make_default", may_lead.then_some(&make_default))
        .html("hidden", visit.hidden(&make_default)?)
        .optional("rename", is_passkey.then(|| entries::path(entry, "rename")))
        .text("remove", &entries::path(entry, "remove"));
    visit.body("account_entry_actions", values)
}
