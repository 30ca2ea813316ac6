//! A code that is sent before somebody is signed in, because many logins of their organisation are being guessed at.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::ExposeSecret as _;

use super::challenge::{AnswerOutcome, PendingSignIn};
use crate::domain::{CodeTimes, MethodKind, Refusal, SentSignInCode, SignInQuestion};
use crate::pages::proof_forms::{CODE, CodeForm, Link, typed_code};
use crate::pages::refusal_texts::{refusal, refusal_text, whole_seconds};
use crate::peers::{ChallengeAnswer, SentChallengeCode};
use crate::view::{FormProblem, Html, Values};
use crate::web::{Fault, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

/// What the code goes by, and the one that is on its way.
fn asked(pending: &PendingSignIn) -> (MethodKind, Option<&SentSignInCode>) {
    match &pending.progress.question {
        SignInQuestion::SentCode { kind, sent } => (kind.unwrap_or(MethodKind::Email), sent.as_ref()),
        _ => (MethodKind::Email, None),
    }
}

/// Where its code is asked for.
fn send_path(pending: &PendingSignIn) -> String {
    format!("{}/code", pending.path())
}

pub(super) async fn send(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let pending = PendingSignIn::of(&context, &flow)?;
    let SignInQuestion::SentCode { kind, sent: before } = pending.progress.question.clone() else {
        return Ok(PageContext::redirect(&pending.path()));
    };
    let call = context.call(fields.request_id()?);
    let sent = match context.site.sign_ins.send_sign_in_code(&pending.progress.token, &call).await {
        Ok(sent) => on_its_way(sent, context.now),
        Err(error) => match refusal(error)? {
            Refusal::ChallengeOver => return Err(Fault::SignInOver),
            Refusal::SendLimited(wait) => {
                // One that was not due has sent nothing: the code before is still the one that is awaited.
                let times = CodeTimes::asked_at(context.now);
                let before = before.unwrap_or(SentSignInCode { destinations: Vec::new(), times });
                let resend_at = wait.map(|wait| context.now.plus(wait));
                SentSignInCode { times: CodeTimes { resend_at, ..before.times }, ..before }
            }
            other => return page(&context, &pending, Some(&refusal_text(&context, &other)?)),
        },
    };
    let pending = pending.with_question(SignInQuestion::SentCode { kind, sent: Some(sent) });
    context.redirect_to_challenge(&pending.flow, &pending.progress)
}

fn on_its_way(sent: SentChallengeCode, now: Timestamp) -> SentSignInCode {
    let SentChallengeCode { destinations, code } = sent;
    let times = CodeTimes { at: now, expires_at: Some(code.expires_at), resend_at: code.resend_at };
    SentSignInCode { destinations, times }
}

pub(super) async fn answer(
    context: &PageContext,
    pending: &PendingSignIn,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let code = typed_code(asked(pending).0, fields);
    if code.expose_secret().is_empty() {
        return page(context, pending, Some(&context.words().code_missing));
    }
    let answer = ChallengeAnswer::SentCode(&code);
    let text = match pending.answer(context, answer, fields.request_id()?, &pending.next()).await? {
        AnswerOutcome::Redirect(there) => return Ok(there),
        // Nothing is a code that is no code.
        AnswerOutcome::Rejected | AnswerOutcome::Refused(Refusal::FieldInvalid(_)) => {
            context.words().code_rejected.clone()
        }
        AnswerOutcome::Refused(other) => refusal_text(context, &other)?,
    };
    page(context, pending, Some(&text))
}

/// The page of the code, or the one that asks for it.
pub(super) fn page(
    context: &PageContext,
    pending: &PendingSignIn,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (title, field, body) = match asked(pending) {
        (_, Some(sent)) => (&context.words().code_title, Some(CODE), entry(context, pending, sent, problem)?),
        (kind, None) => (&context.texts().signing_in.sent_code_title, None, request(context, pending, kind)?),
    };
    let organisation = context.organisation_of(pending.progress.tenant);
    context.page(PageContent {
        organisation: organisation.as_ref(),
        problems: problem.map(|text| FormProblem { field, text: text.to_owned() }).into_iter().collect(),
        refresh_seconds: pending.progress.next_change(context.now).map(whole_seconds),
        ..PageContent::new(title, body)
    })
}

/// The button that has a code sent.
fn request(context: &PageContext, pending: &PendingSignIn, kind: MethodKind) -> Result<Html, Fault> {
    let texts = &context.texts().signing_in;
    let lead = if kind == MethodKind::Phone { &texts.sent_code_phone } else { &texts.sent_code_email };
    let action = send_path(pending);
    let values = Values::default()
        .text("lead", lead)
        .text("action", &action)
        .html("hidden", context.hidden_fields(&action)?);
    context.body("ask_code", values)
}

/// The field of a code that is on its way.
fn entry(
    context: &PageContext,
    pending: &PendingSignIn,
    sent: &SentSignInCode,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let (words, texts) = (context.words(), &context.texts().signing_in);
    let to = sent.destinations.join(", ");
    let lead = if to.is_empty() {
        texts.sent_code_on_its_way.clone()
    } else {
        interpolate(&texts.sent_code_to, "address", context.locale.isolated(&to))
    };
    let (action, resend) = (pending.path(), send_path(pending));
    let links = [Link { path: "/".to_owned(), text: &words.start_title }];
    let form = CodeForm {
        lead: &lead,
        kind: asked(pending).0,
        action: &action,
        fields: &[],
        resend: Some((resend.as_str(), sent.times)),
        links: &links,
        problem,
    };
    form.body(context)
}
