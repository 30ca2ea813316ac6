//! Every way in which identity says no, with what the caller may know about it.
//!
//! A refusal is not a failure: nothing broke, and the reason is published. The gRPC layer maps each one to
//! its status in one exhaustive match. What a stranger must not learn is not in here; the true reason goes
//! to the audit log beside it.

use std::time::Duration;

use super::authority::{Forbidden, MissingPermission};
use super::eligibility::Ineligible;
use super::help::MessageRefused;
use super::password::Verdict;
use super::policy::OutOfBounds;
use super::scope::OutOfScope;
use super::tenant::InvalidText;

/// A published no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Who is asking.
    /// The caller may not reach this tenant, or may not do this.
    CallerNotAllowed,
    /// The caller sent a `context` and may not.
    ContextNotAllowed,
    /// The actor lacks a permission, perhaps only for this target.
    RoleMissing(MissingPermission),
    /// Administrators do not act on themselves.
    NotOnYourself,
    /// The tenant would be left without a global administrator who can sign in.
    LastGlobalAdministrator,

    // What was sent.
    /// A field is not what it must be.
    FieldInvalid(FieldInvalid),
    /// Fields of a policy document are out of bounds.
    PolicyInvalid(Vec<OutOfBounds>),
    /// The thing changed since it was read.
    EtagMismatch,
    /// The page token is not ours, or belongs to another question.
    PageTokenInvalid,
    /// The same `request_id` came before with other content.
    RequestIdReused,

    // What it is about.
    /// No such tenant.
    TenantNotFound,
    /// No such account.
    AccountNotFound,
    /// No such group.
    GroupNotFound,
    /// No such entry of security info.
    SecurityInfoNotFound,
    /// No such session.
    SessionNotFound,
    /// No such help request.
    HelpRequestNotFound,
    /// No such policy revision.
    RevisionNotFound,
    /// No such import or bulk job.
    JobNotFound,
    /// The handle or a domain belongs to another tenant.
    TenantNameTaken,
    /// The login belongs to another account.
    LoginTaken,
    /// The external id belongs to another account.
    ExternalIdTaken,
    /// The group would contain itself.
    GroupLoop,
    /// The help request is settled.
    HelpRequestSettled,

    // Resets.
    /// Not a reset of ours, or one that something since has voided.
    ResetTokenInvalid,
    /// The reset's life is over.
    ResetExpired,
    /// The tenant shows why this account may not reset.
    ResetNotPossible(Ineligible),
    /// More proofs are needed.
    ProofsMissing {
        /// How many more.
        remaining: u8,
    },
    /// No method at this position of the reset.
    MethodUnknown,
    /// The method has no code to send: it shows or saved one.
    MethodNotSendable,
    /// As many tries as a reset has were spent.
    AttemptsExhausted,
    /// The link from the notice is not ours, was used or is too old.
    RepudiationTokenInvalid,

    // Passwords.
    /// The password breaks rules; the verdict says which.
    PasswordRefused(Verdict),
    /// The account has no password here to change.
    PasswordNotHere,

    // Sign-in and sessions.
    /// The session or its tokens do not serve any more.
    SessionInvalid,
    /// The challenge is not ours, was answered or is too old.
    ChallengeInvalid,
    /// The act asks for a sign-in of the last 10 minutes.
    SignInNotRecent,
    /// The accounts are not linked, or the link rests until both sign in again.
    TenantNotLinked,

    // Security info.
    /// The account holds as many of the kind as it may.
    TooManyOfKind {
        /// How many that is.
        at_most: usize,
    },
    /// The account holds this very address.
    AddressAlreadyThere,
    /// The code was wrong, too old or unknown; never which.
    CodeRejected,
    /// The last way in cannot be removed while policy demands one.
    LastMethod,

    // Limits.
    /// Too many sends; the next is free after the wait.
    SendLimited {
        /// How long until then.
        retry_after: Duration,
    },
    /// Too many calls of this kind.
    Throttled {
        /// How long until there is room.
        retry_after: Duration,
    },
    /// No room to hash before the caller's deadline.
    HashingBusy {
        /// How long until there is likely room.
        retry_after: Duration,
    },
}

/// A field that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldInvalid {
    /// The path in the request.
    pub field: &'static str,
    /// What it must be, in fixed text that never quotes the value.
    pub must_be: &'static str,
}

impl Refusal {
    /// Says that a field is not what it must be.
    pub const fn field(field: &'static str, must_be: &'static str) -> Self {
        Self::FieldInvalid(FieldInvalid { field, must_be })
    }

    /// The published reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::CallerNotAllowed => "CALLER_NOT_ALLOWED",
            Self::ContextNotAllowed => "CONTEXT_NOT_ALLOWED",
            Self::RoleMissing(_) => "ROLE_MISSING",
            Self::NotOnYourself => "NOT_ON_YOURSELF",
            Self::LastGlobalAdministrator => "LAST_GLOBAL_ADMINISTRATOR",
            Self::FieldInvalid(_) => "FIELD_INVALID",
            Self::PolicyInvalid(_) => "POLICY_INVALID",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::PageTokenInvalid => "PAGE_TOKEN_INVALID",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::TenantNotFound => "TENANT_NOT_FOUND",
            Self::AccountNotFound => "ACCOUNT_NOT_FOUND",
            Self::GroupNotFound => "GROUP_NOT_FOUND",
            Self::SecurityInfoNotFound => "SECURITY_INFO_NOT_FOUND",
            Self::SessionNotFound => "SESSION_NOT_FOUND",
            Self::HelpRequestNotFound => "HELP_REQUEST_NOT_FOUND",
            Self::RevisionNotFound => "REVISION_NOT_FOUND",
            Self::JobNotFound => "JOB_NOT_FOUND",
            Self::TenantNameTaken => "TENANT_NAME_TAKEN",
            Self::LoginTaken => "LOGIN_TAKEN",
            Self::ExternalIdTaken => "EXTERNAL_ID_TAKEN",
            Self::GroupLoop => "GROUP_LOOP",
            Self::HelpRequestSettled => "HELP_REQUEST_SETTLED",
            Self::ResetTokenInvalid => "RESET_TOKEN_INVALID",
            Self::ResetExpired => "RESET_EXPIRED",
            Self::ResetNotPossible(why) => why.reason(),
            Self::ProofsMissing { .. } => "PROOFS_MISSING",
            Self::MethodUnknown => "METHOD_ID_UNKNOWN",
            Self::MethodNotSendable => "METHOD_NOT_SENDABLE",
            Self::AttemptsExhausted => "ATTEMPTS_EXHAUSTED",
            Self::RepudiationTokenInvalid => "REPUDIATION_TOKEN_INVALID",
            Self::PasswordRefused(_) => "PASSWORD_REFUSED",
            Self::PasswordNotHere => "PASSWORD_NOT_HERE",
            Self::SessionInvalid => "SESSION_INVALID",
            Self::ChallengeInvalid => "CHALLENGE_INVALID",
            Self::SignInNotRecent => "SIGN_IN_NOT_RECENT",
            Self::TenantNotLinked => "TENANT_NOT_LINKED",
            Self::TooManyOfKind { .. } => "TOO_MANY_OF_KIND",
            Self::AddressAlreadyThere => "ADDRESS_ALREADY_THERE",
            Self::CodeRejected => "CODE_REJECTED",
            Self::LastMethod => "LAST_METHOD",
            Self::SendLimited { .. } => "SEND_LIMITED",
            Self::Throttled { .. } => "THROTTLED",
            Self::HashingBusy { .. } => "HASHING_BUSY",
        }
    }

    /// How long to wait before trying again, where waiting helps.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SendLimited { retry_after }
            | Self::Throttled { retry_after }
            | Self::HashingBusy { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        match forbidden {
            Forbidden::Missing(missing) => Self::RoleMissing(missing),
            Forbidden::OnYourself => Self::NotOnYourself,
        }
    }
}

impl From<OutOfScope> for Refusal {
    fn from(_: OutOfScope) -> Self {
        Self::CallerNotAllowed
    }
}

impl From<InvalidText> for Refusal {
    fn from(invalid: InvalidText) -> Self {
        Self::field(invalid.what, "of the published shape")
    }
}

impl From<MessageRefused> for Refusal {
    fn from(refused: MessageRefused) -> Self {
        Self::field(
            "message",
            match refused {
                MessageRefused::TooLong => "at most 500 characters",
                MessageRefused::Link => "without links or addresses",
                MessageRefused::NotPlain => "plain text",
            },
        )
    }
}
