//! A second factor beside the password: a code of an app, a saved one, or a passkey.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::challenge::{Answered, Waiting};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::{MethodKind, Question, Refusal, chosen_factor, factor_word};
use crate::pages::proof_forms::{CODE, CREDENTIAL, CodeForm, Link, PasskeyForm, typed_code};
use crate::pages::sentences::sentence;
use crate::peers::ChallengeAnswer;
use crate::view::Problem;
use crate::web::{Content, Fault, PostedFields, Visit};

/// Which factor a form is for.
const FACTOR: &str = "factor";

/// What is taken, and what a passkey is asked with.
fn asked(waiting: &Waiting) -> (&[MethodKind], &str) {
    match &waiting.progress.question {
        Question::SecondFactor { kinds, passkey_options } => (kinds.as_slice(), passkey_options.as_str()),
        _ => (&[], ""),
    }
}

pub(super) async fn answer(
    visit: &Visit,
    waiting: &Waiting,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let word = fields.text(FACTOR);
    let kind = chosen_factor(asked(waiting).0, word).ok_or(Fault::SignInOver)?;
    let texts = &visit.texts().signing_in;
    let is_passkey = kind == MethodKind::Passkey;
    let shown = if is_passkey { fields.secret(CREDENTIAL) } else { typed_code(kind, fields) };
    if shown.expose_secret().is_empty() {
        let text = if is_passkey { &texts.passkey_missing } else { &visit.words().code_missing };
        return page(visit, waiting, word, Some(text));
    }
    let answer = match kind {
        MethodKind::Passkey => ChallengeAnswer::Passkey(&shown),
        MethodKind::RecoveryCode => ChallengeAnswer::RecoveryCode(&shown),
        MethodKind::Email | MethodKind::Phone | MethodKind::Authenticator => {
            ChallengeAnswer::AuthenticatorCode(&shown)
        }
    };
    let rejected = if is_passkey { &texts.passkey_rejected } else { &texts.code_rejected };
    let text = match waiting.answer(visit, answer, fields.request_id()?, &waiting.next()).await? {
        Answered::There(there) => return Ok(there),
        // Nothing is a code that is no code.
        Answered::Rejected | Answered::Refused(Refusal::FieldInvalid(_)) => rejected.clone(),
        Answered::Refused(other) => sentence(visit, &other)?,
    };
    page(visit, waiting, word, Some(&text))
}

/// The page of the factor that a word names, with the way to the others.
pub(super) fn page(
    visit: &Visit,
    waiting: &Waiting,
    word: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (kinds, passkey_options) = asked(waiting);
    let (words, texts) = (visit.words(), &visit.texts().signing_in);
    let kind = chosen_factor(kinds, word).ok_or(Fault::SignInOver)?;
    let others = kinds.iter().copied().filter(|other| *other != kind).map(|other| link(visit, other));
    let links: Vec<Link<'_>> =
        others.chain([Link { path: "/".to_owned(), text: &words.start_title }]).collect();
    let (action, fields) = (waiting.path(), [(FACTOR, factor_word(kind))]);
    let is_passkey = kind == MethodKind::Passkey;
    let body = if is_passkey {
        let (lead, options) = (texts.passkey_second_lead.as_str(), Some(passkey_options));
        let hidden = visit.hidden(&action)?;
        PasskeyForm { lead, action: &action, hidden, fields: &fields, options, links: &links }.body(visit)?
    } else {
        let is_saved = kind == MethodKind::RecoveryCode;
        let lead = if is_saved { &words.code_recovery_code } else { &words.code_authenticator };
        let (action, fields, links) = (action.as_str(), &fields[..], &links[..]);
        CodeForm { lead, kind, action, fields, resend: None, links, problem }.body(visit)?
    };
    let organisation = visit.organisation_of(waiting.progress.tenant);
    let problem = problem.map(|text| Problem { field: (!is_passkey).then_some(CODE), text: text.to_owned() });
    visit.page(Content {
        organisation: organisation.as_ref(),
        problems: problem.into_iter().collect(),
        script_path: is_passkey.then_some(PASSKEY_SCRIPT),
        ..Content::new(&texts.second_factor_title, body)
    })
}

/// The way to another factor.
fn link(visit: &Visit, kind: MethodKind) -> Link<'_> {
    let (words, texts) = (visit.words(), &visit.texts().signing_in);
    let text = match kind {
        MethodKind::Passkey => &texts.method_passkey,
        MethodKind::RecoveryCode => &words.method_recovery_code,
        MethodKind::Email | MethodKind::Phone | MethodKind::Authenticator => &words.method_authenticator,
    };
    Link { path: format!("?with={}", factor_word(kind)), text }
}
