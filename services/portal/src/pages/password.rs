//! "Choose a new password": the third page of a reset.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use rekey_primitives::secret::SecretString;

use super::password_form::{PASSWORD, PasswordForm, WrongPassword, typed_password};
use super::sentences::{refusal, sentence};
use super::{opened, organisation_name, path};
use crate::cookies::FlowId;
use crate::domain::{PasswordRule, Refusal, ResetProgress};
use crate::peers::{PeerError, Verdict};
use crate::view::Step;
use crate::web::{Content, Fault, Keep, PostedFields, Visit};

/// Set by our script, which asks what the rules say before the form is sent.
const EVALUATE: &str = "evaluate";

/// What is evaluated to learn which rules there are. It is nobody's password.
const ANY_CANDIDATE: &str = "-";

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
    if !fields.text(EVALUATE).is_empty() {
        return evaluated(&visit, &reset, &fields.secret(PASSWORD)).await;
    }
    let password = match typed_password(&visit, &fields) {
        Ok(password) => password,
        Err(wrong) => return page(&visit, &flow, &reset, &wrong).await,
    };
    let call = visit.call(fields.request_id()?);
    match visit.site.identity.complete_reset(&reset.token, &password, &call).await {
        Ok(()) => {
            let done = Visit::redirect("/reset/done");
            visit.keeping(done, Some(&flow), Keep::<ResetProgress>::Nothing)
        }
        Err(error) => {
            let wrong = WrongPassword::of(&visit, refusal(error)?)?;
            page(&visit, &flow, &reset, &wrong).await
        }
    }
}

/// The rules in force, and what they say of a candidate. None where too many were asked about: the page does without.
async fn verdicts(
    visit: &Visit,
    reset: &ResetProgress,
    candidate: &SecretString,
) -> Result<Vec<Verdict>, Fault> {
    let evaluated = visit.site.identity.evaluate_password(&reset.token, candidate, &visit.visitor()).await;
    match evaluated {
        Ok(verdicts) => Ok(verdicts),
        Err(PeerError::Refused(Refusal::Throttled(_) | Refusal::Busy(_) | Refusal::FieldInvalid(_))) => {
            Ok(Vec::new())
        }
        Err(error) => Err(sentence(visit, &refusal(error)?).err().unwrap_or(Fault::ResetOver)),
    }
}

/// For our script: a line for each rule, with whether it is kept.
async fn evaluated(
    visit: &Visit,
    reset: &ResetProgress,
    candidate: &SecretString,
) -> Result<Response, Fault> {
    let verdicts = verdicts(visit, reset, candidate).await?;
    let line = |verdict: &Verdict| {
        format!("{} {}\n", verdict.rule.word(), if verdict.passed { "kept" } else { "broken" })
    };
    Ok(verdicts.iter().map(line).collect::<String>().into_response())
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
    let words = visit.words();
    let in_force = verdicts(visit, reset, &ANY_CANDIDATE.to_owned().into()).await?;
    let rules: Vec<PasswordRule> = in_force.iter().map(|verdict| verdict.rule).collect();
    let action = path(flow, "password");
    let form = PasswordForm {
        lead: &words.password_lead,
        action: &action,
        login: &reset.login,
        rules: &rules,
        is_evaluated: true,
        wrong,
    };
    let organisation = organisation_name(visit);
    visit.page(Content {
        organisation: organisation.as_deref(),
        step: Some(Step::Password),
        problems: wrong.problems(),
        ..Content::new(&words.password_title, form.body(visit)?)
    })
}
