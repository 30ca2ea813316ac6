//! "Prove that it is you": the choice of a way, and "Get a verification code".

use axum::extract::Path;
use axum::response::Response;

use super::refusal_texts::{refusal, refusal_text};
use super::{find_reset, path};
use crate::assets::PASSKEY_SCRIPT;
use crate::cookies::FlowId;
use crate::domain::{CodeTimes, MethodKind, OfferedMethod, Refusal, ResetProgress, SentCode};
use crate::view::{FormProblem, ResetStep, Values};
use crate::web::{Fault, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

const FIELD: &str = "method";

pub(super) async fn show(context: PageContext, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    if reset.is_proved() {
        return Ok(PageContext::redirect(&path(&flow, "password")));
    }
    page(&context, &flow, &reset, None)
}

pub(super) async fn choose(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    let chosen = reset.open_methods().find(|method| method.id == fields.text(FIELD));
    let Some(chosen) = chosen.cloned() else {
        return page(&context, &flow, &reset, Some(&context.words().method_missing));
    };
    let asked = if chosen.kind.is_sent() {
        send(&context, &reset, &chosen.id, fields.request_id()?).await?
    } else {
        Ok(SentCode { method_id: chosen.id, times: CodeTimes::asked_at(context.now) })
    };
    match asked {
        Ok(sent) => {
            let next = PageContext::redirect(&path(&flow, "code"));
            context.with_cookie(next, Some(&flow), Some(&reset.with_sent_code(sent)))
        }
        Err(refused) => {
            let problem = refusal_text(&context, &refused)?;
            page(&context, &flow, &reset, Some(&problem))
        }
    }
}

/// Has a code sent. Where another one is not due, the one before may still be typed.
///
/// # Errors
/// Identity gave no answer. What it refused stands within.
pub(super) async fn send(
    context: &PageContext,
    reset: &ResetProgress,
    method_id: &str,
    request_id: String,
) -> Result<Result<SentCode, Refusal>, Fault> {
    let asked = CodeTimes::asked_at(context.now);
    let times =
        match context.site.identity.send_code(&reset.token, method_id, &context.call(request_id)).await {
            Ok(code) => CodeTimes { expires_at: Some(code.expires_at), resend_at: code.resend_at, ..asked },
            Err(error) => match refusal(error)? {
                Refusal::SendLimited(wait) => {
                    CodeTimes { resend_at: wait.map(|wait| context.now.plus(wait)), ..asked }
                }
                other => return Ok(Err(other)),
            },
        };
    Ok(Ok(SentCode { method_id: method_id.to_owned(), times }))
}

fn page(
    context: &PageContext,
    flow: &FlowId,
    reset: &ResetProgress,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let words = context.words();
    let chosen = reset.sent.as_ref().map(|sent| sent.method_id.as_str());
    let is_only_one = reset.open_methods().count() == 1;
    let method = |method: &OfferedMethod| {
        Values::default()
            .text("id", &method.id)
            .text("name", &name(context, method))
            .flag("is_passkey", method.kind == MethodKind::Passkey)
            .flag("is_chosen", is_only_one || chosen == Some(&*method.id))
    };
    let has_passkey = reset.open_methods().any(|method| method.kind == MethodKind::Passkey);
    let values = Values::default()
        .text("flow", flow.as_str())
        .html("hidden", context.hidden_fields(&path(flow, "prove"))?)
        .flag("has_passkey", has_passkey)
        .optional("problem", problem)
        .flag("is_again", reset.has_proof())
        .list("methods", reset.open_methods().map(method).collect());
    let organisation = context.organisation_of(reset.tenant);
    context.page(PageContent {
        organisation: organisation.as_ref(),
        step: Some(ResetStep::Prove),
        problems: problem.map(|text| FormProblem::of(FIELD, text)).into_iter().collect(),
        script_path: has_passkey.then_some(PASSKEY_SCRIPT),
        ..PageContent::new(&words.prove_title, context.body("prove", values)?)
    })
}

/// A method as it is offered, with its masked address where the tenant shows one.
fn name(context: &PageContext, method: &OfferedMethod) -> String {
    let words = context.words();
    let to = |text: &str| interpolate(text, "address", context.locale.isolated(&method.masked));
    match method.kind {
        MethodKind::Email if method.masked.is_empty() => words.method_email.clone(),
        MethodKind::Email => to(&words.method_email_to),
        MethodKind::Phone if method.masked.is_empty() => words.method_phone.clone(),
        MethodKind::Phone => to(&words.method_phone_to),
        MethodKind::Authenticator => words.method_authenticator.clone(),
        MethodKind::RecoveryCode => words.method_recovery_code.clone(),
        MethodKind::Passkey => context.texts().signing_in.method_passkey.clone(),
    }
}
