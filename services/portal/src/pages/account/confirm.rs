//! Confirming an entry of security info: an address by the code that was sent to it, an authenticator by one that it shows.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::confirm_security_info_response::Result as Outcome;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::{entries, security_info};
use crate::domain::{CodeTimes, MethodKind, Refusal, SentCode};
use crate::pages::proof_forms::{CODE, CodeForm, Link, typed_code};
use crate::pages::refusal_texts::{refusal, refusal_text, whole_seconds};
use crate::peers::{PeerFailure, timestamp_from_wire};
use crate::view::{FormProblem, Html, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

/// Its page among those of an entry.
pub(super) const PAGE: &str = "confirm";
const SEND: &str = "send";

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let entry = entries::find(&user, &id).await?;
    if !entries::is_unconfirmed(&entry) {
        return Ok(PageContext::redirect(MenuItem::SecurityInfo.path()));
    }
    page(&user, &entry, None)
}

pub(super) async fn submit(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&user, &id).await?;
    let words = user.context.words();
    let code = typed_code(kind(&entry), &fields);
    if code.expose_secret().is_empty() {
        return page(&user, &entry, Some(&words.code_missing));
    }
    let request = wire::ConfirmSecurityInfoRequest {
        security_info_id: entry.security_info_id.clone(),
        code: code.expose_secret().to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let mut identity = SecurityInfoServiceClient::new(user.identity());
    let problem = match identity.confirm_security_info(request).await {
        Ok(answer) => match answer.into_inner().result {
            Some(Outcome::SecurityInfo(_)) => return confirmed(&user),
            Some(Outcome::Rejection(_)) => words.code_rejected.clone(),
            None => return Err(PeerFailure::unexpected("no outcome").into()),
        },
        Err(status) => match refusal(status.into())? {
            // Nothing is a code that is no code.
            Refusal::FieldInvalid(_) => words.code_rejected.clone(),
            other => refusal_text(&user.context, &other)?,
        },
    };
    page(&user, &entry, Some(&problem))
}

/// Sends the code, first or again.
pub(super) async fn send(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&user, &id).await?;
    let request = wire::SendSecurityInfoCodeRequest {
        security_info_id: entry.security_info_id.clone(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let new = CodeTimes::asked_at(user.context.now);
    let mut identity = SecurityInfoServiceClient::new(user.identity());
    let times = match identity.send_security_info_code(request).await {
        Ok(answer) => {
            let answer = answer.into_inner();
            let expires_at = timestamp_from_wire(answer.code_expire_time.as_ref());
            CodeTimes { expires_at, resend_at: timestamp_from_wire(answer.resend_time.as_ref()), ..new }
        }
        Err(status) => match refusal(status.into())? {
            // None was sent: the one before is still the one that is awaited.
            Refusal::SendLimited(wait) => CodeTimes {
                resend_at: wait.map(|wait| user.context.now.plus(wait)),
                ..sent(&user, &entry).unwrap_or(new)
            },
            other => {
                let problem = refusal_text(&user.context, &other)?;
                return page(&user, &entry, Some(&problem));
            }
        },
    };
    let code = SentCode { method_id: entry.security_info_id.clone(), times };
    user.context.with_cookie(PageContext::redirect(&entries::path(&entry, PAGE)), None, Some(&code))
}

/// The times of the code on its way to the entry, if this browser asked for one.
fn sent(user: &CurrentUser, entry: &wire::SecurityInfo) -> Option<CodeTimes> {
    let sent = user.context.cookie::<SentCode>().filter(|sent| sent.method_id == entry.security_info_id);
    sent.map(|sent| sent.times)
}

fn confirmed(user: &CurrentUser) -> Result<Response, Fault> {
    let list = security_info::done(user, &user.context.texts().account.confirmed)?;
    user.context.with_cookie(list, None, None::<&SentCode>)
}

/// What is typed: a code that was sent, or one of an app.
fn kind(entry: &wire::SecurityInfo) -> MethodKind {
    match entry.kind() {
        wire::MethodKind::Email => MethodKind::Email,
        wire::MethodKind::Phone => MethodKind::Phone,
        _ => MethodKind::Authenticator,
    }
}

/// The form that takes a code of an entry, with what is said above it.
pub(super) fn form(
    user: &CurrentUser,
    entry: &wire::SecurityInfo,
    lead: &str,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let (action, send) = (entries::path(entry, PAGE), entries::path(entry, SEND));
    let back = Link { path: MenuItem::SecurityInfo.path().to_owned(), text: &user.context.words().back };
    let form = CodeForm {
        lead,
        kind: kind(entry),
        action: &action,
        fields: &[],
        resend: sent(user, entry).map(|times| (send.as_str(), times)),
        links: &[back],
        problem,
    };
    form.body(&user.context)
}

/// Asks for the code; of an address that none was sent to yet, whether to send one.
fn page(user: &CurrentUser, entry: &wire::SecurityInfo, problem: Option<&str>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let (is_sent, sent) = (entries::is_sent(entry), sent(user, entry));
    let asks = !is_sent || sent.is_some();
    let to = |text: &str| interpolate(text, "address", context.locale.isolated(&entry.masked_destination));
    let lead = if is_sent { to(&words.confirm_sent) } else { words.confirm_authenticator.clone() };
    let send = entries::path(entry, SEND);
    let values = Values::default()
        .optional_html("form", if asks { Some(form(user, entry, &lead, problem)?) } else { None })
        .text("lead", &to(&words.confirm_send))
        .text("send", &send)
        .html("hidden_send", context.hidden_fields(&send)?)
        .flag("is_restricted", entries::is_restricted(entry));
    let body = context.body("account_confirm", values)?;
    let field = asks.then_some(CODE);
    let problems = problem.map(|text| FormProblem { field, text: text.to_owned() }).into_iter().collect();
    let refresh_seconds = sent.and_then(|times| times.next_change(context.now)).map(whole_seconds);
    let content =
        PageContent { problems, refresh_seconds, ..PageContent::new(&context.words().code_title, body) };
    user.page(MenuItem::SecurityInfo, content)
}
