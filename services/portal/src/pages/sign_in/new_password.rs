//! A new password before somebody is signed in: theirs has expired, or an administrator wants another one.

use axum::response::Response;

use super::challenge::{Answered, Waiting};
use crate::domain::{Question, RuleInForce};
use crate::pages::password_form::{PasswordForm, WrongPassword, typed_password};
use crate::peers::ChallengeAnswer;
use crate::web::{Fault, PostedFields, Visit};

pub(super) async fn answer(
    visit: &Visit,
    waiting: &Waiting,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let password = match typed_password(visit, fields) {
        Ok(password) => password,
        Err(wrong) => return page(visit, waiting, &wrong),
    };
    let answer = ChallengeAnswer::NewPassword(&password);
    let wrong = match waiting.answer(visit, answer, fields.request_id()?, &waiting.next()).await? {
        Answered::There(there) => return Ok(there),
        // A password is refused and never rejected.
        Answered::Rejected => return Err(Fault::SignInOver),
        Answered::Refused(refusal) => WrongPassword::of(visit, refusal)?,
    };
    page(visit, waiting, &wrong)
}

/// Identity judges no candidate for a challenge, so the page shows the rules that every tenant has.
pub(super) fn page(visit: &Visit, waiting: &Waiting, wrong: &WrongPassword) -> Result<Response, Fault> {
    let texts = &visit.texts().signing_in;
    let is_expired = waiting.progress.question == Question::NewPassword { is_expired: true };
    let action = waiting.path();
    let form = PasswordForm {
        lead: if is_expired { &texts.password_expired } else { &texts.password_change_required },
        action: &action,
        login: &waiting.progress.login,
        current: None,
        rules: &RuleInForce::ALWAYS,
        is_evaluated: false,
        wrong,
    };
    form.page(visit, visit.organisation_of(waiting.progress.tenant).as_ref(), None)
}
