//! A new password before somebody is signed in: theirs has expired, or an administrator wants another one.

use axum::response::Response;

use super::challenge::{AnswerOutcome, PendingSignIn};
use crate::domain::SignInQuestion;
use crate::pages::password_form::{PASSWORD, PasswordForm, PasswordProblems, typed_password};
use crate::pages::password_rules;
use crate::peers::{ChallengeAnswer, PasswordToken};
use crate::web::{Fault, PageContext, PostedFields};

pub(super) async fn answer(
    context: &PageContext,
    pending: &PendingSignIn,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    if password_rules::are_asked(fields) {
        let by = PasswordToken::Challenge(&pending.progress.token);
        let verdicts = password_rules::evaluate(context, by, &fields.secret(PASSWORD)).await?;
        return Ok(password_rules::for_script(&verdicts));
    }
    let password = match typed_password(context, fields) {
        Ok(password) => password,
        Err(wrong) => return page(context, pending, &wrong).await,
    };
    let answer = ChallengeAnswer::NewPassword(&password);
    let wrong = match pending.answer(context, answer, fields.request_id()?, &pending.next()).await? {
        AnswerOutcome::Redirect(there) => return Ok(there),
        // A password is refused and never rejected.
        AnswerOutcome::Rejected => return Err(Fault::SignInOver),
        AnswerOutcome::Refused(refusal) => PasswordProblems::of(context, refusal)?,
    };
    page(context, pending, &wrong).await
}

pub(super) async fn page(
    context: &PageContext,
    pending: &PendingSignIn,
    wrong: &PasswordProblems,
) -> Result<Response, Fault> {
    let texts = &context.texts().signing_in;
    let is_expired = pending.progress.question == SignInQuestion::NewPassword { is_expired: true };
    let rules = password_rules::in_force(context, PasswordToken::Challenge(&pending.progress.token)).await?;
    let action = pending.path();
    let form = PasswordForm {
        lead: if is_expired { &texts.password_expired } else { &texts.password_change_required },
        action: &action,
        login: &pending.progress.login,
        current: None,
        rules: &rules,
        wrong,
    };
    form.page(context, context.organisation_of(pending.progress.tenant).as_ref(), None)
}
