//! The bounds of every number in a policy document.

use rekey_primitives::text::character_count;

use super::portal::carries_white_text;
use super::{Policy, ResetScope};

/// Most of the tenant's own banned terms: the whole list is matched on every key press of a meter.
const BANNED_TERMS_MAX: usize = 1_000;

/// Most groups on either side of a scope: each is looked up when the policy changes, and walked to at every reset.
pub(crate) const GROUPS_MAX: usize = 100;

/// A field of a policy document that may not be stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfBounds {
    /// The path in the document, as a field mask writes it.
    pub field: &'static str,
    /// What it must be, for people.
    pub must_be: &'static str,
}

/// Looks at every field, so that a person mends a document in one go.
pub(super) fn check(policy: &Policy) -> Vec<OutOfBounds> {
    let (reset, password, lockout) = (&policy.reset, &policy.password, &policy.lockout);
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, field, must_be| {
        if !holds {
            wrong.push(OutOfBounds { field, must_be });
        }
    };

    demand((1..=2).contains(&reset.proofs_required), "reset.proofs_required", "1 or 2");
    demand(
        !reset.two_classes || reset.proofs_required >= 2,
        "reset.two_classes",
        "false where one proof is enough",
    );
    demand(!reset.allowed_methods.is_empty(), "reset.allowed_methods", "at least one kind of method");
    demand(reset.change_quarantine_hours <= 720, "reset.change_quarantine", "at most 720 whole hours");
    demand((5..=60).contains(&reset.reset_life_minutes), "reset.reset_life", "5 to 60 whole minutes");
    demand((3..=50).contains(&reset.attempts_per_reset), "reset.attempts_per_reset", "3 to 50");
    demand((3..=10).contains(&reset.codes_per_reset), "reset.codes_per_reset", "3 to 10");
    demand((3..=50).contains(&reset.tries_per_day), "reset.tries_per_day", "3 to 50");
    demand((10..=100).contains(&reset.tries_in_a_row), "reset.tries_in_a_row", "10 to 100");
    if let ResetScope::Groups { included, excluded } = &reset.enabled_scope {
        demand(included.len() <= GROUPS_MAX, "reset.included_group_ids", "at most 100 groups");
        demand(excluded.len() <= GROUPS_MAX, "reset.excluded_group_ids", "at most 100 groups");
    }

    demand((8..=64).contains(&password.minimum_length), "password.minimum_length", "8 to 64");
    demand((64..=256).contains(&password.maximum_length), "password.maximum_length", "64 to 256");
    demand((1..=24).contains(&password.history), "password.history", "1 to 24");
    demand((1..=20).contains(&password.minimum_points), "password.minimum_points", "1 to 20");
    demand(
        password.expiry_days.is_none_or(|days| (14..=730).contains(&days)),
        "password.expiry",
        "absent, or 14 to 730 whole days",
    );
    demand(
        (1..=168).contains(&password.temporary_life_hours),
        "password.temporary_life",
        "1 to 168 whole hours",
    );
    demand(
        password.banned_terms.len() <= BANNED_TERMS_MAX
            && password.banned_terms.iter().all(|term| is_term(term)),
        "password.banned_term_list",
        "at most 1000 terms of 4 to 16 characters, without control characters",
    );

    demand((3..=50).contains(&lockout.threshold), "lockout.threshold", "3 to 50");
    demand((5..=18_000).contains(&lockout.base_seconds), "lockout.first_lock", "5 to 18000 whole seconds");
    demand(
        (lockout.base_seconds..=86_400).contains(&lockout.ceiling_seconds),
        "lockout.longest_lock",
        "at least the first lock and at most 86400 whole seconds",
    );

    demand((1..=720).contains(&policy.sessions.life_hours), "session.life", "1 to 720 whole hours");
    demand(
        (1..=24).contains(&policy.sessions.strong_life_hours),
        "session.strong_life",
        "1 to 24 whole hours",
    );
    demand(
        (5..=60).contains(&policy.sessions.strong_idle_minutes),
        "session.strong_idle",
        "5 to 60 whole minutes",
    );
    demand(
        policy.security_info.reconfirm_days <= 730,
        "security_info.reconfirm_after",
        "at most 730 whole days",
    );
    demand((1..=90).contains(&policy.help.expiry_days), "help.request_life", "1 to 90 whole days");
    demand(
        (15..=1_440).contains(&policy.help.digest_minutes),
        "help.digest_interval",
        "15 to 1440 whole minutes",
    );
    demand((30..=3_650).contains(&policy.audit.retention_days), "audit.retention", "30 to 3650 whole days");
    demand(
        policy.portal.accent.is_none_or(carries_white_text),
        "portal.accent",
        "empty, or a colour whose contrast with white is at least 4.5:1",
    );
    wrong
}

fn is_term(term: &str) -> bool {
    (4..=16).contains(&character_count(term)) && !term.chars().any(char::is_control)
}
