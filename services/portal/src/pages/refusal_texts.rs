//! What identity refused, as a sentence for the person.

use std::time::Duration;

use crate::domain::{Ineligibility, PasswordRule, Refusal, RuleInForce};
use crate::peers::PeerError;
use crate::web::{Fault, PageContext};
use crate::words::{Words, interpolate};

/// The refusal in a failed call.
///
/// # Errors
/// Identity gave no answer.
pub(super) fn refusal(error: PeerError) -> Result<Refusal, Fault> {
    match error {
        PeerError::Refused(refusal) => Ok(refusal),
        PeerError::Failed(failure) => Err(failure.into()),
    }
}

/// What a page says of a refusal beside the field it is about.
///
/// # Errors
/// It is not about a field: the person begins again.
pub(super) fn refusal_text(context: &PageContext, refusal: &Refusal) -> Result<String, Fault> {
    let words = context.words();
    let text = match refusal {
        Refusal::ResetOver | Refusal::MethodUnknown => return Err(Fault::ResetOver),
        Refusal::OrganisationUnknown | Refusal::OrganisationElsewhere => return Err(Fault::NoOrganisation),
        Refusal::SignedOut => return Err(Fault::SignedOut),
        Refusal::SignInNotRecent => return Err(Fault::SignInNotRecent),
        Refusal::NotAllowed => return Err(Fault::NotAllowed),
        Refusal::NotFound => return Err(Fault::NotFound),
        Refusal::LinkOver => return Err(Fault::LinkOver),
        Refusal::ChallengeOver => {
            return Ok(interpolate(&words.refused, "reason", &context.texts().reasons.challenge_invalid));
        }
        Refusal::Other(reason, fields) => return Ok(refused(context, reason, fields)),
        Refusal::FieldInvalid(fields) => {
            return Err(Fault::Internal(format!("identity refused the fields {}", fields.join(", ")).into()));
        }
        Refusal::PasswordRefused(rules) => {
            let rules: Vec<RuleInForce> = rules.iter().map(|rule| rule.without_number()).collect();
            return Ok(broken(words, &rules).join("; "));
        }
        Refusal::Throttled(wait) => return Ok(waiting(*wait, &words.throttled_for, &words.throttled)),
        Refusal::SendLimited(wait) => {
            return Ok(waiting(*wait, &words.send_limited_for, &words.send_limited));
        }
        Refusal::AttemptsExhausted => &words.attempts_exhausted,
        Refusal::MethodAlreadyProved => &words.method_proved,
        Refusal::ProofsMissing => &words.proofs_missing,
        Refusal::HelpMessageRefused => &words.help_message_refused,
        Refusal::Busy(_) => &words.busy,
        Refusal::NotEligible(why) => ineligible(words, *why),
        Refusal::FormRepeated => &words.form_repeated,
    };
    Ok(text.clone())
}

/// A published reason that no page has a sentence of its own for.
fn refused(context: &PageContext, reason: &str, fields: &[String]) -> String {
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    interpolate(&context.words().refused, "reason", reason_text(context, reason) + &fields)
}

/// A published reason in words; its own word where there are none.
pub(super) fn reason_text(context: &PageContext, reason: &str) -> String {
    let key = reason.to_ascii_lowercase();
    let texts = context.texts().reasons.entries();
    let known = texts.into_iter().find(|(known, _)| **known == key).map(|(_, text)| text.to_owned());
    known.unwrap_or_else(|| reason.to_owned())
}

fn waiting(wait: Option<Duration>, until: &str, unknown: &str) -> String {
    wait.map_or_else(|| unknown.to_owned(), |wait| interpolate(until, "seconds", whole_seconds(wait)))
}

/// The seconds of a wait, rounded up: what is said to be over is over.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn ineligible(words: &Words, why: Ineligibility) -> &String {
    match why {
        Ineligibility::NotEnabled => &words.not_enabled,
        Ineligibility::NotLicensed => &words.not_licensed,
        Ineligibility::NotInScope => &words.not_in_scope,
        Ineligibility::TooFewMethods => &words.too_few_methods,
        Ineligibility::ManagedElsewhere => &words.managed_elsewhere,
        Ineligibility::Blocked => &words.blocked,
    }
}

/// A sentence for each rule that is broken.
pub(super) fn broken(words: &Words, rules: &[RuleInForce]) -> Vec<String> {
    rules.iter().map(|broken| interpolate(&words.rule_broken, "rule", rule(words, *broken))).collect()
}

/// What a rule demands, with its number where that is known.
pub(super) fn rule(words: &Words, in_force: RuleInForce) -> String {
    let numbered = |with: &str, unknown: &str| {
        in_force.bound.map_or_else(|| unknown.to_owned(), |bound| interpolate(with, "count", bound))
    };
    match in_force.rule {
        PasswordRule::MinimumLength => {
            numbered(&words.rule_minimum_length, &words.rule_minimum_length_unknown)
        }
        PasswordRule::MaximumLength => {
            numbered(&words.rule_maximum_length, &words.rule_maximum_length_unknown)
        }
        PasswordRule::CharacterClasses => {
            numbered(&words.rule_character_classes, &words.rule_character_classes_unknown)
        }
        PasswordRule::Common => words.rule_common.clone(),
        PasswordRule::BannedTerm => words.rule_banned_term.clone(),
        PasswordRule::Personal => words.rule_personal.clone(),
        PasswordRule::Organisation => words.rule_organisation.clone(),
        PasswordRule::TooSimple => words.rule_too_simple.clone(),
        PasswordRule::History => words.rule_history.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Catalogue, UiLocale};

    #[test]
    fn a_wait_is_rounded_up() {
        let seconds = [0, 1, 1_000, 1_001].map(|millis| whole_seconds(Duration::from_millis(millis)));

        assert_eq!(seconds, [0, 1, 1, 2]);
    }

    #[test]
    fn a_rule_is_told_with_its_number_where_that_is_known() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).general;
        let of = |rule, bound| super::rule(words, RuleInForce { rule, bound });

        assert_eq!(of(PasswordRule::MinimumLength, Some(12)), "has at least 12 characters");
        assert_eq!(of(PasswordRule::MaximumLength, Some(64)), "has at most 64 characters");
        let three = "has 3 of these: lower case, upper case, digits, other characters";
        assert_eq!(of(PasswordRule::CharacterClasses, Some(3)), three);
        assert_eq!(of(PasswordRule::MinimumLength, None), "is long enough for your organisation");
        let broken = broken(words, &[RuleInForce { rule: PasswordRule::MinimumLength, bound: Some(12) }]);
        assert_eq!(broken, ["Not met yet: has at least 12 characters"]);
    }

    #[test]
    fn a_wait_that_nobody_knows_has_a_sentence_too() {
        assert_eq!(waiting(Some(Duration::from_secs(30)), "in {seconds} s", "later"), "in 30 s");
        assert_eq!(waiting(None, "in {seconds} s", "later"), "later");
    }
}
