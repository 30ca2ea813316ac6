//! The rules of a new password, as identity judges candidates by them: before anything is typed, and for our script while it is.

use axum::response::{IntoResponse as _, Response};
use rekey_primitives::secret::SecretString;

use super::refusal_texts::{refusal, refusal_text};
use crate::domain::{Refusal, RuleInForce};
use crate::peers::{PasswordToken, PeerError, Verdict};
use crate::web::{Fault, PageContext, PostedFields};

/// Set by our script, which asks what the rules say before the form is sent.
const EVALUATE: &str = "evaluate";

/// What is evaluated to learn which rules there are. It is nobody's password.
const ANY_CANDIDATE: &str = "-";

/// Whether a form was sent by our script, to learn what the rules say.
pub(super) fn are_asked(fields: &PostedFields) -> bool {
    !fields.text(EVALUATE).is_empty()
}

/// What is judged before anything is typed.
pub(super) fn any_candidate() -> SecretString {
    ANY_CANDIDATE.to_owned().into()
}

/// The rules in force for somebody who is not signed in, and what they say of a candidate.
///
/// # Errors
/// The page is over, or identity gave no answer.
pub(super) async fn evaluate(
    context: &PageContext,
    by: PasswordToken<'_>,
    candidate: &SecretString,
) -> Result<Vec<Verdict>, Fault> {
    let over = match by {
        PasswordToken::Reset(_) => Fault::ResetOver,
        PasswordToken::Challenge(_) => Fault::SignInOver,
        PasswordToken::Link(_) => Fault::LinkOver,
    };
    let evaluated = context.site.identity.evaluate_password(by, candidate, &context.client_info()).await;
    verdicts(context, evaluated, over)
}

/// The same before anything is typed: the rules alone.
///
/// # Errors
/// As above.
pub(super) async fn in_force(
    context: &PageContext,
    by: PasswordToken<'_>,
) -> Result<Vec<RuleInForce>, Fault> {
    let verdicts = evaluate(context, by, &any_candidate()).await?;
    Ok(verdicts.iter().map(|verdict| verdict.in_force).collect())
}

/// The verdicts of an evaluation. None where too many were asked about: the page does without.
///
/// # Errors
/// The page is over: as the refusal says, or else `over`.
pub(super) fn verdicts(
    context: &PageContext,
    evaluated: Result<Vec<Verdict>, PeerError>,
    over: Fault,
) -> Result<Vec<Verdict>, Fault> {
    match evaluated {
        Ok(verdicts) => Ok(verdicts),
        Err(PeerError::Refused(Refusal::Throttled(_) | Refusal::Busy(_) | Refusal::FieldInvalid(_))) => {
            Ok(Vec::new())
        }
        Err(error) => Err(refusal_text(context, &refusal(error)?).err().unwrap_or(over)),
    }
}

/// For our script: a line for each rule, with whether it is kept.
pub(super) fn for_script(verdicts: &[Verdict]) -> Response {
    let line = |verdict: &Verdict| {
        format!("{} {}\n", verdict.in_force.rule.word(), if verdict.passed { "kept" } else { "broken" })
    };
    verdicts.iter().map(line).collect::<String>().into_response()
}
