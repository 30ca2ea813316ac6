//! A second factor beside the password: a code of an app, a saved one, or a passkey.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::challenge::{AnswerOutcome, PendingSignIn};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::{MethodKind, Refusal, SignInQuestion, chosen_factor, factor_word};
use crate::pages::proof_forms::{CODE, CREDENTIAL, CodeForm, Link, PasskeyForm, typed_code};
use crate::pages::refusal_texts::refusal_text;
use crate::peers::ChallengeAnswer;
use crate::view::FormProblem;
use crate::web::{Fault, PageContent, PageContext, PostedFields};

/// Which factor a form is for.
const FACTOR: &str = "factor";

/// What is taken, and what a passkey is asked with.
fn asked(pending: &PendingSignIn) -> (&[MethodKind], &str) {
    match &pending.progress.question {
        SignInQuestion::SecondFactor { kinds, passkey_options } => {
            (kinds.as_slice(), passkey_options.as_str())
        }
        _ => (&[], ""),
    }
}

pub(super) async fn answer(
    context: &PageContext,
    pending: &PendingSignIn,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let word = fields.text(FACTOR);
    let kind = chosen_factor(asked(pending).0, word).ok_or(Fault::SignInOver)?;
    let texts = &context.texts().signing_in;
    let is_passkey = kind == MethodKind::Passkey;
    let shown = if is_passkey { fields.secret(CREDENTIAL) } else { typed_code(kind, fields) };
    if shown.expose_secret().is_empty() {
        let text = if is_passkey { &texts.passkey_missing } else { &context.words().code_missing };
        return page(context, pending, word, Some(text));
    }
    let answer = match kind {
        MethodKind::Passkey => ChallengeAnswer::Passkey(&shown),
        MethodKind::RecoveryCode => ChallengeAnswer::RecoveryCode(&shown),
        MethodKind::Email | MethodKind::Phone | MethodKind::Authenticator => {
            ChallengeAnswer::AuthenticatorCode(&shown)
        }
    };
    let rejected = if is_passkey { &texts.passkey_rejected } else { &texts.code_rejected };
    let text = match pending.answer(context, answer, fields.request_id()?, &pending.next()).await? {
        AnswerOutcome::Redirect(there) => return Ok(there),
        // Nothing is a code that is no code.
        AnswerOutcome::Rejected | AnswerOutcome::Refused(Refusal::FieldInvalid(_)) => rejected.clone(),
        AnswerOutcome::Refused(other) => refusal_text(context, &other)?,
    };
    page(context, pending, word, Some(&text))
}

/// The page of the factor that a word names, with the way to the others.
pub(super) fn page(
    context: &PageContext,
    pending: &PendingSignIn,
    word: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (kinds, passkey_options) = asked(pending);
    let (words, texts) = (context.words(), &context.texts().signing_in);
    let kind = chosen_factor(kinds, word).ok_or(Fault::SignInOver)?;
    let others = kinds.iter().copied().filter(|other| *other != kind).map(|other| link(context, other));
    let links: Vec<Link<'_>> =
        others.chain([Link { path: "/".to_owned(), text: &words.start_title }]).collect();
    let (action, fields) = (pending.path(), [(FACTOR, factor_word(kind))]);
    let is_passkey = kind == MethodKind::Passkey;
    let body = if is_passkey {
        let (lead, options) = (texts.passkey_second_lead.as_str(), Some(passkey_options));
        let hidden = context.hidden_fields(&action)?;
        PasskeyForm { lead, action: &action, hidden, fields: &fields, options, links: &links }
            .body(context)?
    } else {
        let is_saved = kind == MethodKind::RecoveryCode;
        let lead = if is_saved { &words.code_recovery_code } else { &words.code_authenticator };
        let (action, fields, links) = (action.as_str(), &fields[..], &links[..]);
        CodeForm { lead, kind, action, fields, resend: None, links, problem }.body(context)?
    };
    let organisation = context.organisation_of(pending.progress.tenant);
    let problem =
        problem.map(|text| FormProblem { field: (!is_passkey).then_some(CODE), text: text.to_owned() });
    context.page(PageContent {
        organisation: organisation.as_ref(),
        problems: problem.into_iter().collect(),
        script_path: is_passkey.then_some(PASSKEY_SCRIPT),
        ..PageContent::new(&texts.second_factor_title, body)
    })
}

/// The way to another factor.
fn link(context: &PageContext, kind: MethodKind) -> Link<'_> {
    let (words, texts) = (context.words(), &context.texts().signing_in);
    let text = match kind {
        MethodKind::Passkey => &texts.method_passkey,
        MethodKind::RecoveryCode => &words.method_recovery_code,
        MethodKind::Email | MethodKind::Phone | MethodKind::Authenticator => &words.method_authenticator,
    };
    Link { path: format!("?with={}", factor_word(kind)), text }
}
