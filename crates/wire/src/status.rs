//! The one way a refusal becomes a `tonic::Status`: a published reason, its code, and the standard details
//! (`google.rpc.ErrorInfo`, `BadRequest`, `RetryInfo`). And the way back, for clients.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// A refusal on its way out.
#[derive(Debug)]
pub struct Refusal {
    code: Code,
    domain: &'static str,
    reason: String,
    message: String,
    metadata: HashMap<String, String>,
    fields: Vec<(String, String)>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// `reason` is the full name of an `ErrorReason` value, as `as_str_name()` gives it; the prefix is dropped.
    /// `message` is fixed text for a developer to read: nothing internal, nothing that was typed.
    pub fn new(code: Code, domain: &'static str, reason: &str, message: impl Into<String>) -> Self {
        let reason = reason.trim_start_matches("ERROR_REASON_").to_owned();
        let (metadata, fields) = (HashMap::new(), Vec::new());
        Self { code, domain, reason, message: message.into(), metadata, fields, retry_after: None }
    }

    /// Adds a machine-readable value to the `ErrorInfo`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Names a field and what is wrong with it.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, what: impl Into<String>) -> Self {
        self.fields.push((field.into(), what.into()));
        self
    }

    /// Says when trying again may help.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The status with all its details.
    pub fn into_status(self) -> Status {
        let mut details = ErrorDetails::with_error_info(self.reason, self.domain, self.metadata);
        for (field, what) in self.fields {
            details.add_bad_request_violation(field, what);
        }
        if let Some(wait) = self.retry_after {
            details.set_retry_info(Some(wait));
        }
        Status::with_error_details(self.code, self.message, details)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.into_status()
    }
}

/// What a client can read off a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The reason, such as `RESET_INVALID`; empty when the status carries none.
    pub reason: String,
    /// The proto package that gave it.
    pub domain: String,
    /// Values that go with the reason.
    pub metadata: HashMap<String, String>,
    /// Field and what is wrong with it.
    pub fields: Vec<(String, String)>,
    /// When trying again may help.
    pub retry_after: Option<Duration>,
    /// The support code: the trace id.
    pub support_code: String,
}

/// Reads the published part of a status.
pub fn published(status: &Status) -> Published {
    let details = status.get_error_details();
    let info =
        details.error_info().cloned().unwrap_or_else(|| tonic_types::ErrorInfo::new("", "", HashMap::new()));
    let fields = details.bad_request().map(|bad| {
        bad.field_violations.iter().map(|one| (one.field.clone(), one.description.clone())).collect()
    });
    Published {
        reason: info.reason,
        domain: info.domain,
        metadata: info.metadata,
        fields: fields.unwrap_or_default(),
        retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
        support_code: details.request_info().map(|request| request.request_id.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_survives_the_wire() {
        let refusal =
            Refusal::new(Code::InvalidArgument, "rekey.identity.v1", "ERROR_REASON_FIELD_INVALID", "no")
                .field("login", "is empty")
                .with("minimum", "8")
                .retry_after(Duration::from_secs(30));

        let read = published(&refusal.into_status());

        assert_eq!(read.reason, "FIELD_INVALID");
        assert_eq!(read.domain, "rekey.identity.v1");
        assert_eq!(read.fields, [("login".to_owned(), "is empty".to_owned())]);
        assert_eq!(read.metadata["minimum"], "8");
        assert_eq!(read.retry_after, Some(Duration::from_secs(30)));
    }
}
