//! The one way a refusal becomes a `tonic::Status`: a published reason, its code, and the standard details
//! (`google.rpc.ErrorInfo`, `BadRequest`, `RetryInfo`). The way back is `rekey_client::Problem`.

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

        let details = refusal.into_status().get_error_details();

        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("FIELD_INVALID", "rekey.identity.v1"));
        assert_eq!(info.metadata["minimum"], "8");
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "login");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(30)));
    }
}
