//! A new password before somebody is signed in: theirs has expired, or an administrator wants another one.

use axum::response::Response;

use super::challenge::{AnswerOutcome, PendingSignIn};
use crate::domain::{RuleInForce, SignInQuestion};
use crate::pages::password_form::{PasswordForm, PasswordProblems, typed_password};
use crate::peers::ChallengeAnswer;
use crate::web::{Fault, PageContext, PostedFields};

pub(super) async fn answer(
    context: &PageContext,
    pending: &PendingSignIn,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let password = match typed_password(context, fields) {
        Ok(password) => password,
        Err(wrong) => return page(context, pending, &wrong),
    };
    let answer = ChallengeAnswer::NewPassword(&password);
    let wrong = match pending.answer(context, answer, fields.request_id()?, &pending.next()).await? {
        AnswerOutcome::Redirect(there) => return Ok(there),
        // A password is refused and never rejected.
        AnswerOutcome::Rejected => return Err(Fault::SignInOver),
        AnswerOutcome::Refused(refusal) => PasswordProblems::of(context, refusal)?,
    };
    page(context, pending, &wrong)
}

/// Identity judges no candidate for a challenge, so the page shows the rules that every tenant has.
pub(super) fn page(
    context: &PageContext,
    pending: &PendingSignIn,
    wrong: &PasswordProblems,
) -> Result<Response, Fault> {
    let texts = &context.texts().signing_in;
    let is_expired = pending.progress.question == SignInQuestion::NewPassword { is_expired: true };
    let action = pending.path();
    let form = PasswordForm {
        lead: if is_expired { &texts.password_expired } else { &texts.password_change_required },
        action: &action,
        login: &pending.progress.login,
        current: None,
        rules: &RuleInForce::ALWAYS,
        is_evaluated: false,
        wrong,
    };
    form.page(context, context.organisation_of(pending.progress.tenant).as_ref(), None)
}
