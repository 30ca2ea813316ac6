//! "Choose a new password": the last question of a reset.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::SecretString;

use super::new_password::{self, WrongPassword};
use super::sentences::refusal;
use super::{opened, organisation_name, path};
use crate::cookies::FlowId;
use crate::domain::ResetProgress;
use crate::peers::Verdict;
use crate::view::Step;
use crate::web::{Content, Fault, Keep, PostedFields, Visit};

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
    let password = fields.secret(new_password::FIELD);
    if new_password::is_evaluated(&fields) {
        return Ok(new_password::for_script(&verdicts(&visit, &reset, &password).await?));
    }
    if let Some(wrong) = new_password::mistyped(&visit, &fields) {
        return page(&visit, &flow, &reset, &wrong).await;
    }
    let call = visit.call(fields.request_id()?);
    match visit.site.identity.complete_reset(&reset.token, &password, &call).await {
        Ok(()) => {
            let done = Visit::redirect("/reset/done");
            visit.keeping(done, Some(&flow), Keep::<ResetProgress>::Nothing)
        }
        Err(error) => {
            let wrong = new_password::refused(&visit, refusal(error)?)?;
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
    new_password::verdicts(visit, evaluated, Fault::ResetOver)
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
    let in_force = verdicts(visit, reset, &new_password::any_candidate()).await?;
    let values = new_password::values(visit, &in_force, wrong)?
        .text("flow", flow.as_str())
        .text("login", &reset.login)
        .html("hidden", visit.hidden(&path(flow, "password"))?);
    let organisation = organisation_name(visit);
    visit.page(Content {
        organisation: organisation.as_deref(),
        step: Some(Step::Password),
        problems: wrong.problems().collect(),
        ..Content::new(&visit.words().password_title, visit.body("password", values)?)
    })
}
