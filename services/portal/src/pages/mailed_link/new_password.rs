//! A new password, by the one-time link that an administrator had sent.

use axum::response::Response;

use super::{arrived, done_page};
use crate::cookies::NewPasswordLink;
use crate::domain::{Refusal, RuleInForce};
use crate::pages::password_form::{PasswordForm, WrongPassword, typed_password};
use crate::pages::proof_forms::Link;
use crate::pages::sentences::refusal;
use crate::web::{Fault, PostedFields, Visit};

const PATH: &str = "/new-password";

/// What identity calls the link.
const TOKEN: &str = "link_token";

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    if let Some(there) = arrived(&visit, |token| NewPasswordLink { token })? {
        return Ok(there);
    }
    visit.kept::<NewPasswordLink>().ok_or(Fault::LinkIncomplete)?;
    page(&visit, &WrongPassword::default())
}

pub(super) async fn set(visit: Visit, fields: PostedFields) -> Result<Response, Fault> {
    let link = visit.kept::<NewPasswordLink>().ok_or(Fault::LinkOver)?;
    let password = match typed_password(&visit, &fields) {
        Ok(password) => password,
        Err(wrong) => return page(&visit, &wrong),
    };
    let call = visit.call(fields.request_id()?);
    let refused = match visit.site.identity.redeem_reset_link(&link.token, &password, &call).await {
        Ok(()) => {
            let there = Visit::redirect("/new-password/done");
            return visit.keeping(there, None, None::<&NewPasswordLink>);
        }
        Err(error) => refusal(error)?,
    };
    match refused {
        Refusal::AttemptsExhausted | Refusal::OrganisationUnknown => Err(Fault::LinkOver),
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == TOKEN) => Err(Fault::LinkOver),
        other => page(&visit, &WrongPassword::of(&visit, other)?),
    }
}

pub(super) async fn done(visit: Visit) -> Result<Response, Fault> {
    let words = visit.words();
    let next = Link { path: "/sign-in".to_owned(), text: &words.sign_in };
    done_page(&visit, &words.done_title, &words.done_lead, &next)
}

/// Identity judges no candidate for a link, so the page shows the rules that every tenant has.
fn page(visit: &Visit, wrong: &WrongPassword) -> Result<Response, Fault> {
    let form = PasswordForm {
        lead: &visit.words().password_lead,
        action: PATH,
        login: "",
        current: None,
        rules: &RuleInForce::ALWAYS,
        is_evaluated: false,
        wrong,
    };
    form.page(visit, visit.only_organisation().as_ref(), None)
}
