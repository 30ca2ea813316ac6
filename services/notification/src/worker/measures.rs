//! What is measured of a try.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_runtime::telemetry::join_trace;
use tracing::Span;
use tracing::field::Empty;

use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::template::TemplateName;
use crate::metrics;
use crate::store::Claim;

/// The name of a template that a newer release took in, and of none.
const UNKNOWN_TEMPLATE: &str = "_OTHER";

/// Counts what is told of a delivery among the messages that were accepted.
pub(super) fn accepted_event(lane: Lane) {
    metrics::ACCEPTED.add(1, [lane.as_str(), UNKNOWN_TEMPLATE]);
}

/// The span of a try, on the trace of the call that the message came with.
pub(super) fn span(lane: Lane, claim: &Claim) -> Span {
    let span = tracing::info_span!(
        "deliver",
        otel.name = "deliver",
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = "rekey",
        messaging.operation.name = "deliver",
        messaging.destination.name = lane.as_str(),
        error.type = Empty,
        notification_id = %claim.lease.id,
        tenant_id = %claim.lease.tenant_id,
        template = claim.template,
        tries = claim.tries,
        trace_id = Empty,
    );
    if let Some(trace) = claim.trace {
        span.record("trace_id", trace.support_code());
        if let Some(recorded) = trace.span_id {
            join_trace(&span, trace.trace_id, recorded);
        }
    }
    span
}

/// A try that has ended, of a message or of a decoy.
pub(super) struct Ended<'a> {
    pub(super) lane: Lane,
    pub(super) claim: &'a Claim,
    pub(super) outcome: Outcome,
    /// Whether the message goes to its next channel in place of what the outcome says.
    pub(super) falls_back: bool,
}

impl Ended<'_> {
    /// Counts it. `took` is how long the try took.
    pub(super) fn measure(&self, took: Duration, now: Timestamp) {
        let lane = self.lane.as_str();
        let template =
            TemplateName::parse(&self.claim.template).map_or(UNKNOWN_TEMPLATE, TemplateName::as_str);
        let (outcome, error) = words(self.outcome);
        let outcome = if self.falls_back { "fell_back" } else { outcome };
        if !error.is_empty() {
            Span::current().record("error.type", error);
        }
        if !self.falls_back && matches!(self.outcome, Outcome::Dead { .. } | Outcome::Unknown) {
            Span::current().record("otel.status_code", "ERROR");
        }
        metrics::TRIES.add(1, [lane, template, outcome]);
        metrics::PROCESSING.record(took, ["rekey", "deliver", lane, error]);
        if let Outcome::Suppressed { reason } = self.outcome
            && !self.falls_back
        {
            metrics::SUPPRESSED.add(1, [lane, reason.as_str()]);
        }
        if self.outcome == Outcome::Delivered {
            metrics::HAND_OVERS.record(now.since(self.claim.lease.created_at), [lane]);
        }
    }
}

/// What became of the message, and the class of failure.
fn words(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Delivered => ("delivered", ""),
        Outcome::Unknown => ("unknown", "answer_lost"),
        Outcome::Retry { class, .. } => ("retry", class.as_str()),
        Outcome::Postponed { .. } | Outcome::LeftAlone { .. } => ("postponed", "postponed"),
        Outcome::Dead { class } => ("dead", class.as_str()),
        Outcome::Expired => ("expired", "expired"),
        Outcome::Suppressed { .. } => ("suppressed", "suppressed"),
    }
}
