//! Adding an e-mail address or a phone number. It counts once the code that is sent there was typed.

use std::time::Duration;

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_address::Address;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::{confirm, entries};
use crate::domain::{CodeTimes, Refusal, SentCode};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::{PeerFailure, timestamp_from_wire};
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};
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

pub(super) async fn show_email(user: CurrentUser) -> Result<Response, Fault> {
    show(&user, AddressKind::Email).await
}

pub(super) async fn show_phone(user: CurrentUser) -> Result<Response, Fault> {
    show(&user, AddressKind::Phone).await
}

pub(super) async fn add_email(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    add(&user, AddressKind::Email, &fields).await
}

pub(super) async fn add_phone(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    add(&user, AddressKind::Phone, &fields).await
}

async fn show(user: &CurrentUser, kind: AddressKind) -> Result<Response, Fault> {
    user.require_sign_in_within(RECENT).await?;
    page(user, kind, "", None)
}

async fn add(user: &CurrentUser, kind: AddressKind, fields: &PostedFields) -> Result<Response, Fault> {
    let (typed, words) = (fields.text(kind.name()), &user.context.texts().account);
    if typed.is_empty() {
        return page(user, kind, "", Some(&words.address_missing));
    }
    let request = wire::AddSecurityInfoRequest {
        address: Some(wire::SecurityInfoAddress { address: Some(kind.address(typed)) }),
        request_id: fields.request_id()?,
        context: user.request_context(),
        authenticator: None,
    };
    let refused = match SecurityInfoServiceClient::new(user.identity()).add_security_info(request).await {
        Ok(added) => return redirect_to_confirmation(user, added.into_inner()),
        Err(status) => refusal(status.into())?,
    };
    let problem = match &refused {
        Refusal::FieldInvalid(_) => kind.refused(words).to_owned(),
        other => refusal_text(&user.context, other)?,
    };
    page(user, kind, typed, Some(&problem))
}

fn redirect_to_confirmation(
    user: &CurrentUser,
    added: wire::AddSecurityInfoResponse,
) -> Result<Response, Fault> {
    let entry = added.security_info.ok_or_else(|| PeerFailure::unexpected("the entry is missing"))?;
    let code = SentCode {
        method_id: entry.security_info_id.clone(),
        times: CodeTimes {
            at: user.context.now,
            expires_at: timestamp_from_wire(added.code_expire_time.as_ref()),
            resend_at: timestamp_from_wire(added.resend_time.as_ref()),
        },
    };
    let next = PageContext::redirect(&entries::path(&entry, confirm::PAGE));
    user.context.with_cookie(next, None, Some(&code))
}

fn page(
    user: &CurrentUser,
    kind: AddressKind,
    typed: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let (title, lead, label) = match kind {
        AddressKind::Email => (&words.add_email, &words.email_lead, &words.email_label),
        AddressKind::Phone => (&words.add_phone, &words.phone_lead, &words.phone_label),
    };
    let is_phone = kind == AddressKind::Phone;
    let field = context.field(&Field {
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
        .html("hidden", context.hidden_fields(kind.path())?)
        .html("field", field);
    let problems = problem.map(|text| FormProblem::of(kind.name(), text)).into_iter().collect();
    let body = context.body("account_address", values)?;
    user.page(MenuItem::SecurityInfo, PageContent { problems, ..PageContent::new(title, body) })
}
