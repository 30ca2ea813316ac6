//! A code that is sent before somebody is signed in, because many logins of their organisation are being guessed at.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::ExposeSecret as _;

use super::challenge::{Answered, Waiting};
use crate::domain::{CodeTimes, MethodKind, Question, Refusal, SentSignInCode};
use crate::pages::proof_forms::{CODE, CodeForm, Link, typed_code};
use crate::pages::sentences::{refusal, sentence, whole_seconds};
use crate::peers::{ChallengeAnswer, SentChallengeCode};
use crate::view::{Html, Problem, Values};
use crate::web::{Content, Fault, PostedFields, Visit};
use crate::words::filled;

/// What the code goes by, and the one that is on its way.
fn asked(waiting: &Waiting) -> (MethodKind, Option<&SentSignInCode>) {
    match &waiting.progress.question {
        Question::SentCode { kind, sent } => (kind.unwrap_or(MethodKind::Email), sent.as_ref()),
        _ => (MethodKind::Email, None),
    }
}

/// Where its code is asked for.
fn send_path(waiting: &Waiting) -> String {
    format!("{}/code", waiting.path())
}

pub(super) async fn send(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let waiting = Waiting::of(&visit, &flow)?;
    let Question::SentCode { kind, sent: before } = waiting.progress.question.clone() else {
        return Ok(Visit::redirect(&waiting.path()));
    };
    let call = visit.call(fields.request_id()?);
    let sent = match visit.site.sign_ins.send_sign_in_code(&waiting.progress.token, &call).await {
        Ok(sent) => on_its_way(sent, visit.now),
        Err(error) => match refusal(error)? {
            Refusal::ChallengeOver => return Err(Fault::SignInOver),
            Refusal::SendLimited(wait) => {
                // One that was not due has sent nothing: the code before is still the one that is awaited.
                let times = CodeTimes::asked_at(visit.now);
                let before = before.unwrap_or(SentSignInCode { destinations: Vec::new(), times });
                let resend_at = wait.map(|wait| visit.now.plus(wait));
                SentSignInCode { times: CodeTimes { resend_at, ..before.times }, ..before }
            }
            other => return page(&visit, &waiting, Some(&sentence(&visit, &other)?)),
        },
    };
    let waiting = waiting.asking(Question::SentCode { kind, sent: Some(sent) });
    visit.to_question(&waiting.flow, &waiting.progress)
}

fn on_its_way(sent: SentChallengeCode, now: Timestamp) -> SentSignInCode {
    let SentChallengeCode { destinations, code } = sent;
    let times = CodeTimes { at: now, expires_at: Some(code.expires_at), resend_at: code.resend_at };
    SentSignInCode { destinations, times }
}

pub(super) async fn answer(
    visit: &Visit,
    waiting: &Waiting,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let code = typed_code(asked(waiting).0, fields);
    if code.expose_secret().is_empty() {
        return page(visit, waiting, Some(&visit.words().code_missing));
    }
    let answer = ChallengeAnswer::SentCode(&code);
    let text = match waiting.answer(visit, answer, fields.request_id()?, &waiting.next()).await? {
        Answered::There(there) => return Ok(there),
        // Nothing is a code that is no code.
        Answered::Rejected | Answered::Refused(Refusal::FieldInvalid(_)) => {
            visit.words().code_rejected.clone()
        }
        Answered::Refused(other) => sentence(visit, &other)?,
    };
    page(visit, waiting, Some(&text))
}

/// The page of the code, or the one that asks for it.
pub(super) fn page(visit: &Visit, waiting: &Waiting, problem: Option<&str>) -> Result<Response, Fault> {
    let (title, field, body) = match asked(waiting) {
        (_, Some(sent)) => (&visit.words().code_title, Some(CODE), entry(visit, waiting, sent, problem)?),
        (kind, None) => (&visit.texts().signing_in.sent_code_title, None, request(visit, waiting, kind)?),
    };
    let organisation = visit.organisation_of(waiting.progress.tenant);
    visit.page(Content {
        organisation: organisation.as_ref(),
        problems: problem.map(|text| Problem { field, text: text.to_owned() }).into_iter().collect(),
        refresh_seconds: waiting.progress.next_change(visit.now).map(whole_seconds),
        ..Content::new(title, body)
    })
}

/// The button that has a code sent.
fn request(visit: &Visit, waiting: &Waiting, kind: MethodKind) -> Result<Html, Fault> {
    let texts = &visit.texts().signing_in;
    let lead = if kind == MethodKind::Phone { &texts.sent_code_phone } else { &texts.sent_code_email };
    let action = send_path(waiting);
    let values =
        Values::default().text("lead", lead).text("action", &action).html("hidden", visit.hidden(&action)?);
    visit.body("ask_code", values)
}

/// The field of a code that is on its way.
fn entry(
    visit: &Visit,
    waiting: &Waiting,
    sent: &SentSignInCode,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let (words, texts) = (visit.words(), &visit.texts().signing_in);
    let to = sent.destinations.join(", ");
    let lead = if to.is_empty() {
        texts.sent_code_on_its_way.clone()
    } else {
        filled(&texts.sent_code_to, "address", visit.locale.isolated(&to))
    };
    let (action, resend) = (waiting.path(), send_path(waiting));
    let links = [Link { path: "/".to_owned(), text: &words.start_title }];
    let form = CodeForm {
        lead: &lead,
        kind: asked(waiting).0,
        action: &action,
        fields: &[],
        resend: Some((resend.as_str(), sent.times)),
        links: &links,
        problem,
    };
    form.body(visit)
}
