//! Counts steps of resets and sign-ins by what the caller is told.

use tonic::Status;

use super::refusal::status;
use crate::metrics;
use crate::operation::Error;
use crate::operation::idempotency::OrRejected;
use crate::sign_in::{Continued, SignedIn};

/// Counts a step whose every answer means that it is done, and makes a status of what did not go well.
pub(super) fn done<T>(step: &'static str, ended: Result<T, Error>) -> Result<T, Status> {
    told(step, ended, |_| "done")
}

/// The same of a step whose answer may say something else.
pub(super) fn told<T>(
    step: &'static str,
    ended: Result<T, Error>,
    word: impl FnOnce(&T) -> &'static str,
) -> Result<T, Status> {
    let word = match &ended {
        Ok(answer) => word(answer),
        Err(Error::Refused(_)) => "refused",
        Err(Error::Failed(_)) => "failed",
    };
    metrics::STEPS.add(1, [step, word]);
    ended.map_err(status)
}

pub(super) const fn signed_in(answer: &SignedIn) -> &'static str {
    match answer {
        SignedIn::Tokens(_) => "done",
        SignedIn::Challenge(_) => "challenged",
        SignedIn::Rejected => "rejected",
    }
}

pub(super) const fn continued(answer: &Continued) -> &'static str {
    match answer {
        Continued::Tokens(_) => "done",
        Continued::Challenge(_) => "challenged",
        Continued::Rejected { .. } => "rejected",
    }
}

pub(super) const fn or_rejected<A>(answer: &OrRejected<A>) -> &'static str {
    match answer {
        OrRejected::Done(_) => "done",
        OrRejected::Rejected { .. } => "rejected",
    }
}
