//! Every way this part says no. Each becomes one published reason (`error_reason.proto`) in `grpc`.

use std::time::Duration;

/// A field and what is wrong with it, without quoting what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The field's path in the request.
    pub(crate) field: String,
    /// What is expected.
    pub(crate) what: &'static str,
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, what: &'static str) -> Self {
        Self { field: field.into(), what }
    }
}

/// What a caller's entry lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingRight {
    /// There is no entry: the call did not pass the gate.
    Entry,
    Tenant,
    Template,
    Lane,
    NotAfter,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Fields are missing or malformed.
    FieldsInvalid(Vec<Violation>),
    /// The caller's entry does not allow this.
    CallerNotAllowed(MissingRight),
    /// The request id was used for other content.
    RequestIdReused,
    /// No such message in this tenant.
    NotificationNotFound,
    TemplateNotFound,
    /// The variables are not exactly those of the template.
    VariablesWrong(Vec<Violation>),
    /// The parts of a text do not pass.
    TemplatePartsInvalid(Vec<Violation>),
    /// The tenant has no such version.
    TemplateVersionNotFound,
    /// The tenant's text changed meanwhile.
    EtagMismatch,
    /// The built-in text is in force already.
    TemplateNotOverridden,
    /// The tenant has texts for as many locales as it may.
    TemplateLocalesFull,
    /// A worker holds it, or it is over.
    NotQueued,
    /// Not dead or unknown, or the payload is gone.
    NotReplayable,
    /// No provider for the channel of the destination.
    ChannelNotConfigured,
    /// No endpoint of this name for this tenant.
    WebhookEndpointNotFound,
    /// Not a page token of ours for these arguments.
    PageTokenInvalid,
    /// `not_after` is past.
    AlreadyExpired,
    /// The address has no entry.
    SuppressionNotFound,
    /// There is no key by which addresses are found.
    SuppressionNotConfigured,
    /// The lane holds as much as its setting allows.
    QueueFull {
        /// When trying again may help.
        retry_after: Duration,
    },
    /// Not a resume token of ours for these arguments.
    ResumeTokenInvalid,
    /// The resume token is older than journeys are kept.
    ChangesForgotten,
    /// As many streams are open as may be.
    WatchersFull {
        /// When trying again may help.
        retry_after: Duration,
    },
}
