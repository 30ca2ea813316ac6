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
use crate::pages::sentences::{refusal, sentence, whole_seconds};
use crate::peers::{PeerFailure, maybe_moment};
use crate::view::{Html, Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::filled;

/// Its page among those of an entry.
pub(super) const PAGE: &str = "confirm";
const SEND: &str = "send";

pub(super) async fn show(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let entry = entries::find(&member, &id).await?;
    if !entries::is_unconfirmed(&entry) {
        return Ok(Visit::redirect(Place::SecurityInfo.path()));
    }
    page(&member, &entry, None)
}

pub(super) async fn submit(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&member, &id).await?;
    let words = member.visit.words();
    let code = typed_code(kind(&entry), &fields);
    if code.expose_secret().is_empty() {
        return page(&member, &entry, Some(&words.code_missing));
    }
    let request = wire::ConfirmSecurityInfoRequest {
        security_info_id: entry.security_info_id.clone(),
        code: code.expose_secret().to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let mut identity = SecurityInfoServiceClient::new(member.identity());
    let problem = match identity.confirm_security_info(request).await {
        Ok(answer) => match answer.into_inner().result {
            Some(Outcome::SecurityInfo(_)) => return confirmed(&member),
            Some(Outcome::Rejection(_)) => words.code_rejected.clone(),
            None => return Err(PeerFailure::unclear("no outcome").into()),
        },
        Err(status) => match refusal(status.into())? {
            // Nothing is a code that is no code.
            Refusal::FieldInvalid(_) => words.code_rejected.clone(),
            other => sentence(&member.visit, &other)?,
        },
    };
    page(&member, &entry, Some(&problem))
}

/// Sends the code, first or again.
pub(super) async fn send(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&member, &id).await?;
    let request = wire::SendSecurityInfoCodeRequest {
        security_info_id: entry.security_info_id.clone(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let new = CodeTimes::asked_at(member.visit.now);
    let mut identity = SecurityInfoServiceClient::new(member.identity());
    let times = match identity.send_security_info_code(request).await {
        Ok(answer) => {
            let answer = answer.into_inner();
            let expires_at = maybe_moment(answer.code_expire_time.as_ref());
            CodeTimes { expires_at, resend_at: maybe_moment(answer.resend_time.as_ref()), ..new }
        }
        Err(status) => match refusal(status.into())? {
            // None was sent: the one before is still the one that is awaited.
            Refusal::SendLimited(wait) => CodeTimes {
                resend_at: wait.map(|wait| member.visit.now.plus(wait)),
                ..sent(&member, &entry).unwrap_or(new)
            },
            other => {
                let problem = sentence(&member.visit, &other)?;
                return page(&member, &entry, Some(&problem));
            }
        },
    };
    let code = SentCode { method_id: entry.security_info_id.clone(), times };
    member.visit.keeping(Visit::redirect(&entries::path(&entry, PAGE)), None, Some(&code))
}

/// The times of the code on its way to the entry, if this browser asked for one.
fn sent(member: &Member, entry: &wire::SecurityInfo) -> Option<CodeTimes> {
    let sent = member.visit.kept::<SentCode>().filter(|sent| sent.method_id == entry.security_info_id);
    sent.map(|sent| sent.times)
}

fn confirmed(member: &Member) -> Result<Response, Fault> {
    let list = security_info::done(member, &member.visit.texts().account.confirmed)?;
    member.visit.keeping(list, None, None::<&SentCode>)
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
    member: &Member,
    entry: &wire::SecurityInfo,
    lead: &str,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let (action, send) = (entries::path(entry, PAGE), entries::path(entry, SEND));
    let back = Link { path: Place::SecurityInfo.path().to_owned(), text: &member.visit.words().back };
    let form = CodeForm {
        lead,
        kind: kind(entry),
        action: &action,
        fields: &[],
        resend: sent(member, entry).map(|times| (send.as_str(), times)),
        links: &[back],
        problem,
    };
    form.body(&member.visit)
}

/// Asks for the code; of an address that none was sent to yet, whether to send one.
fn page(member: &Member, entry: &wire::SecurityInfo, problem: Option<&str>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let (is_sent, sent) = (entries::is_sent(entry), sent(member, entry));
    let asks = !is_sent || sent.is_some();
    let to = |text: &str| filled(text, "address", visit.locale.isolated(&entry.masked_destination));
    let lead = if is_sent { to(&words.confirm_sent) } else { words.confirm_authenticator.clone() };
    let send = entries::path(entry, SEND);
    let values = Values::default()
        .optional_html("form", if asks { Some(form(member, entry, &lead, problem)?) } else { None })
        .text("lead", &to(&words.confirm_send))
        .text("send", &send)
        .html("hidden_send", visit.hidden(&send)?)
        .flag("is_restricted", entries::is_restricted(entry));
    let body = visit.body("account_confirm", values)?;
    let field = asks.then_some(CODE);
    let problems = problem.map(|text| Problem { field, text: text.to_owned() }).into_iter().collect();
    let refresh_seconds = sent.and_then(|times| times.next_change(visit.now)).map(whole_seconds);
    let content = Content { problems, refresh_seconds, ..Content::new(&visit.words().code_title, body) };
    member.page(Place::SecurityInfo, content)
}
