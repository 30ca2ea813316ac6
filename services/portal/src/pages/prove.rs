//! "Prove that it is you": the choice of a way, and "Get a verification code".

use axum::extract::Path;
use axum::response::Response;

use super::sentences::{refusal, sentence};
use super::{opened, path};
use crate::assets::PASSKEY_SCRIPT;
use crate::cookies::FlowId;
use crate::domain::{CodeTimes, MethodKind, OfferedMethod, Refusal, ResetProgress, SentCode};
use crate::view::{Problem, Step, Values};
use crate::web::{Content, Fault, PostedFields, Visit};
use crate::words::filled;

const FIELD: &str = "method";

pub(super) async fn show(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    if reset.is_proved() {
        return Ok(Visit::redirect(&path(&flow, "password")));
    }
    page(&visit, &flow, &reset, None)
}

pub(super) async fn choose(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    let chosen = reset.open_methods().find(|method| method.id == fields.text(FIELD));
    let Some(chosen) = chosen.cloned() else {
        return page(&visit, &flow, &reset, Some(&visit.words().method_missing));
    };
    let asked = if chosen.kind.is_sent() {
        send(&visit, &reset, &chosen.id, fields.request_id()?).await?
    } else {
        Ok(SentCode { method_id: chosen.id, times: CodeTimes::asked_at(visit.now) })
    };
    match asked {
        Ok(sent) => {
            let next = Visit::redirect(&path(&flow, "code"));
            visit.keeping(next, Some(&flow), Some(&reset.asking(sent)))
        }
        Err(refused) => {
            let problem = sentence(&visit, &refused)?;
            page(&visit, &flow, &reset, Some(&problem))
        }
    }
}

/// Has a code sent. Where another one is not due, the one before may still be typed.
///
/// # Errors
/// Identity gave no answer. What it refused stands within.
pub(super) async fn send(
    visit: &Visit,
    reset: &ResetProgress,
    method_id: &str,
    request_id: String,
) -> Result<Result<SentCode, Refusal>, Fault> {
    let asked = CodeTimes::asked_at(visit.now);
    let times = match visit.site.identity.send_code(&reset.token, method_id, &visit.call(request_id)).await {
        Ok(code) => CodeTimes { expires_at: Some(code.expires_at), resend_at: code.resend_at, ..asked },
        Err(error) => match refusal(error)? {
            Refusal::SendLimited(wait) => {
                CodeTimes { resend_at: wait.map(|wait| visit.now.plus(wait)), ..asked }
            }
            other => return Ok(Err(other)),
        },
    };
    Ok(Ok(SentCode { method_id: method_id.to_owned(), times }))
}

fn page(
    visit: &Visit,
    flow: &FlowId,
    reset: &ResetProgress,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let words = visit.words();
    let chosen = reset.sent.as_ref().map(|sent| sent.method_id.as_str());
    let is_only_one = reset.open_methods().count() == 1;
    let method = |method: &OfferedMethod| {
        Values::default()
            .text("id", &method.id)
            .text("name", &name(visit, method))
            .flag("is_passkey", method.kind == MethodKind::Passkey)
            .flag("is_chosen", is_only_one || chosen == Some(&*method.id))
    };
    let has_passkey = reset.open_methods().any(|method| method.kind == MethodKind::Passkey);
    let values = Values::default()
        .text("flow", flow.as_str())
        .html("hidden", visit.hidden(&path(flow, "prove"))?)
        .flag("has_passkey", has_passkey)
        .optional("problem", problem)
        .flag("is_again", reset.has_proof())
        .list("methods", reset.open_methods().map(method).collect());
    let organisation = visit.organisation_of(reset.tenant);
    visit.page(Content {
        organisation: organisation.as_ref(),
        step: Some(Step::Prove),
        problems: problem.map(|text| Problem::of(FIELD, text)).into_iter().collect(),
        script_path: has_passkey.then_some(PASSKEY_SCRIPT),
        ..Content::new(&words.prove_title, visit.body("prove", values)?)
    })
}

/// A method as it is offered, with its masked address where the tenant shows one.
fn name(visit: &Visit, method: &OfferedMethod) -> String {
    let words = visit.words();
    let to = |text: &str| filled(text, "address", visit.locale.isolated(&method.masked));
    match method.kind {
        MethodKind::Email if method.masked.is_empty() => words.method_email.clone(),
        MethodKind::Email => to(&words.method_email_to),
        MethodKind::Phone if method.masked.is_empty() => words.method_phone.clone(),
        MethodKind::Phone => to(&words.method_phone_to),
        MethodKind::Authenticator => words.method_authenticator.clone(),
        MethodKind::RecoveryCode => words.method_recovery_code.clone(),
        MethodKind::Passkey => visit.texts().signing_in.method_passkey.clone(),
    }
}
