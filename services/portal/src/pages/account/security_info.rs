//! "Security info": the ways in which the account can prove itself, which one is offered first, and removing one.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::entries;
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::timestamp_from_wire;
use crate::view::{Badge, Cell, Confirmation, FormProblem, Html, Table, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::AccountWords;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, None).await
}

pub(super) async fn make_default(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let request = wire::SetDefaultSecurityInfoRequest {
        security_info_id: entries::find(&user, &id).await?.security_info_id,
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match SecurityInfoServiceClient::new(user.identity()).set_default_security_info(request).await {
        Ok(_) => done(&user, &user.context.texts().account.made_default),
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            page(&user, Some(refused)).await
        }
    }
}

/// Asks before an entry is removed, by its name.
pub(super) async fn ask(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    confirmation_page(&user, &entries::find(&user, &id).await?, None)
}

pub(super) async fn remove(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&user, &id).await?;
    let request = wire::RemoveSecurityInfoRequest {
        security_info_id: entry.security_info_id.clone(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match SecurityInfoServiceClient::new(user.identity()).remove_security_info(request).await {
        Ok(_) => done(&user, &user.context.texts().account.removed),
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            confirmation_page(&user, &entry, Some(refused))
        }
    }
}

/// Back to the list, which says what was done.
pub(super) fn done(user: &CurrentUser, text: &str) -> Result<Response, Fault> {
    user.context.redirect_with_flash(MenuItem::SecurityInfo.path(), text)
}

fn confirmation_page(
    user: &CurrentUser,
    entry: &wire::SecurityInfo,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let action = entries::path(entry, "remove");
    let body = context.confirmation(Confirmation {
        text: &words.remove_lead,
        subjects: &[entries::name(words, entry)],
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[],
        extra_fields: None,
        button: &words.remove_button,
        is_loss: true,
        back: MenuItem::SecurityInfo.path(),
    })?;
    user.page(
        MenuItem::SecurityInfo,
        PageContent { problems: general(problem), ..PageContent::new(&words.remove_title, body) },
    )
}

/// What is wrong, and not with a field.
pub(super) fn general(problem: Option<String>) -> Vec<FormProblem> {
    problem.into_iter().map(|text| FormProblem { field: None, text }).collect()
}

async fn page(user: &CurrentUser, problem: Option<String>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let entries = entries::all(user).await?;
    let rows = entries.iter().map(|entry| row(user, entry)).collect::<Result<Vec<_>, _>>()?;
    let table = context.table(Table {
        caption: &user.context.texts().administration.security_info,
        columns: &[&words.method, &words.state, &context.words().more],
        rows,
        empty: &words.security_info_empty,
        next: None,
    })?;
    let body = context.body("account_security_info", Values::default().html("table", table))?;
    let content = PageContent::new(&user.context.texts().administration.security_info, body);
    user.page(MenuItem::SecurityInfo, PageContent { problems: general(problem), ..content })
}

fn row(user: &CurrentUser, entry: &wire::SecurityInfo) -> Result<Vec<Cell>, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let name = Values::default()
        .text("kind", entries::kind(words, entry))
        .text("detail", &entries::detail(words, entry));
    Ok(vec![
        Cell::Html(context.body("account_entry_name", name)?),
        Cell::Html(state(user, entry)?),
        Cell::Html(actions(user, entry)?),
    ])
}

fn state(user: &CurrentUser, entry: &wire::SecurityInfo) -> Result<Html, Fault> {
    let (badge, text) = state_badge(&user.context.texts().account, entry.state());
    let values = Values::default()
        .text("class", badge.class())
        .text("state", text)
        .flag("is_default", entry.is_default)
        .flag("is_restricted", entries::is_restricted(entry));
    let values = match timestamp_from_wire(entry.usable_time.as_ref()) {
        Some(at) => values.part("usable", moment(at)),
        None => values.flag("usable", false),
    };
    user.context.body("account_entry_state", values)
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

fn actions(user: &CurrentUser, entry: &wire::SecurityInfo) -> Result<Html, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let is_passkey = entry.kind() == wire::MethodKind::Passkey;
    let may_lead = !entry.is_default
        && entry.kind() != wire::MethodKind::RecoveryCode
        && matches!(entry.state(), wire::SecurityInfoState::Usable | wire::SecurityInfoState::Quarantined);
    let make_default = entries::path(entry, "default");
    let values = Values::default()
        .text("name", &entries::name(words, entry))
        .optional("confirm", entries::is_unconfirmed(entry).then(|| entries::path(entry, "confirm")))
        .optional("make_default", may_lead.then_some(&make_default))
        .html("hidden", context.hidden_fields(&make_default)?)
        .optional("rename", is_passkey.then(|| entries::path(entry, "rename")))
        .text("remove", &entries::path(entry, "remove"));
    context.body("account_entry_actions", values)
}
