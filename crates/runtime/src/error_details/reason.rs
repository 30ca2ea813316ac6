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
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
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
    /// Code and fixed text.
    const fn parts(self) -> (Code, &'static str) {
        match self {
            Self::CallerUnknown => (Code::Unauthenticated, "the caller is not known"),
            Self::CallerNotAllowed => (Code::PermissionDenied, "the caller may not do this"),
            Self::AccessTokenMissing => (Code::Unauthenticated, "a person's access token is needed"),
            Self::AccessTokenInvalid => (Code::Unauthenticated, "the access token is not valid"),
            Self::RoleMissing => (Code::PermissionDenied, "the person lacks the role"),
            Self::DeadlineExceeded => (Code::DeadlineExceeded, "the deadline passed first"),
            Self::RequestMalformed => (Code::InvalidArgument, "the request does not decode"),
            Self::RequestTooLarge => (Code::ResourceExhausted, "the request is larger than allowed"),
            Self::MethodUnknown => (Code::Unimplemented, "there is no such method"),
            Self::Internal => (Code::Internal, "something broke on our side"),
            Self::Unavailable => (Code::Unavailable, "try again later"),
            Self::ShuttingDown => (Code::Unavailable, "this process is shutting down"),
            Self::Overloaded => (Code::ResourceExhausted, "too many calls at once"),
            Self::CallCancelled => (Code::Cancelled, "the call was cancelled"),
            Self::ServiceUnknown => (Code::NotFound, "no such service here"),
        }
    }

    /// The published name.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// The gRPC code.
    pub(crate) const fn code(self) -> Code {
        self.parts().0
    }

    /// The fixed text.
    pub(crate) const fn text(self) -> &'static str {
        self.parts().1
    }

    /// The text of a status: the reason, for those who see nothing else, and what it means.
    pub(crate) fn with_text(self, text: &str) -> String {
        format!("{}: {text}", self.name())
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

/// The name of an RPC, taken from the path `/package.Service/Method`.
#[derive(Debug, Clone)]
pub(crate) struct RpcName {
    path: Arc<str>,
}

impl RpcName {
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

    /// The proto package.
    pub(crate) fn package(&self) -> &str {
        self.service().rsplit_once('.').map_or("", |(package, _)| package)
    }

    /// The package without its version: the domain of the reasons.
    pub(crate) fn domain(&self) -> &str {
        let package = self.package();
        let is_version = |part: &str| {
            part.strip_prefix('v').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        };
        package.rsplit_once('.').filter(|(_, last)| is_version(last)).map_or(package, |(domain, _)| domain)
    }

    /// The status for a reason.
    pub(crate) fn refuse(&self, reason: Reason) -> Status {
        self.refuse_with(reason, None)
    }

    /// The status for a reason, with one piece of metadata.
    pub(crate) fn refuse_with(&self, reason: Reason, metadata: Option<(&str, String)>) -> Status {
        let metadata: HashMap<_, _> =
            metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let mut details = ErrorDetails::with_error_info(reason.name(), self.domain(), metadata);
        if reason.retry_after().is_some() {
            details.set_retry_info(reason.retry_after());
        }
        Status::with_error_details(reason.code(), reason.with_text(reason.text()), details)
    }
}
