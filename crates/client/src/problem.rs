//! What an error says in the words of the contract.
//!
//! Peers map reasons to their own refusals by it, and tools show it to people.

use std::collections::HashMap;
use std::time::Duration;

use rekey_wire::reason::Reason;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The details of a status that programs act on and people report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The gRPC code.
    pub code: Code,
    /// The proto package, without its version, whose `ErrorReason` lists the reason; empty when the error was made on this side.
    pub domain: String,
    /// The published reason, such as `PASSWORD_REFUSED`; empty when the error was made on this side.
    pub reason: String,
    /// What the reason adds.
    pub metadata: HashMap<String, String>,
    /// Which fields are wrong, and how.
    pub fields: Vec<(String, String)>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// The trace id: what a person reads to support.
    pub support_code: Option<String>,
}

impl Problem {
    /// Reads a status. One from elsewhere simply has fewer details.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let (domain, reason, metadata) = details
            .error_info()
            .map(|info| (info.domain.clone(), info.reason.clone(), info.metadata.clone()))
            .unwrap_or_default();
        let fields = details.bad_request().map_or_else(Vec::new, |request| {
            let violations = request.field_violations.iter();
            violations.map(|violation| (violation.field.clone(), violation.description.clone())).collect()
        });
        Self {
            code: status.code(),
            domain,
            reason,
            metadata,
            fields,
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            support_code: details.request_info().map(|info| info.request_id.clone()),
        }
    }

    /// The reason as the package `R` publishes it; `None` for one of another package, or one this release does not know.
    #[must_use]
    pub fn published<R: Reason>(&self) -> Option<R> {
        R::read(&self.domain, &self.reason)
    }
}
