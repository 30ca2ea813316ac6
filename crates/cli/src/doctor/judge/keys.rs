//! The ages of keys, where their ids tell the day they were made.

use super::super::finding::Finding;

/// A quarter: what a key that leaked unseen opens ends with it.
const RECOMMENDED_DAYS: u64 = 90;

/// A year for the pepper: it lies nowhere but in memory and in a backup, and what it sealed moves on only with sign-ins.
const RECOMMENDED_DAYS_OF_PEPPER: u64 = 365;

/// After the end of what is recommended a new key takes two steps and restarts; so long in advance it is named.
const STEPS_DAYS: u64 = 14;

/// What a key file says, without material.
#[derive(Debug, Clone)]
pub(crate) struct KeyFacts {
    /// The name that `rekey keys` knows it by.
    pub(crate) name: String,
    /// Its setting.
    pub(crate) about: String,
    /// The age of the active key, where its id tells it.
    pub(crate) days: Option<u64>,
    /// A key that is accepted and younger than the active one: where every replica knows it, it can be activated.
    pub(crate) successor: Option<String>,
}

pub(crate) fn judge(facts: &KeyFacts) -> Option<Finding> {
    let name = facts.name.as_str();
    let recommended = if name == "pepper" { RECOMMENDED_DAYS_OF_PEPPER } else { RECOMMENDED_DAYS };
    let Some(days) = facts.days else {
        return Some(Finding::note(
            &facts.about,
            "the id of the active key does not tell the day it was made, so its age is not known",
            format!("Draw the next one by `rekey keys add {name}`."),
        ));
    };
    if let Some(id) = &facts.successor {
        return (days >= recommended).then(|| {
            Finding::warning(
                &facts.about,
                format!("the active key is {days} days old, and its successor {id} waits"),
                format!("When every replica has the file, run `rekey keys activate {name} {id}`."),
            )
        });
    }
    let begin = format!("Begin its rotation by `rekey keys add {name}`.");
    if days >= recommended {
        let what = format!(
            "the active key is {days} days old, {recommended} are recommended, and there is no successor"
        );
        Some(Finding::warning(&facts.about, what, begin))
    } else if days + STEPS_DAYS >= recommended {
        let what = format!(
            "the active key is {days} of the recommended {recommended} days old, and there is no successor"
        );
        Some(Finding::note(&facts.about, what, begin))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    fn found(name: &str, days: Option<u64>, successor: Option<&str>) -> Option<(Severity, String)> {
        let facts = KeyFacts {
            name: name.to_owned(),
            about: format!("identity.keys.{name}_file"),
            days,
            successor: successor.map(str::to_owned),
        };
        judge(&facts).map(|finding| (finding.severity, finding.mend))
    }

    #[test]
    fn a_young_key_is_in_order_and_an_old_one_is_told_with_its_next_step() {
        let begin = "Begin its rotation by `rekey keys add tokens`.".to_owned();

        assert_eq!(found("tokens", Some(75), None), None);
        assert_eq!(found("tokens", Some(76), None), Some((Severity::Note, begin.clone())));
        assert_eq!(found("tokens", Some(90), None), Some((Severity::Warning, begin)));
        assert_eq!(found("pepper", Some(300), None), None);
    }

    #[test]
    fn a_successor_that_waits_is_named() {
        let (severity, mend) = found("tokens", Some(90), Some("20260901-0a0b")).unwrap();

        assert_eq!(severity, Severity::Warning);
        assert!(mend.ends_with("`rekey keys activate tokens 20260901-0a0b`."), "{mend}");
        assert_eq!(found("tokens", Some(76), Some("20260901-0a0b")), None);
    }

    #[test]
    fn a_key_of_unknown_age_is_a_note() {
        assert!(matches!(found("tokens", None, None), Some((Severity::Note, _))));
    }
}
