//! "Choose a new password": the third page of a reset.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::SecretString;

use super::password_form::{PASSWORD, PasswordForm, WrongPassword, typed_password};
use super::sentences::refusal;
use super::{opened, password_rules, path};
use crate::cookies::FlowId;
use crate::domain::{ResetProgress, RuleInForce};
use crate::peers::Verdict;
use crate::view::Step;
use crate::web::{Fault, PostedFields, Visit};

pub(super) async fn show(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    page(&visit, &flow, &reset, &WrongPassword::default()).await
}

pub(super) async fn set(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    if password_rules::are_asked(&fields) {
        let verdicts = verdicts(&visit, &reset, &fields.secret(PASSWORD)).await?;
        return Ok(password_rules::for_script(&verdicts));
    }
    let password = match typed_password(&visit, &fields) {
        Ok(password) => password,
        Err(wrong) => return page(&visit, &flow, &reset, &wrong).await,
    };
    let call = visit.call(fields.request_id()?);
    match visit.site.identity.complete_reset(&reset.token, &password, &call).await {
        Ok(()) => {
            let done = visit.ending(reset.tenant, Visit::redirect("/reset/done"))?;
            visit.keeping(done, Some(&flow), None::<&ResetProgress>)
        }
        Err(error) => {
            let wrong = WrongPassword::of(&visit, refusal(error)?)?;
            page(&visit, &flow, &reset, &wrong).await
        }
    }
}

/// The rules in force, and what they say of a candidate.
async fn verdicts(
    visit: &Visit,
    reset: &ResetProgress,
    candidate: &SecretString,
) -> Result<Vec<Verdict>, Fault> {
    let evaluated = visit.site.identity.evaluate_password(&reset.token, candidate, &visit.visitor()).await;
    password_rules::verdicts(visit, evaluated, Fault::ResetOver)
}

async fn page(
    visit: &Visit,
    flow: &FlowId,
    reset: &ResetProgress,
    wrong: &WrongPassword,
) -> Result<Response, Fault> {
    if !reset.is_proved() {
        return Ok(Visit::redirect(&path(flow, "prove")));
    }
    let evaluated = verdicts(visit, reset, &password_rules::any_candidate()).await?;
    let rules: Vec<RuleInForce> = evaluated.iter().map(|verdict| verdict.in_force).collect();
    let action = path(flow, "password");
    let form = PasswordForm {
        lead: &visit.words().password_lead,
        action: &action,
        login: &reset.login,
        current: None,
        rules: &rules,
        is_evaluated: true,
        wrong,
    };
    form.page(visit, visit.organisation_of(reset.tenant).as_ref(), Some(Step::Password))
}
