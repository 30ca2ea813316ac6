//! "Enter the code": one field, when another code can be sent, and help for who has waited. For a passkey a button takes its place.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::proof_forms::{CODE, CREDENTIAL, CodeForm, Link, PasskeyForm, typed_code};
use super::refusal_texts::{refusal, refusal_text, whole_seconds};
use super::reset_proof::send;
use super::{find_reset, path};
use crate::assets::PASSKEY_SCRIPT;
use crate::cookies::FlowId;
use crate::domain::{MethodKind, OfferedMethod, Refusal, ResetProgress};
use crate::peers::{Proof, ProofValue};
use crate::view::{FormProblem, Html, ResetStep};
use crate::web::{Fault, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

/// What identity calls what is shown.
const PROOF_FIELDS: [&str; 2] = ["code", "passkey_credential_json"];

pub(super) async fn show(context: PageContext, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    page(&context, &flow, &reset, None)
}

pub(super) async fn submit(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    let Some((method, _)) = reset.current_method() else {
        return Ok(PageContext::redirect(&path(&flow, "prove")));
    };
    let is_passkey = method.kind == MethodKind::Passkey;
    let value = if is_passkey { fields.secret(CREDENTIAL) } else { typed_code(method.kind, &fields) };
    let signing_in = &context.texts().signing_in;
    if value.expose_secret().is_empty() {
        let text = if is_passkey { &signing_in.passkey_missing } else { &context.words().code_missing };
        return page(&context, &flow, &reset, Some(text));
    }
    let call = context.call(fields.request_id()?);
    let value = if is_passkey { ProofValue::Passkey(&value) } else { ProofValue::Code(&value) };
    let proof = Proof { method_id: &method.id, value };
    let refused = match context.site.identity.submit_proof(&reset.token, proof, &call).await {
        Ok(judged) => {
            let token = judged.token.expose_secret().to_owned();
            let wrong = rejected(&context, method.kind).to_owned();
            let reset = reset.with_proof_result(token, judged.proofs_remaining, judged.is_accepted);
            return go_on(&context, &flow, &reset, (!judged.is_accepted).then_some(wrong.as_str()));
        }
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        // Nothing is a code that is no code.
        Refusal::FieldInvalid(fields)
            if fields.iter().any(|field| PROOF_FIELDS.contains(&field.as_str())) =>
        {
            rejected(&context, method.kind).to_owned()
        }
        other => refusal_text(&context, other)?,
    };
    page(&context, &flow, &reset, Some(&problem))
}

/// What is said of a proof that was none.
fn rejected(context: &PageContext, kind: MethodKind) -> &str {
    if kind == MethodKind::Passkey {
        &context.texts().signing_in.passkey_rejected
    } else {
        &context.words().code_rejected
    }
}

/// After a code was judged.
fn go_on(
    context: &PageContext,
    flow: &FlowId,
    reset: &ResetProgress,
    wrong: Option<&str>,
) -> Result<Response, Fault> {
    let next = match wrong {
        Some(wrong) => page(context, flow, reset, Some(wrong))?,
        None if reset.is_proved() => PageContext::redirect(&path(flow, "password")),
        None => PageContext::redirect(&path(flow, "prove")),
    };
    context.with_cookie(next, Some(flow), Some(reset))
}

pub(super) async fn resend(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    let asked = reset.current_method().filter(|(method, _)| method.kind.is_sent());
    let Some(method) = asked.map(|(method, _)| method.id.clone()) else {
        return Ok(PageContext::redirect(&path(&flow, "prove")));
    };
    match send(&context, &reset, &method, fields.request_id()?).await? {
        Ok(sent) => {
            // One that was not due has sent nothing: the code before is still the one that is awaited.
            let is_new = sent.times.expires_at.is_some();
            let reset =
                if is_new { reset.with_sent_code(sent) } else { reset.with_resend_at(sent.times.resend_at) };
            context.with_cookie(PageContext::redirect(&path(&flow, "code")), Some(&flow), Some(&reset))
        }
        Err(refused) => {
            let problem = refusal_text(&context, &refused)?;
            page(&context, &flow, &reset, Some(&problem))
        }
    }
}

fn page(
    context: &PageContext,
    flow: &FlowId,
    reset: &ResetProgress,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let Some((method, _)) = reset.current_method() else {
        return Ok(PageContext::redirect(&path(flow, "prove")));
    };
    let is_passkey = method.kind == MethodKind::Passkey;
    let title =
        if is_passkey { &context.texts().signing_in.passkey_title } else { &context.words().code_title };
    let field = |text: &str| FormProblem { field: (!is_passkey).then_some(CODE), text: text.to_owned() };
    let organisation = context.organisation_of(reset.tenant);
    context.page(PageContent {
        organisation: organisation.as_ref(),
        step: Some(ResetStep::Prove),
        problems: problem.map(field).into_iter().collect(),
        refresh_seconds: reset.next_change(context.now).map(whole_seconds),
        script_path: is_passkey.then_some(PASSKEY_SCRIPT),
        ..PageContent::new(title, form(context, flow, reset, problem)?)
    })
}

/// The form of what is asked; nothing is asked where there is none.
fn form(
    context: &PageContext,
    flow: &FlowId,
    reset: &ResetProgress,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let words = context.words();
    let (method, sent) = reset.current_method().ok_or(Fault::ResetOver)?;
    let (action, resend) = (path(flow, "code"), path(flow, "resend"));
    let links = [
        Link { path: path(flow, "prove"), text: &words.other_way },
        Link { path: path(flow, "help"), text: &words.help_link },
    ];
    if method.kind == MethodKind::Passkey {
        let lead = &context.texts().signing_in.passkey_reset_lead;
        let options = Some(method.passkey_options.as_str());
        let hidden = context.hidden_fields(&action)?;
        return PasskeyForm { lead, action: &action, hidden, fields: &[], options, links: &links }
            .body(context);
    }
    let lead = lead(context, method);
    let form = CodeForm {
        lead: &lead,
        kind: method.kind,
        action: &action,
        fields: &[],
        resend: method.kind.is_sent().then_some((resend.as_str(), sent.times)),
        links: &links,
        problem,
    };
    form.body(context)
}

fn lead(context: &PageContext, method: &OfferedMethod) -> String {
    let words = context.words();
    match method.kind {
        MethodKind::Authenticator => words.code_authenticator.clone(),
        MethodKind::RecoveryCode => words.code_recovery_code.clone(),
        MethodKind::Email | MethodKind::Phone if method.masked.is_empty() => words.code_sent.clone(),
        // A passkey has a page of its own, without a code.
        MethodKind::Email | MethodKind::Phone | MethodKind::Passkey => {
            interpolate(&words.code_sent_to, "address", context.locale.isolated(&method.masked))
        }
    }
}
