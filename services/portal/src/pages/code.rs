//! "Enter the code": one field, when another code can be sent, and help for who has waited.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};

use super::prove::send;
use super::sentences::{refusal, sentence, whole_seconds};
use super::{opened, organisation_name, path};
use crate::cookies::FlowId;
use crate::domain::{MethodKind, OfferedMethod, Refusal, ResetProgress, SentCode, code_in};
use crate::peers::Proof;
use crate::view::{Field, FieldKind, Problem, Step, Values, time_of_day};
use crate::web::{Content, Fault, Keep, PostedFields, Visit};
use crate::words::{Words, filled};

const FIELD: &str = "code";

pub(super) async fn show(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    page(&visit, &flow, &reset, None)
}

pub(super) async fn submit(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    let Some((method, _)) = reset.asked() else { return Ok(Visit::redirect(&path(&flow, "prove"))) };
    let code = typed(method.kind, &fields);
    if code.expose_secret().is_empty() {
        return page(&visit, &flow, &reset, Some(&visit.words().code_missing));
    }
    let (call, proof) = (visit.call(fields.request_id()?), Proof { method_id: &method.id, code: &code });
    let refused = match visit.site.identity.submit_proof(&reset.token, proof, &call).await {
        Ok(judged) => {
            let token = judged.token.expose_secret().to_owned();
            let reset = reset.judged(token, judged.proofs_remaining, judged.is_accepted);
            return go_on(&visit, &flow, &reset, judged.is_accepted);
        }
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        // Nothing is a code that is no code.
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == FIELD) => {
            visit.words().code_rejected.clone()
        }
        other => sentence(&visit, other)?,
    };
    page(&visit, &flow, &reset, Some(&problem))
}

/// After a code was judged.
fn go_on(visit: &Visit, flow: &FlowId, reset: &ResetProgress, is_accepted: bool) -> Result<Response, Fault> {
    let next = match (is_accepted, reset.is_proved()) {
        (false, _) => page(visit, flow, reset, Some(&visit.words().code_rejected))?,
        (true, true) => Visit::redirect(&path(flow, "password")),
        (true, false) => Visit::redirect(&path(flow, "prove")),
    };
    visit.keeping(next, Some(flow), Keep::Value(reset))
}

pub(super) async fn resend(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    let asked = reset.asked().filter(|(method, _)| method.kind.is_sent());
    let Some(method) = asked.map(|(method, _)| method.id.clone()) else {
        return Ok(Visit::redirect(&path(&flow, "prove")));
    };
    match send(&visit, &reset, &method, fields.request_id()?).await? {
        Ok(sent) => {
            // One that was not due has sent nothing: the code before is still the one that is awaited.
            let is_new = sent.expires_at.is_some();
            let reset = if is_new { reset.asking(sent) } else { reset.resendable_at(sent.resend_at) };
            visit.keeping(Visit::redirect(&path(&flow, "code")), Some(&flow), Keep::Value(&reset))
        }
        Err(refused) => {
            let problem = sentence(&visit, &refused)?;
            page(&visit, &flow, &reset, Some(&problem))
        }
    }
}

/// What was typed. Digits are found in whatever was pasted with them; what was saved may be letters.
fn typed(kind: MethodKind, fields: &PostedFields) -> SecretString {
    let text = fields.text(FIELD);
    if kind == MethodKind::RecoveryCode { text.to_owned().into() } else { code_in(text).into() }
}

fn page(
    visit: &Visit,
    flow: &FlowId,
    reset: &ResetProgress,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let Some((method, sent)) = reset.asked() else { return Ok(Visit::redirect(&path(flow, "prove"))) };
    let words = visit.words();
    let is_saved = method.kind == MethodKind::RecoveryCode;
    let field = visit.field(&Field {
        name: FIELD,
        label: &words.code_label,
        hint: Some(&words.code_hint),
        kind: if is_saved { FieldKind::SavedCode } else { FieldKind::Code },
        value: "",
        problem,
    })?;
    let values = Values::default()
        .text("flow", flow.as_str())
        .text("lead", &lead(words, method))
        .html("hidden", visit.hidden(&path(flow, "code"))?)
        .html("hidden_resend", visit.hidden(&path(flow, "resend"))?)
        .html("field", field)
        .flag("is_late", method.kind.is_sent() && sent.is_late(visit.now));
    let values = match sent.expires_at {
        Some(at) => values.part("good_until", time_of_day(at)),
        None => values.flag("good_until", false),
    };
    let values = with_resend(values, method.kind.is_sent().then_some(sent), visit);
    let organisation = organisation_name(visit);
    visit.page(Content {
        organisation: organisation.as_deref(),
        step: Some(Step::Prove),
        problems: problem.map(|text| Problem::of(FIELD, text)).into_iter().collect(),
        refresh_seconds: reset.next_change(visit.now).map(whole_seconds),
        ..Content::new(&words.code_title, visit.body("code", values)?)
    })
}

fn lead(words: &Words, method: &OfferedMethod) -> String {
    match method.kind {
        MethodKind::Authenticator => words.code_authenticator.clone(),
        MethodKind::RecoveryCode => words.code_recovery_code.clone(),
        MethodKind::Email | MethodKind::Phone if method.masked.is_empty() => words.code_sent.clone(),
        MethodKind::Email | MethodKind::Phone => filled(&words.code_sent_to, "address", &method.masked),
    }
}

/// Whether and when another code can be sent; nothing of it for one that was not sent.
pub(super) fn with_resend(values: Values, sent: Option<&SentCode>, visit: &Visit) -> Values {
    let words = visit.words();
    match sent.map(|sent| (sent.resend_at, sent.resend_after(visit.now))) {
        None => values.text("resend", ""),
        Some((Some(at), Some(wait))) if wait > Duration::ZERO => values
            .text("resend", "later")
            .part("resend_at", time_of_day(at))
            .text("resend_in", &filled(&words.in_seconds, "seconds", whole_seconds(wait))),
        Some((Some(_), _)) => values.text("resend", "now"),
        Some((None, _)) => values.text("resend", "never"),
    }
}
