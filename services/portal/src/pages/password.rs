//! "Choose a new password": the rules before anything is typed, and each that was broken afterwards.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use rekey_primitives::secret::{ExposeSecret as _, SecretString, same};

use super::sentences::{broken, refusal, rule, sentence};
use super::{opened, organisation_name, path};
use crate::cookies::FlowId;
use crate::domain::{PasswordRule, Refusal, ResetProgress};
use crate::peers::{PeerError, Verdict};
use crate::view::{Field, FieldKind, Problem, Step, Values};
use crate::web::{Content, Fault, Keep, PostedFields, Visit};

const FIELD: &str = "password";
const REPEATED: &str = "repeated";

/// Set by our script, which asks what the rules say before the form is sent.
const EVALUATE: &str = "evaluate";

/// The longest password that identity takes, in characters.
const LONGEST: usize = 256;

/// What is evaluated to learn which rules there are. It is nobody's password.
const ANY_CANDIDATE: &str = "-";

/// What is wrong with the form, by its two fields, and which rules are broken.
#[derive(Default)]
struct Wrong {
    password: Vec<String>,
    repeated: Option<String>,
    rules: Vec<PasswordRule>,
}

pub(super) async fn show(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    page(&visit, &flow, &reset, &Wrong::default()).await
}

pub(super) async fn set(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    let password = fields.secret(FIELD);
    if !fields.text(EVALUATE).is_empty() {
        return evaluated(&visit, &reset, &password).await;
    }
    if let Some(wrong) = mistyped(&visit, &password, &fields.secret(REPEATED)) {
        return page(&visit, &flow, &reset, &wrong).await;
    }
    let call = visit.call(fields.request_id()?);
    match visit.site.identity.complete_reset(&reset.token, &password, &call).await {
        Ok(()) => {
            let done = Visit::redirect("/reset/done");
            visit.keeping(done, Some(&flow), Keep::<ResetProgress>::Nothing)
        }
        Err(error) => {
            let wrong = refused(&visit, refusal(error)?)?;
            page(&visit, &flow, &reset, &wrong).await
        }
    }
}

/// What can be told without identity.
fn mistyped(visit: &Visit, password: &SecretString, repeated: &SecretString) -> Option<Wrong> {
    let words = visit.words();
    let (password, repeated) = (password.expose_secret(), repeated.expose_secret());
    let of_password = |text: &String| Wrong { password: vec![text.clone()], ..Wrong::default() };
    if password.is_empty() {
        Some(of_password(&words.password_missing))
    } else if password.chars().count() > LONGEST {
        Some(of_password(&words.password_too_long))
    } else if !same(password.as_bytes(), repeated.as_bytes()) {
        Some(Wrong { repeated: Some(words.password_mismatch.clone()), ..Wrong::default() })
    } else {
        None
    }
}

fn refused(visit: &Visit, refusal: Refusal) -> Result<Wrong, Fault> {
    match refusal {
        Refusal::PasswordRefused(rules) => {
            Ok(Wrong { password: broken(visit.words(), &rules), repeated: None, rules })
        }
        other => Ok(Wrong { password: vec![sentence(visit, &other)?], ..Wrong::default() }),
    }
}

/// The rules in force, and what they say of a candidate. None where too many were asked about: the page does without.
async fn verdicts(
    visit: &Visit,
    reset: &ResetProgress,
    candidate: &SecretString,
) -> Result<Vec<Verdict>, Fault> {
    let evaluated = visit.site.identity.evaluate_password(&reset.token, candidate, &visit.visitor()).await;
    match evaluated {
        Ok(verdicts) => Ok(verdicts),
        Err(PeerError::Refused(Refusal::Throttled(_) | Refusal::Busy(_) | Refusal::FieldInvalid(_))) => {
            Ok(Vec::new())
        }
        Err(error) => Err(sentence(visit, &refusal(error)?).err().unwrap_or(Fault::ResetOver)),
    }
}

/// For our script: a line for each rule, with whether it is kept.
async fn evaluated(
    visit: &Visit,
    reset: &ResetProgress,
    candidate: &SecretString,
) -> Result<Response, Fault> {
    let verdicts = verdicts(visit, reset, candidate).await?;
    let line = |verdict: &Verdict| {
        format!("{} {}\n", verdict.rule.word(), if verdict.passed { "kept" } else { "broken" })
    };
    Ok(verdicts.iter().map(line).collect::<String>().into_response())
}

async fn page(visit: &Visit, flow: &FlowId, reset: &ResetProgress, wrong: &Wrong) -> Result<Response, Fault> {
    if !reset.is_proved() {
        return Ok(Visit::redirect(&path(flow, "prove")));
    }
    let words = visit.words();
    let in_force = verdicts(visit, reset, &ANY_CANDIDATE.to_owned().into()).await?;
    let shown = PasswordRule::ALL
        .into_iter()
        .filter(|rule| in_force.iter().any(|verdict| verdict.rule == *rule) || wrong.rules.contains(rule));
    let shown = shown.map(|shown| {
        Values::default()
            .text("word", shown.word())
            .text("text", rule(words, shown))
            .flag("is_broken", wrong.rules.contains(&shown))
    });
    let of_password = (!wrong.password.is_empty()).then(|| wrong.password.join("; "));
    let field = |name, label, problem| Field {
        name,
        label,
        hint: None,
        kind: FieldKind::NewPassword,
        value: "",
        problem,
    };
    let password = field(FIELD, &words.new_password_label, of_password.as_deref());
    let repeated = field(REPEATED, &words.repeat_password_label, wrong.repeated.as_deref());
    let values = Values::default()
        .text("flow", flow.as_str())
        .text("login", &reset.login)
        .html("hidden", visit.hidden(&path(flow, "password"))?)
        .list("rules", shown.collect())
        .html("field", visit.field(&password)?)
        .html("repeat", visit.field(&repeated)?);
    let of_repeated = wrong.repeated.iter().map(|text| Problem::of(REPEATED, text));
    let organisation = organisation_name(visit);
    visit.page(Content {
        organisation: organisation.as_deref(),
        step: Some(Step::Password),
        problems: wrong.password.iter().map(|text| Problem::of(FIELD, text)).chain(of_repeated).collect(),
        ..Content::new(&words.password_title, visit.body("password", values)?)
    })
}
