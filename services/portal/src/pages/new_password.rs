//! A new password, wherever one is chosen: its two fields, the rules before anything is typed, and each that was broken afterwards.

use axum::response::{IntoResponse as _, Response};
use rekey_primitives::secret::{ExposeSecret as _, SecretString, same};

use super::sentences::{broken, refusal, rule, sentence};
use crate::domain::{PasswordRule, Refusal};
use crate::peers::{PeerError, Verdict};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Fault, PostedFields, Visit};

pub(super) const FIELD: &str = "password";
const REPEATED: &str = "repeated";

/// Set by our script, which asks what the rules say before the form is sent.
const EVALUATE: &str = "evaluate";

/// The longest password that identity takes, in characters.
const LONGEST: usize = 256;

/// What is evaluated to learn which rules there are. It is nobody's password.
const ANY_CANDIDATE: &str = "-";

/// What is wrong with the two fields, and which rules are broken.
#[derive(Default)]
pub(super) struct WrongPassword {
    password: Vec<String>,
    repeated: Option<String>,
    rules: Vec<PasswordRule>,
}

impl WrongPassword {
    /// For the summary.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let of_password = self.password.iter().map(|text| Problem::of(FIELD, text));
        of_password.chain(self.repeated.iter().map(|text| Problem::of(REPEATED, text)))
    }
}

/// Whether the form was sent by our script, to learn what the rules say.
pub(super) fn is_evaluated(fields: &PostedFields) -> bool {
    !fields.text(EVALUATE).is_empty()
}

/// What is evaluated before anything is typed.
pub(super) fn any_candidate() -> SecretString {
    ANY_CANDIDATE.to_owned().into()
}

/// What can be told without identity.
pub(super) fn mistyped(visit: &Visit, fields: &PostedFields) -> Option<WrongPassword> {
    let words = visit.words();
    let (password, repeated) = (fields.secret(FIELD), fields.secret(REPEATED));
    let (password, repeated) = (password.expose_secret(), repeated.expose_secret());
    let of_password =
        |text: &String| WrongPassword { password: vec![text.clone()], ..WrongPassword::default() };
    if password.is_empty() {
        Some(of_password(&words.password_missing))
    } else if password.chars().count() > LONGEST {
        Some(of_password(&words.password_too_long))
    } else if !same(password.as_bytes(), repeated.as_bytes()) {
        Some(WrongPassword { repeated: Some(words.password_mismatch.clone()), ..WrongPassword::default() })
    } else {
        None
    }
}

/// What identity said no with.
pub(super) fn refused(visit: &Visit, refusal: Refusal) -> Result<WrongPassword, Fault> {
    match refusal {
        Refusal::PasswordRefused(rules) => {
            Ok(WrongPassword { password: broken(visit.words(), &rules), repeated: None, rules })
        }
        other => Ok(WrongPassword { password: vec![sentence(visit, &other)?], ..WrongPassword::default() }),
    }
}

/// The verdicts of an evaluation. None where too many were asked about: the page does without.
///
/// # Errors
/// The page is over: as the refusal says, or else `over`.
pub(super) fn verdicts(
    visit: &Visit,
    evaluated: Result<Vec<Verdict>, PeerError>,
    over: Fault,
) -> Result<Vec<Verdict>, Fault> {
    match evaluated {
        Ok(verdicts) => Ok(verdicts),
        Err(PeerError::Refused(Refusal::Throttled(_) | Refusal::Busy(_) | Refusal::FieldInvalid(_))) => {
            Ok(Vec::new())
        }
        Err(error) => Err(sentence(visit, &refusal(error)?).err().unwrap_or(over)),
    }
}

/// For our script: a line for each rule, with whether it is kept.
pub(super) fn for_script(verdicts: &[Verdict]) -> Response {
    let line = |verdict: &Verdict| {
        format!("{} {}\n", verdict.rule.word(), if verdict.passed { "kept" } else { "broken" })
    };
    verdicts.iter().map(line).collect::<String>().into_response()
}

/// The rules in force and the two fields, as the templates of such pages name them.
pub(super) fn values(visit: &Visit, in_force: &[Verdict], wrong: &WrongPassword) -> Result<Values, Fault> {
    let words = visit.words();
    let shown = PasswordRule::ALL
        .into_iter()
        .filter(|rule| in_force.iter().any(|verdict| verdict.rule == *rule) || wrong.rules.contains(rule));
    let shown = shown.map(|shown| {
        Values::default()
            .text("word", shown.word())
            .text("text", rule(words, shown))
            .flag("is_broken", wrong.rules.contains(&shown))
    });
    let rules = visit.body("rules", Values::default().list("rules", shown.collect()))?;
    let of_password = (!wrong.password.is_empty()).then(|| wrong.password.join("; "));
    let password = field(FIELD, &words.new_password_label, of_password.as_deref());
    let repeated = field(REPEATED, &words.repeat_password_label, wrong.repeated.as_deref());
    Ok(Values::default()
        .html("rules", rules)
        .html("field", visit.field(&password)?)
        .html("repeat", visit.field(&repeated)?))
}

fn field<'a>(name: &'static str, label: &'a str, problem: Option<&'a str>) -> Field<'a> {
    Field { name, label, hint: None, kind: FieldKind::NewPassword, value: "", problem }
}
