//! "Enter the code": one field, when another code can be sent, and help for who has waited. For a passkey a button takes its place.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::proof_forms::{CODE, CREDENTIAL, CodeForm, Link, PasskeyForm, typed_code};
use super::prove::send;
use super::sentences::{refusal, sentence, whole_seconds};
use super::{opened, path};
use crate::assets::PASSKEY_SCRIPT;
use crate::cookies::FlowId;
use crate::domain::{MethodKind, OfferedMethod, Refusal, ResetProgress};
use crate::peers::{Proof, ShownProof};
use crate::view::{Html, Problem, Step};
use crate::web::{Content, Fault, PostedFields, Visit};
use crate::words::filled;

/// What identity calls what is shown.
const PROOF_FIELDS: [&str; 2] = ["code", "passkey_credential_json"];

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
    let is_passkey = method.kind == MethodKind::Passkey;
    let shown = if is_passkey { fields.secret(CREDENTIAL) } else { typed_code(method.kind, &fields) };
    let signing_in = &visit.texts().signing_in;
    if shown.expose_secret().is_empty() {
        let text = if is_passkey { &signing_in.passkey_missing } else { &visit.words().code_missing };
        return page(&visit, &flow, &reset, Some(text));
    }
    let call = visit.call(fields.request_id()?);
    let shown = if is_passkey { ShownProof::Passkey(&shown) } else { ShownProof::Code(&shown) };
    let proof = Proof { method_id: &method.id, shown };
    let refused = match visit.site.identity.submit_proof(&reset.token, proof, &call).await {
        Ok(judged) => {
            let token = judged.token.expose_secret().to_owned();
            let wrong = rejected(&visit, method.kind).to_owned();
            let reset = reset.judged(token, judged.proofs_remaining, judged.is_accepted);
            return go_on(&visit, &flow, &reset, (!judged.is_accepted).then_some(wrong.as_str()));
        }
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        // Nothing is a code that is no code.
        Refusal::FieldInvalid(fields)
            if fields.iter().any(|field| PROOF_FIELDS.contains(&field.as_str())) =>
        {
            rejected(&visit, method.kind).to_owned()
        }
        other => sentence(&visit, other)?,
    };
    page(&visit, &flow, &reset, Some(&problem))
}

/// What is said of a proof that was none.
fn rejected(visit: &Visit, kind: MethodKind) -> &str {
    if kind == MethodKind::Passkey {
        &visit.texts().signing_in.passkey_rejected
    } else {
        &visit.words().code_rejected
    }
}

/// After a code was judged.
fn go_on(
    visit: &Visit,
    flow: &FlowId,
    reset: &ResetProgress,
    wrong: Option<&str>,
) -> Result<Response, Fault> {
    let next = match wrong {
        Some(wrong) => page(visit, flow, reset, Some(wrong))?,
        None if reset.is_proved() => Visit::redirect(&path(flow, "password")),
        None => Visit::redirect(&path(flow, "prove")),
    };
    visit.keeping(next, Some(flow), Some(reset))
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
            let is_new = sent.times.expires_at.is_some();
            let reset = if is_new { reset.asking(sent) } else { reset.resendable_at(sent.times.resend_at) };
            visit.keeping(Visit::redirect(&path(&flow, "code")), Some(&flow), Some(&reset))
        }
        Err(refused) => {
            let problem = sentence(&visit, &refused)?;
            page(&visit, &flow, &reset, Some(&problem))
        }
    }
}

fn page(
    visit: &Visit,
    flow: &FlowId,
    reset: &ResetProgress,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let Some((method, _)) = reset.asked() else { return Ok(Visit::redirect(&path(flow, "prove"))) };
    let is_passkey = method.kind == MethodKind::Passkey;
    let title = if is_passkey { &visit.texts().signing_in.passkey_title } else { &visit.words().code_title };
    let field = |text: &str| Problem { field: (!is_passkey).then_some(CODE), text: text.to_owned() };
    let organisation = visit.organisation_of(reset.tenant);
    visit.page(Content {
        organisation: organisation.as_ref(),
        step: Some(Step::Prove),
        problems: problem.map(field).into_iter().collect(),
        refresh_seconds: reset.next_change(visit.now).map(whole_seconds),
        script_path: is_passkey.then_some(PASSKEY_SCRIPT),
        ..Content::new(title, form(visit, flow, reset, problem)?)
    })
}

/// The form of what is asked; nothing is asked where there is none.
fn form(visit: &Visit, flow: &FlowId, reset: &ResetProgress, problem: Option<&str>) -> Result<Html, Fault> {
    let words = visit.words();
    let (method, sent) = reset.asked().ok_or(Fault::ResetOver)?;
    let (action, resend) = (path(flow, "code"), path(flow, "resend"));
    let links = [
        Link { path: path(flow, "prove"), text: &words.other_way },
        Link { path: path(flow, "help"), text: &words.help_link },
    ];
    if method.kind == MethodKind::Passkey {
        let lead = &visit.texts().signing_in.passkey_reset_lead;
        let options = Some(method.passkey_options.as_str());
        let hidden = visit.hidden(&action)?;
        return PasskeyForm { lead, action: &action, hidden, fields: &[], options, links: &links }
            .body(visit);
    }
    let lead = lead(visit, method);
    let form = CodeForm {
        lead: &lead,
        kind: method.kind,
        action: &action,
        fields: &[],
        resend: method.kind.is_sent().then_some((resend.as_str(), sent.times)),
        links: &links,
        problem,
    };
    form.body(visit)
}

fn lead(visit: &Visit, method: &OfferedMethod) -> String {
    let words = visit.words();
    match method.kind {
        MethodKind::Authenticator => words.code_authenticator.clone(),
        MethodKind::RecoveryCode => words.code_recovery_code.clone(),
        MethodKind::Email | MethodKind::Phone if method.masked.is_empty() => words.code_sent.clone(),
        // A passkey has a page of its own, without a code.
        MethodKind::Email | MethodKind::Phone | MethodKind::Passkey => {
            filled(&words.code_sent_to, "address", visit.locale.isolated(&method.masked))
        }
    }
}
