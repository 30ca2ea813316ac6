//! The reasons the runtime itself gives. Each package publishes them in its `ErrorReason`.
//!
//! Code, name and text of a reason stand in one place, so that the gate, the deadline and the completion of
//! errors cannot say the same thing differently.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// When to come back where nothing better is known: long enough for a restart to make progress.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why the runtime, rather than a service, answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    CallerUnknown,
    CallerNotAllowed,
    AccessTokenMissing,
    AccessTokenInvalid,
    RoleMissing,
    DeadlineExceeded,
    RequestMalformed,
    RequestTooLarge,
    MethodUnknown,
    Internal,
    Unavailable,
    ShuttingDown,
    Overloaded,
    CallCancelled,
    /// Of `grpc.health.v1`, which publishes no reasons: the name asked for is not served here.
    ServiceUnknown,
}

impl Reason {
    /// Code, published name and fixed text.
    const fn parts(self) -> (Code, &'static str, &'static str) {
        match self {
            Self::CallerUnknown => (Code::Unauthenticated, "CALLER_UNKNOWN", "the caller is not known"),
            Self::CallerNotAllowed => {
                (Code::PermissionDenied, "CALLER_NOT_ALLOWED", "the caller may not do this")
            }
            Self::AccessTokenMissing => {
                (Code::Unauthenticated, "ACCESS_TOKEN_MISSING", "a person's access token is needed")
            }
            Self::AccessTokenInvalid => {
                (Code::Unauthenticated, "ACCESS_TOKEN_INVALID", "the access token is not valid")
            }
            Self::RoleMissing => (Code::PermissionDenied, "ROLE_MISSING", "the person lacks the role"),
            Self::DeadlineExceeded => {
                (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline passed first")
            }
            Self::RequestMalformed => {
                (Code::InvalidArgument, "REQUEST_MALFORMED", "the request does not decode")
            }
            Self::RequestTooLarge => {
                (Code::ResourceExhausted, "REQUEST_TOO_LARGE", "the request is larger than allowed")
            }
            Self::MethodUnknown => (Code::Unimplemented, "METHOD_UNKNOWN", "there is no such method"),
            Self::Internal => (Code::Internal, "INTERNAL", "something broke on our side"),
            Self::Unavailable => (Code::Unavailable, "UNAVAILABLE", "try again later"),
            Self::ShuttingDown => (Code::Unavailable, "SHUTTING_DOWN", "this process is shutting down"),
            Self::Overloaded => (Code::ResourceExhausted, "OVERLOADED", "too many calls at once"),
            Self::CallCancelled => (Code::Cancelled, "CALL_CANCELLED", "the call was cancelled"),
            Self::ServiceUnknown => (Code::NotFound, "SERVICE_UNKNOWN", "no such service here"),
        }
    }

    /// The published name.
    pub(crate) const fn name(self) -> &'static str {
        self.parts().1
    }

    /// The gRPC code.
    pub(crate) const fn code(self) -> Code {
        self.parts().0
    }

    /// The fixed text.
    pub(crate) const fn text(self) -> &'static str {
        self.parts().2
    }

    /// When the caller should come back, where it should.
    pub(crate) const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Unavailable | Self::Overloaded => Some(RETRY_AFTER),
            // Another process answers at once.
            Self::ShuttingDown => Some(Duration::ZERO),
            _ => None,
        }
    }
}

/// What was called, taken from the path `/package.Service/Method`.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    path: Arc<str>,
}

impl Called {
    /// Takes any path, also one that is none of ours.
    pub(crate) fn of(path: &str) -> Self {
        Self { path: path.into() }
    }

    /// The whole path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// `package.Service`.
    pub(crate) fn service(&self) -> &str {
        self.method().split('/').next().unwrap_or_default()
    }

    /// `package.Service/Method`.
    pub(crate) fn method(&self) -> &str {
        self.path.strip_prefix('/').unwrap_or(&self.path)
    }

    /// The proto package: the domain of the reasons.
    pub(crate) fn package(&self) -> &str {
        self.service().rsplit_once('.').map_or("", |(package, _)| package)
    }

    /// The status for a reason.
    pub(crate) fn refuse(&self, reason: Reason) -> Status {
        self.refuse_with(reason, None)
    }

    /// The status for a reason, with one piece of metadata.
    pub(crate) fn refuse_with(&self, reason: Reason, metadata: Option<(&str, String)>) -> Status {
        let metadata: HashMap<_, _> =
            metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let mut details = ErrorDetails::with_error_info(reason.name(), self.package(), metadata);
        if reason.retry_after().is_some() {
            details.set_retry_info(reason.retry_after());
        }
        Status::with_error_details(reason.code(), reason.text(), details)
    }
}
