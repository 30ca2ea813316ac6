//! Adding an e-mail address or a phone number. It counts once the code that is sent there was typed.

use std::time::Duration;

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_address::Address;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::{confirm, entries};
use crate::domain::{CodeTimes, Refusal, SentCode};
use crate::pages::sentences::{refusal, sentence};
use crate::peers::{PeerFailure, maybe_moment};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::AccountWords;

/// Identity takes changes within so long after a sign-in (`SecurityInfoService`): who is past it signs in before typing.
pub(super) const RECENT: Duration = Duration::from_secs(10 * 60);

/// What is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressKind {
    Email,
    Phone,
}

impl AddressKind {
    const fn path(self) -> &'static str {
        match self {
            Self::Email => "/account/security-info/email",
            Self::Phone => "/account/security-info/phone",
        }
    }

    /// Its field in the form.
    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    fn address(self, typed: &str) -> Address {
        match self {
            Self::Email => Address::EmailAddress(typed.to_owned()),
            Self::Phone => Address::PhoneNumber(typed.to_owned()),
        }
    }

    /// What is said of one that is none.
    fn refused(self, words: &AccountWords) -> &str {
        match self {
            Self::Email => &words.email_refused,
            Self::Phone => &words.phone_refused,
        }
    }
}

pub(super) async fn show_email(member: Member) -> Result<Response, Fault> {
    show(&member, AddressKind::Email).await
}

pub(super) async fn show_phone(member: Member) -> Result<Response, Fault> {
    show(&member, AddressKind::Phone).await
}

pub(super) async fn add_email(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    add(&member, AddressKind::Email, &fields).await
}

pub(super) async fn add_phone(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    add(&member, AddressKind::Phone, &fields).await
}

async fn show(member: &Member, kind: AddressKind) -> Result<Response, Fault> {
    member.demand_sign_in_within(RECENT).await?;
    page(member, kind, "", None)
}

async fn add(member: &Member, kind: AddressKind, fields: &PostedFields) -> Result<Response, Fault> {
    let (typed, words) = (fields.text(kind.name()), &member.visit.texts().account);
    if typed.is_empty() {
        return page(member, kind, "", Some(&words.address_missing));
    }
    let request = wire::AddSecurityInfoRequest {
        address: Some(wire::SecurityInfoAddress { address: Some(kind.address(typed)) }),
        request_id: fields.request_id()?,
        context: member.context(),
        authenticator: None,
    };
    let refused = match SecurityInfoServiceClient::new(member.identity()).add_security_info(request).await {
        Ok(added) => return code_is_on_its_way(member, added.into_inner()),
        Err(status) => refusal(status.into())?,
    };
    let problem = match &refused {
        Refusal::FieldInvalid(_) => kind.refused(words).to_owned(),
        other => sentence(&member.visit, other)?,
    };
    page(member, kind, typed, Some(&problem))
}

fn code_is_on_its_way(member: &Member, added: wire::AddSecurityInfoResponse) -> Result<Response, Fault> {
    let entry = added.security_info.ok_or_else(|| PeerFailure::unclear("the entry is missing"))?;
    let code = SentCode {
        method_id: entry.security_info_id.clone(),
        times: CodeTimes {
            at: member.visit.now,
            expires_at: maybe_moment(added.code_expire_time.as_ref()),
            resend_at: maybe_moment(added.resend_time.as_ref()),
        },
    };
    let next = Visit::redirect(&entries::path(&entry, confirm::PAGE));
    member.visit.keeping(next, None, Some(&code))
}

fn page(member: &Member, kind: AddressKind, typed: &str, problem: Option<&str>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let (title, lead, label) = match kind {
        AddressKind::Email => (&words.add_email, &words.email_lead, &words.email_label),
        AddressKind::Phone => (&words.add_phone, &words.phone_lead, &words.phone_label),
    };
    let is_phone = kind == AddressKind::Phone;
    let field = visit.field(&Field {
        name: kind.name(),
        label,
        hint: is_phone.then_some(words.phone_hint.as_str()),
        kind: if is_phone { FieldKind::Phone } else { FieldKind::Email },
        value: typed,
        problem,
    })?;
    let values = Values::default()
        .text("lead", lead)
        .flag("is_restricted", is_phone)
        .text("action", kind.path())
        .html("hidden", visit.hidden(kind.path())?)
        .html("field", field);
    let problems = problem.map(|text| Problem::of(kind.name(), text)).into_iter().collect();
    let body = visit.body("account_address", values)?;
    member.page(Place::SecurityInfo, Content { problems, ..Content::new(title, body) })
}
