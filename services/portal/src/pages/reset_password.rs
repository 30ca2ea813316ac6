//! "Choose a new password": the third page of a reset.

use axum::extract::Path;
use axum::response::Response;

use super::password_form::{PASSWORD, PasswordForm, PasswordProblems, typed_password};
use super::refusal_texts::refusal;
use super::{find_reset, password_rules, path};
use crate::cookies::FlowId;
use crate::domain::ResetProgress;
use crate::peers::PasswordToken;
use crate::view::ResetStep;
use crate::web::{Fault, PageContext, PostedFields};

pub(super) async fn show(context: PageContext, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    page(&context, &flow, &reset, &PasswordProblems::default()).await
}

pub(super) async fn set(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    if password_rules::are_asked(&fields) {
        let by = PasswordToken::Reset(&reset.token);
        let verdicts = password_rules::evaluate(&context, by, &fields.secret(PASSWORD)).await?;
        return Ok(password_rules::for_script(&verdicts));
    }
    let password = match typed_password(&context, &fields) {
        Ok(password) => password,
        Err(wrong) => return page(&context, &flow, &reset, &wrong).await,
    };
    let call = context.call(fields.request_id()?);
    match context.site.identity.complete_reset(&reset.token, &password, &call).await {
        Ok(()) => {
            let done =
                context.without_stale_organisation(reset.tenant, PageContext::redirect("/reset/done"))?;
            context.with_cookie(done, Some(&flow), None::<&ResetProgress>)
        }
        Err(error) => {
            let wrong = PasswordProblems::of(&context, refusal(error)?)?;
            page(&context, &flow, &reset, &wrong).await
        }
    }
}

async fn page(
    context: &PageContext,
    flow: &FlowId,
    reset: &ResetProgress,
    wrong: &PasswordProblems,
) -> Result<Response, Fault> {
    if !reset.is_proved() {
        return Ok(PageContext::redirect(&path(flow, "prove")));
    }
    let rules = password_rules::in_force(context, PasswordToken::Reset(&reset.token)).await?;
    let action = path(flow, "password");
    let form = PasswordForm {
        lead: &context.words().password_lead,
        action: &action,
        login: &reset.login,
        current: None,
        rules: &rules,
        wrong,
    };
    form.page(context, context.organisation_of(reset.tenant).as_ref(), Some(ResetStep::Password))
}
