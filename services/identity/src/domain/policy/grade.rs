//! How a policy compares with what NIST SP 800-63B-4 and OWASP ASVS 5.0 (levels 1 and 2) ask of passwords, sign-in and
//! recovery.
//!
//! Each row is one requirement that a policy governs or that its bounds already keep: those are met whatever a tenant
//! chooses, and are here so that the list is whole. `docs/policy.md` shows the table; a test holds it to this one.

use rekey_primitives::method::MethodKind;

use super::Policy;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    /// NIST SP 800-63B-4.
    Nist,
    /// OWASP ASVS 5.0, level 1.
    AsvsLevel1,
    /// OWASP ASVS 5.0, level 2.
    AsvsLevel2,
}

/// One requirement.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// A stable name: add, never rename.
    pub name: &'static str,
    pub asks: &'static str,
    pub standard: Standard,
    pub section: &'static str,
    is_met: fn(&Policy) -> bool,
    /// The setting that mends it, as `rekey policy set` takes it; empty where the bounds of the document keep it.
    mended_by: &'static str,
}

/// A requirement and how the policy stands to it.
#[derive(Debug, Clone)]
pub(crate) struct Grade {
    pub requirement: &'static Requirement,
    pub is_met: bool,
}

impl Grade {
    /// The setting that mends it; empty when it is met.
    pub(crate) const fn mended_by(&self) -> &'static str {
        if self.is_met { "" } else { self.requirement.mended_by }
    }
}

/// Grades a policy, row by row.
pub(crate) fn grades(policy: &Policy) -> Vec<Grade> {
    REQUIREMENTS
        .iter()
        .map(|requirement| Grade { requirement, is_met: (requirement.is_met)(policy) })
        .collect()
}

const fn row(
    name: &'static str,
    asks: &'static str,
    (standard, section): (Standard, &'static str),
    is_met: fn(&Policy) -> bool,
    mended_by: &'static str,
) -> Requirement {
    Requirement { name, asks, standard, section, is_met, mended_by }
}

static REQUIREMENTS: &[Requirement] = {
    use Standard::{AsvsLevel1, AsvsLevel2, Nist};
    &[
        row(
            "password_length_alone",
            "a password that is the only factor has at least 15 characters",
            (Nist, "3.1.1.2(1)"),
            |policy| policy.password.minimum_length >= 15,
            "password.minimum_length=15",
        ),
        row(
            "password_length",
            "a password has at least 8 characters",
            (AsvsLevel1, "6.2.1"),
            |policy| policy.password.minimum_length >= 8,
            "password.minimum_length=8",
        ),
        row(
            "password_length_allowed",
            "passwords of 64 characters are allowed",
            (AsvsLevel2, "6.2.9"),
            |policy| policy.password.maximum_length >= 64,
            "password.maximum_length=64",
        ),
        row(
            "no_composition_rules",
            "no classes of characters are demanded",
            (Nist, "3.1.1.2(5)"),
            |policy| !policy.password.require_three_classes,
            "password.require_three_classes=false",
        ),
        row(
            "no_composition_rules_asvs",
            "any composition of a password is allowed",
            (AsvsLevel1, "6.2.5"),
            |policy| !policy.password.require_three_classes,
            "password.require_three_classes=false",
        ),
        row(
            "no_periodic_change",
            "passwords are not changed for their age alone",
            (Nist, "3.1.1.2(6)"),
            |policy| policy.password.expiry_days.is_none(),
            "password.expiry=never",
        ),
        row(
            "no_periodic_change_asvs",
            "a password stays valid until it is found compromised or its person changes it",
            (AsvsLevel2, "6.2.10"),
            |policy| policy.password.expiry_days.is_none(),
            "password.expiry=never",
        ),
        row(
            "context_words",
            "words of the organisation's own are refused in passwords, from a list",
            (AsvsLevel2, "6.2.11"),
            |policy| !policy.password.banned_terms.is_empty(),
            "password.banned_term_list=WORD,WORD",
        ),
        row(
            "initial_passwords",
            "passwords that an administrator sets serve for a short time",
            (AsvsLevel1, "6.4.1"),
            |policy| policy.password.temporary_life_hours <= 168,
            "password.temporary_life=24h",
        ),
        row(
            "wrong_passwords_bounded",
            "no more than 100 wrong passwords in a row are taken",
            (Nist, "3.2.2"),
            |policy| policy.lockout.threshold <= 100,
            "lockout.threshold=10",
        ),
        row(
            "wrong_codes_bounded",
            "no more than 100 wrong codes in a row are taken for a method",
            (Nist, "3.2.2"),
            |policy| policy.reset.tries_in_a_row <= 100,
            "reset.tries_in_a_row=100",
        ),
        row(
            "addresses_confirmed",
            "an address recovers an account only after a code sent there came back",
            (Nist, "4.2.1.2"),
            |policy| !policy.reset.accept_prefilled,
            "reset.accept_prefilled=false",
        ),
        row(
            "alternative_to_phone",
            "whoever is offered the telephone network is offered something else as well",
            (Nist, "3.1.3.3"),
            has_alternative_to_phone,
            "reset.allowed_methods=email,phone,authenticator,recovery_code",
        ),
        row(
            "alternative_to_phone_asvs",
            "phone and text message are offered only beside a stronger alternative",
            (AsvsLevel2, "6.6.1"),
            has_stronger_than_phone,
            "reset.allowed_methods=email,phone,authenticator,recovery_code",
        ),
        row(
            "session_life",
            "a session by password alone ends after 30 days at the latest",
            (Nist, "2.1.3"),
            |policy| policy.sessions.life_hours <= 720,
            "session.life=30d",
        ),
        row(
            "strong_session_life",
            "a session with a second factor ends after 24 hours at the latest",
            (Nist, "2.2.3"),
            |policy| policy.sessions.strong_life_hours <= 24,
            "session.strong_life=24h",
        ),
        row(
            "strong_session_idle",
            "a session with a second factor ends after an idle hour at the latest",
            (Nist, "2.2.3"),
            |policy| policy.sessions.strong_idle_minutes <= 60,
            "session.strong_idle=60m",
        ),
    ]
};

fn has_alternative_to_phone(policy: &Policy) -> bool {
    let allowed = &policy.reset.allowed_methods;
    !allowed.contains(&MethodKind::Phone) || allowed.len() > 1
}

fn has_stronger_than_phone(policy: &Policy) -> bool {
    let allowed = &policy.reset.allowed_methods;
    !allowed.contains(&MethodKind::Phone) || allowed.contains(&MethodKind::Authenticator)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;

    fn missed(policy: &Policy) -> Vec<&'static str> {
        grades(policy).iter().filter(|grade| !grade.is_met).map(|grade| grade.requirement.name).collect()
    }

    #[test]
    fn the_defaults_miss_what_only_a_tenant_can_decide() {
        assert_eq!(missed(&Policy::default()), ["password_length_alone", "context_words"]);
    }

    #[test]
    fn a_policy_can_meet_every_row() {
        let mut policy = Policy::default();
        policy.password.minimum_length = 15;
        policy.password.banned_terms.insert("fireworks".to_owned());

        assert_eq!(missed(&policy), [""; 0]);
        assert!(grades(&policy).iter().all(|grade| grade.mended_by().is_empty()));
    }

    #[test]
    fn each_choice_against_a_standard_is_named_with_what_mends_it() {
        let mut policy = Policy::default();
        policy.password.expiry_days = Some(90);
        policy.password.require_three_classes = true;
        policy.reset.accept_prefilled = true;
        policy.reset.allowed_methods = [MethodKind::Phone].into();

        let grades = grades(&policy);
        let mends: BTreeSet<_> =
            grades.iter().map(Grade::mended_by).filter(|mend| !mend.is_empty()).collect();

        assert_eq!(
            mends,
            BTreeSet::from([
                "password.banned_term_list=WORD,WORD",
                "password.expiry=never",
                "password.minimum_length=15",
                "password.require_three_classes=false",
                "reset.accept_prefilled=false",
                "reset.allowed_methods=email,phone,authenticator,recovery_code",
            ])
        );
    }

    /// What the bounds of the document keep is met by every document that may be stored.
    #[test]
    fn a_stricter_bound_is_never_missed() {
        let mut loosest = Policy::default();
        loosest.lockout.threshold = 50;
        loosest.password.temporary_life_hours = 168;

        assert_eq!(loosest.check(), []);
        assert_eq!(missed(&loosest), missed(&Policy::default()));
    }

    #[test]
    fn names_are_unique_and_every_mend_names_a_field() {
        let names: BTreeSet<_> = REQUIREMENTS.iter().map(|row| row.name).collect();
        let mut mask = crate::domain::policy::PolicyMask::default();

        assert_eq!(names.len(), REQUIREMENTS.len());
        assert!(REQUIREMENTS.iter().all(|row| mask.add(row.mended_by.split('=').next().unwrap())));
    }

    #[test]
    fn the_table_of_the_docs_is_this_one() {
        let docs = include_str!("../../../../../docs/policy.md");
        let mut table = String::from("| Source | Asks | Set |\n|---|---|---|\n");
        for row in REQUIREMENTS {
            let source = match row.standard {
                Standard::Nist => "NIST SP 800-63B-4",
                Standard::AsvsLevel1 => "OWASP ASVS 5.0 L1",
                Standard::AsvsLevel2 => "OWASP ASVS 5.0 L2",
            };
            writeln!(table, "| {source}, {} | {} | `{}` |", row.section, row.asks, row.mended_by).unwrap();
        }

        assert!(docs.contains(&table), "docs/policy.md lacks this table:\n{table}");
    }
}
