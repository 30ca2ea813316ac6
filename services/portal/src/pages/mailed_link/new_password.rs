//! A new password, by the one-time link that an administrator had sent.

use axum::response::Response;

use super::{done_page, move_token_to_cookie};
use crate::cookies::NewPasswordLink;
use crate::domain::Refusal;
use crate::pages::password_form::{PASSWORD, PasswordForm, PasswordProblems, typed_password};
use crate::pages::password_rules;
use crate::pages::proof_forms::Link;
use crate::pages::refusal_texts::refusal;
use crate::peers::PasswordToken;
use crate::web::{Fault, PageContext, PostedFields};

const PATH: &str = "/new-password";

/// What identity calls the link.
const TOKEN: &str = "link_token";

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    if let Some(there) = move_token_to_cookie(&context, |token| NewPasswordLink { token })? {
        return Ok(there);
    }
    let link = context.cookie::<NewPasswordLink>().ok_or(Fault::LinkIncomplete)?;
    page(&context, &link, &PasswordProblems::default()).await
}

pub(super) async fn set(context: PageContext, fields: PostedFields) -> Result<Response, Fault> {
    let link = context.cookie::<NewPasswordLink>().ok_or(Fault::LinkOver)?;
    if password_rules::are_asked(&fields) {
        let by = PasswordToken::Link(&link.token);
        let verdicts = password_rules::evaluate(&context, by, &fields.secret(PASSWORD)).await?;
        return Ok(password_rules::for_script(&verdicts));
    }
    let password = match typed_password(&context, &fields) {
        Ok(password) => password,
        Err(wrong) => return page(&context, &link, &wrong).await,
    };
    let call = context.call(fields.request_id()?);
    let refused = match context.site.identity.redeem_reset_link(&link.token, &password, &call).await {
        Ok(()) => {
            let there = PageContext::redirect("/new-password/done");
            return context.with_cookie(there, None, None::<&NewPasswordLink>);
        }
        Err(error) => refusal(error)?,
    };
    match refused {
        Refusal::AttemptsExhausted | Refusal::OrganisationUnknown => Err(Fault::LinkOver),
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == TOKEN) => Err(Fault::LinkOver),
        other => page(&context, &link, &PasswordProblems::of(&context, other)?).await,
    }
}

pub(super) async fn done(context: PageContext) -> Result<Response, Fault> {
    let words = context.words();
    let next = Link { path: "/sign-in".to_owned(), text: &words.sign_in };
    done_page(&context, &words.done_title, &words.done_lead, &next)
}

/// A link that no longer works has no form. That is no attempt of it, so mail scanners may look.
async fn page(
    context: &PageContext,
    link: &NewPasswordLink,
    wrong: &PasswordProblems,
) -> Result<Response, Fault> {
    let rules = password_rules::in_force(context, PasswordToken::Link(&link.token)).await?;
    let form = PasswordForm {
        lead: &context.words().password_lead,
        action: PATH,
        login: "",
        current: None,
        rules: &rules,
        wrong,
    };
    form.page(context, context.only_organisation().as_ref(), None)
}
