//! Confirming an entry of security info: an address by the code that was sent to it, an authenticator by one that it shows.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::confirm_security_info_response::Result as Outcome;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::{entries, security_info};
use crate::domain::{Refusal, SentCode, code_in};
use crate::pages::code::with_resend;
use crate::pages::sentences::{refusal, sentence, whole_seconds};
use crate::peers::{PeerFailure, maybe_moment};
use crate::view::{Field, FieldKind, Html, Problem, Values, time_of_day};
use crate::web::{Content, Fault, Keep, Member, Place, PostedFields, Visit};
use crate::words::{AccountWords, filled};

/// Its page among those of an entry.
pub(super) const PAGE: &str = "confirm";
const SEND: &str = "send";
const FIELD: &str = "code";

pub(super) async fn show(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let entry = entries::find(&member, &id).await?;
    if !entries::is_unconfirmed(&entry) {
        return Ok(Visit::redirect(Place::SecurityInfo.path()));
    }
    page(&member, &entry, sent(&member, &entry).as_ref(), None)
}

pub(super) async fn submit(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let entry = entries::find(&member, &id).await?;
    let (words, sent) = (member.visit.words(), sent(&member, &entry));
    let code = code_in(fields.text(FIELD));
    if code.is_empty() {
        return page(&member, &entry, sent.as_ref(), Some(&words.code_missing));
    }
    let request = wire::ConfirmSecurityInfoRequest {
        security_info_id: entry.security_info_id.clone(),
        code,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let problem = match SecurityInfoServiceClient::new(member.identity()).confirm_security_info(request).await
    {
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
    page(&member, &entry, sent.as_ref(), Some(&problem))
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
    let there = Visit::redirect(&entries::path(&entry, PAGE));
    let new = SentCode {
        method_id: entry.security_info_id.clone(),
        at: member.visit.now,
        expires_at: None,
        resend_at: None,
    };
    let code = match SecurityInfoServiceClient::new(member.identity()).send_security_info_code(request).await
    {
        Ok(answer) => {
            let answer = answer.into_inner();
            let expires_at = maybe_moment(answer.code_expire_time.as_ref());
            SentCode { expires_at, resend_at: maybe_moment(answer.resend_time.as_ref()), ..new }
        }
        Err(status) => match refusal(status.into())? {
            // None was sent: the one before is still the one that is awaited.
            Refusal::SendLimited(wait) => SentCode {
                resend_at: wait.map(|wait| member.visit.now.plus(wait)),
                ..sent(&member, &entry).unwrap_or(new)
            },
            other => {
                let problem = sentence(&member.visit, &other)?;
                return page(&member, &entry, sent(&member, &entry).as_ref(), Some(&problem));
            }
        },
    };
    member.visit.keeping(there, None, Keep::Value(&code))
}

/// The code on its way to the entry, if this browser asked for one.
fn sent(member: &Member, entry: &wire::SecurityInfo) -> Option<SentCode> {
    member.visit.kept::<SentCode>().filter(|sent| sent.method_id == entry.security_info_id)
}

fn confirmed(member: &Member) -> Result<Response, Fault> {
    let list = security_info::done(member, &member.visit.texts().account.confirmed)?;
    member.visit.keeping(list, None, Keep::<SentCode>::Nothing)
}

/// The form that takes a code of an entry, wherever it stands.
pub(super) fn form(
    member: &Member,
    entry: &wire::SecurityInfo,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let (visit, words) = (&member.visit, member.visit.words());
    let field = visit.field(&Field {
        name: FIELD,
        label: &words.code_label,
        hint: Some(&words.code_hint),
        kind: FieldKind::Code,
        value: "",
        problem,
    })?;
    let action = entries::path(entry, PAGE);
    let values =
        Values::default().text("action", &action).html("hidden", visit.hidden(&action)?).html("field", field);
    visit.body("account_code", values)
}

/// Asks for the code; of an address that none was sent to yet, whether to send one.
fn page(
    member: &Member,
    entry: &wire::SecurityInfo,
    sent: Option<&SentCode>,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let is_sent = entries::is_sent(entry);
    let asks = !is_sent || sent.is_some();
    let send = entries::path(entry, SEND);
    let values = Values::default()
        .text("lead", &lead(words, entry, asks))
        .optional_html("form", if asks { Some(form(member, entry, problem)?) } else { None })
        .text("send", &send)
        .html("hidden_send", visit.hidden(&send)?)
        .flag("is_late", sent.is_some_and(|sent| sent.is_late(visit.now)))
        .flag("is_restricted", entries::is_restricted(entry));
    let values = match sent.and_then(|sent| sent.expires_at) {
        Some(at) => values.part("good_until", time_of_day(at)),
        None => values.flag("good_until", false),
    };
    let body = visit.body("account_confirm", with_resend(values, sent, visit))?;
    let field = asks.then_some(FIELD);
    let problems = problem.map(|text| Problem { field, text: text.to_owned() }).into_iter().collect();
    let resend_after = sent.and_then(|sent| sent.resend_after(visit.now));
    let refresh_seconds = resend_after.filter(|wait| *wait > Duration::ZERO).map(whole_seconds);
    let content = Content { problems, refresh_seconds, ..Content::new(&visit.words().code_title, body) };
    member.page(Place::SecurityInfo, content)
}

fn lead(words: &AccountWords, entry: &wire::SecurityInfo, asks: bool) -> String {
    let to = |text: &str| filled(text, "address", &entry.masked_destination);
    if !entries::is_sent(entry) {
        words.confirm_authenticator.clone()
    } else if asks {
        to(&words.confirm_sent)
    } else {
        to(&words.confirm_send)
    }
}
