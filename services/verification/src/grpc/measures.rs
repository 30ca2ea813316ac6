//! Counts calls by what the caller is told.

use crate::codes::check::CheckVerdict;
use crate::codes::{Error, SentCode};
use crate::domain::grant::Grant;
use crate::domain::refusal::Refusal;
use crate::metrics;

/// Counts a call that asks for a code.
pub(super) fn started(ended: &Result<SentCode, Error>) {
    sending(ended.as_ref().map(|sent| if sent.sent { "sent" } else { "repeated" }));
}

/// Counts a call that asks for the code again.
pub(super) fn resent<T>(ended: &Result<T, Error>) {
    sending(ended.as_ref().map(|_| "sent"));
}

/// Counts a code that was judged.
pub(super) fn checked(ended: &Result<CheckVerdict, Error>) {
    let outcome = match ended {
        Ok(CheckVerdict::Passed(_)) => "passed",
        Ok(CheckVerdict::Rejected) => "rejected",
        Err(error) => failed(error),
    };
    metrics::CHECKS.add(1, [outcome]);
}

/// Counts a grant.
pub(super) fn redeemed(ended: &Result<Grant, Error>) {
    metrics::REDEMPTIONS.add(1, [ended.as_ref().map_or_else(failed, |_| "redeemed")]);
}

fn sending(ended: Result<&'static str, &Error>) {
    metrics::SENDS.add(1, [ended.unwrap_or_else(failed)]);
}

/// The word for what is no answer; a limit that was reached is counted by its kind.
fn failed(error: &Error) -> &'static str {
    let Some(refusal) = error.refusal() else { return "failed" };
    if let Some(limit) = limit_of(refusal) {
        metrics::LIMITS.add(1, [limit, "refused"]);
    }
    "refused"
}

const fn limit_of(refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::DestinationLimited(_) => Some("destination"),
        Refusal::SubjectLimited(_) => Some("subject"),
        Refusal::NetworkLimited(_) => Some("network"),
        Refusal::TenantLimited(_) => Some("tenant"),
        Refusal::SendsExhausted => Some("sends"),
        Refusal::ResendTooSoon(_) => Some("wait"),
        Refusal::SubjectPaused(_) | Refusal::SubjectStopped => Some("wrong_codes"),
        Refusal::PrefixLimited(_) => Some("prefix"),
        Refusal::ChallengeRequired => Some("challenge"),
        Refusal::GuessingLimited(_) => Some("guessing"),
        Refusal::DestinationBlocked => Some("blocked"),
        Refusal::SimChanged => Some("sim_changed"),
        Refusal::RequestIdReused
        | Refusal::VerificationNotFound
        | Refusal::VerificationDiffers
        | Refusal::VerificationOver
        | Refusal::GrantInvalid
        | Refusal::ChannelNotAllowed => None,
    }
}
