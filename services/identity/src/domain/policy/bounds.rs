//! The bounds of every number in a policy document.

use rekey_primitives::text::character_count;

use super::Policy;

/// Most of the tenant's own banned terms: the whole list is matched on every key press of a meter.
const BANNED_TERMS_MAX: usize = 1_000;

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
    demand(!reset.allowed_methods.is_empty(), "reset.allowed_methods", "at least one kind of method");
    demand(reset.change_quarantine_hours <= 720, "reset.change_quarantine_hours", "at most 720 hours");
    demand((5..=60).contains(&reset.reset_life_minutes), "reset.reset_life_minutes", "5 to 60 minutes");
    demand((3..=50).contains(&reset.attempts_per_reset), "reset.attempts_per_reset", "3 to 50");
    demand((3..=10).contains(&reset.codes_per_reset), "reset.codes_per_reset", "3 to 10");
    demand((3..=50).contains(&reset.tries_per_day), "reset.tries_per_day", "3 to 50");
    demand((10..=100).contains(&reset.tries_in_a_row), "reset.tries_in_a_row", "10 to 100");

    demand((8..=64).contains(&password.minimum_length), "password.minimum_length", "8 to 64");
    demand((64..=256).contains(&password.maximum_length), "password.maximum_length", "64 to 256");
    demand((1..=24).contains(&password.history), "password.history", "1 to 24");
    demand((1..=20).contains(&password.minimum_points), "password.minimum_points", "1 to 20");
    demand(
        password.expiry_days.is_none_or(|days| (14..=730).contains(&days)),
        "password.expiry_days",
        "absent, or 14 to 730 days",
    );
    demand(
        (1..=168).contains(&password.temporary_life_hours),
        "password.temporary_life_hours",
        "1 to 168 hours",
    );
    demand(
        password.banned_terms.len() <= BANNED_TERMS_MAX
            && password.banned_terms.iter().all(|term| (4..=16).contains(&character_count(term))),
        "password.banned_terms",
        "at most 1000 terms of 4 to 16 characters",
    );

    demand((3..=50).contains(&lockout.threshold), "lockout.threshold", "3 to 50");
    demand((5..=18_000).contains(&lockout.base_seconds), "lockout.base_seconds", "5 to 18000 seconds");
    demand(
        (lockout.base_seconds..=86_400).contains(&lockout.ceiling_seconds),
        "lockout.ceiling_seconds",
        "at least the base and at most 86400 seconds",
    );

    demand((1..=720).contains(&policy.sessions.life_hours), "sessions.life_hours", "1 to 720 hours");
    demand(
        (1..=24).contains(&policy.sessions.strong_life_hours),
        "sessions.strong_life_hours",
        "1 to 24 hours",
    );
    demand(
        (5..=60).contains(&policy.sessions.strong_idle_minutes),
        "sessions.strong_idle_minutes",
        "5 to 60 minutes",
    );
    demand(policy.security_info.reconfirm_days <= 730, "security_info.reconfirm_days", "at most 730 days");
    demand((1..=90).contains(&policy.help.expiry_days), "help.expiry_days", "1 to 90 days");
    demand((15..=1_440).contains(&policy.help.digest_minutes), "help.digest_minutes", "15 to 1440 minutes");
    demand((30..=3_650).contains(&policy.audit.retention_days), "audit.retention_days", "30 to 3650 days");
    wrong
}
