//! How a "no" crosses the wire: a published reason, its code, and the standard details (`google.rpc.ErrorInfo`,
//! `BadRequest`, `RetryInfo`). The way back is `rekey_client::Problem`.
//!
//! A service turns each of its refusals into one of these in one exhaustive match. A failure becomes
//! [`Refusal::of_failure`], which says whether to come back and nothing else.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::reason::Reason;

/// When to come back after a failure: long enough for a failover, short enough for a person who waits.
const COME_BACK: Duration = Duration::from_secs(2);

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub struct Refusal {
    code: Code,
    domain: &'static str,
    reason: &'static str,
    message: &'static str,
    metadata: HashMap<String, String>,
    fields: Vec<(String, String)>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// `message` is for a developer to read: nothing internal, nothing that was typed.
    pub fn new<R: Reason>(code: Code, reason: R, message: &'static str) -> Self {
        Self {
            code,
            domain: R::DOMAIN,
            reason: reason.word(),
            message,
            metadata: HashMap::new(),
            fields: Vec::new(),
            retry_after: None,
        }
    }

    /// What crosses the wire of a failure of a service whose reasons are `R`: whether it is likely to pass, and when to
    /// come back if so. What broke was logged where it was handled.
    pub fn of_failure<R: Reason>(passes: bool) -> Self {
        if passes {
            let away = "a store or a neighbour is away; nothing was bypassed";
            Self::new(Code::Unavailable, R::UNAVAILABLE, away).retry_after(COME_BACK)
        } else {
            Self::new(Code::Internal, R::INTERNAL, "something broke on our side")
        }
    }

    /// The published word.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The text for developers.
    pub fn message(&self) -> &'static str {
        self.message
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
        let text = self.text();
        let mut details = ErrorDetails::with_error_info(self.reason, self.domain, self.metadata);
        for (field, what) in self.fields {
            details.add_bad_request_violation(field, what);
        }
        if let Some(wait) = self.retry_after {
            details.set_retry_info(Some(wait));
        }
        Status::with_error_details(self.code, text, details)
    }

    /// The text of the status, for those who see nothing else of it: the reason, and the first field that is wrong.
    fn text(&self) -> String {
        let text = format!("{}: {}", self.reason, self.message);
        self.fields.first().map_or_else(|| text.clone(), |(field, what)| format!("{text}: {field} {what}"))
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
    use crate::identity::v1::ErrorReason;

    #[test]
    fn a_refusal_survives_the_wire() {
        let refusal = Refusal::new(Code::InvalidArgument, ErrorReason::FieldInvalid, "no")
            .field("login", "is empty")
            .with("minimum", "8")
            .retry_after(Duration::from_secs(30));

        let status = refusal.into_status();

        assert_eq!(status.message(), "FIELD_INVALID: no: login is empty");
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("FIELD_INVALID", "rekey.identity"));
        assert_eq!(info.metadata["minimum"], "8");
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "login");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_failure_says_whether_to_come_back_and_nothing_else() {
        let passes = Refusal::of_failure::<ErrorReason>(true).into_status();
        let stays = Refusal::of_failure::<ErrorReason>(false).into_status();

        assert_eq!((passes.code(), stays.code()), (Code::Unavailable, Code::Internal));
        assert!(passes.get_error_details().retry_info().is_some());
        assert!(stays.get_error_details().retry_info().is_none());
        assert_eq!(stays.get_error_details().error_info().unwrap().reason, "INTERNAL");
    }
}
