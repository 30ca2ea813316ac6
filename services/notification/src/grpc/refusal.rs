//! From a refusal to its published reason, and from a failure to a status that says nothing internal.

use rekey_wire::notification::v1::ErrorReason as Reason;
use rekey_wire::status;
use tonic::{Code, Status};

use crate::domain::refusal::{MissingRight, Refusal, Violation};
use crate::intake::Error;

/// The one place where refusals get their code, their reason and their text.
pub(super) const fn shape(refusal: &Refusal) -> (Code, Reason, &'static str) {
    match refusal {
        Refusal::FieldsInvalid(_) => {
            (Code::InvalidArgument, Reason::FieldInvalid, "fields are missing or malformed")
        }
        Refusal::CallerNotAllowed(missing) => {
            (Code::PermissionDenied, Reason::CallerNotAllowed, not_allowed(*missing).1)
        }
        Refusal::RequestIdReused => {
            (Code::InvalidArgument, Reason::RequestIdReused, "the request_id was used for something else")
        }
        Refusal::NotificationNotFound => {
            (Code::NotFound, Reason::NotificationNotFound, "no such notification in this tenant")
        }
        Refusal::TemplateNotFound => (Code::NotFound, Reason::TemplateNotFound, "no template of this name"),
        Refusal::VariablesWrong(_) => (
            Code::InvalidArgument,
            Reason::TemplateVariablesWrong,
            "the variables are not exactly those the template takes",
        ),
        Refusal::TemplatePartsInvalid(_) => {
            (Code::InvalidArgument, Reason::TemplatePartsInvalid, "the parts of the template do not pass")
        }
        Refusal::TemplateVersionNotFound => {
            (Code::NotFound, Reason::TemplateVersionNotFound, "no such version, or it is no longer kept")
        }
        Refusal::EtagMismatch => {
            (Code::Aborted, Reason::EtagMismatch, "the template was changed since its etag was read")
        }
        Refusal::TemplateNotOverridden => (
            Code::FailedPrecondition,
            Reason::TemplateNotOverridden,
            "the tenant has no text of its own for this template and locale",
        ),
        Refusal::TemplateLocalesFull => (
            Code::FailedPrecondition,
            Reason::TemplateLocalesFull,
            "the tenant has texts of this template for as many locales as it may",
        ),
        Refusal::NotQueued => {
            (Code::FailedPrecondition, Reason::NotificationNotQueued, "the notification is no longer queued")
        }
        Refusal::NotReplayable => (
            Code::FailedPrecondition,
            Reason::NotificationNotReplayable,
            "only a dead or unknown notification whose content is still kept can be replayed",
        ),
        Refusal::ChannelNotConfigured => (
            Code::FailedPrecondition,
            Reason::ChannelNotConfigured,
            "no provider is configured for the channel of this destination",
        ),
        Refusal::WebhookEndpointNotFound => (
            Code::NotFound,
            Reason::WebhookEndpointNotFound,
            "no webhook endpoint of this name for this tenant",
        ),
        Refusal::PageTokenInvalid => {
            (Code::InvalidArgument, Reason::PageTokenInvalid, "the page_token does not fit these arguments")
        }
        Refusal::AlreadyExpired => {
            (Code::FailedPrecondition, Reason::AlreadyExpired, "not_after_time is past")
        }
        Refusal::SuppressionNotFound => (
            Code::NotFound,
            Reason::SuppressionNotFound,
            "the address has no entry among those that get no messages",
        ),
        Refusal::SuppressionNotConfigured => (
            Code::FailedPrecondition,
            Reason::SuppressionNotConfigured,
            "no key is set by which addresses are found",
        ),
        Refusal::QueueFull { .. } => {
            (Code::ResourceExhausted, Reason::QueueFull, "the queue of this lane is full")
        }
        Refusal::ResumeTokenInvalid => (
            Code::InvalidArgument,
            Reason::ResumeTokenInvalid,
            "the resume_token does not fit these arguments",
        ),
        Refusal::ChangesForgotten => {
            (Code::OutOfRange, Reason::ChangesForgotten, "the resume_token is older than journeys are kept")
        }
        Refusal::WatchersFull { .. } => {
            (Code::ResourceExhausted, Reason::WatchersFull, "too many streams of changes are open")
        }
    }
}

/// A refusal with everything a caller may know about it.
fn published(refusal: Refusal) -> status::Refusal {
    let (code, reason, message) = shape(&refusal);
    let published = status::Refusal::new(code, reason, message);
    let named = |published: status::Refusal, violations: Vec<Violation>| {
        violations.into_iter().fold(published, |published, one| published.field(one.field, one.what))
    };
    match refusal {
        Refusal::FieldsInvalid(violations)
        | Refusal::VariablesWrong(violations)
        | Refusal::TemplatePartsInvalid(violations) => named(published, violations),
        Refusal::QueueFull { retry_after } | Refusal::WatchersFull { retry_after } => {
            published.retry_after(retry_after)
        }
        Refusal::CallerNotAllowed(missing) => published.with("missing", not_allowed(missing).0),
        _ => published,
    }
}

/// The key of a caller's entry that would allow it, and a text that says so.
const fn not_allowed(missing: MissingRight) -> (&'static str, &'static str) {
    match missing {
        MissingRight::Entry => ("methods", "the caller is not known to this part"),
        MissingRight::Tenant => ("tenants", "the caller's entry does not name this tenant"),
        MissingRight::Template => ("templates", "the caller's entry does not name this template"),
        MissingRight::Lane => ("lanes", "the caller's entry does not name this lane"),
        MissingRight::NotAfter => {
            ("may_assert_not_after", "the caller's entry does not let it set not_after_time")
        }
    }
}

/// The status of a refusal.
pub(super) fn refuse(refusal: Refusal) -> Status {
    published(refusal).into_status()
}

/// The status of a use case that did not do what was asked. A failure is logged here and nowhere else.
pub(super) fn answer(error: Error) -> Status {
    match error {
        Error::Refused(refusal) => refuse(refusal),
        Error::Failed(failure) => {
            tracing::error!(error = ?failure, "a call failed");
            status::Refusal::of_failure::<Reason>(failure.is_unavailable()).into_status()
        }
    }
}
