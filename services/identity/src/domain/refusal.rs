//! Every way in which identity says no, with what the caller may know about it.
//!
//! A refusal is not a failure: nothing broke, and the reason is published. The gRPC layer maps each one to
//! its status in one exhaustive match. What a stranger must not learn is not in here; the true reason goes
//! to the audit log beside it.

use std::borrow::Cow;
use std::time::Duration;

use strum::IntoStaticStr;

use super::authority::{Forbidden, MissingPermission};
use super::eligibility::Ineligible;
use super::group::NotNested;
use super::help::{MessageRefused, NotMoved};
use super::passkey::PasskeyRefused;
use super::password::Verdict;
use super::scope::OutOfScope;
use super::security_info::NotAdded;
use super::tenant::InvalidText;

/// A no that is published.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Refusal {
    // Who is asking.
    /// The caller may not reach this tenant, or may not do this.
    CallerNotAllowed {
        /// The key of its entry that does not allow it.
        missing: &'static str,
    },
    /// The actor lacks a permission, perhaps only for this target.
    AuthorityMissing(MissingPermission),
    /// Administrators do not act on themselves.
    NotOnYourself,
    /// The tenant would be left without a global administrator who can sign in.
    LastGlobalAdministrator,

    // What was sent.
    /// Fields are not what they must be.
    FieldsInvalid(Vec<FieldInvalid>),
    /// The page token is not ours, or belongs to another question.
    PageTokenInvalid,
    /// Somebody else changed it since it was read.
    EtagMismatch,
    /// The same `request_id` came before with other content.
    RequestIdReused,

    // What it is about.
    /// No such tenant.
    TenantNotFound,
    /// The tenant is at home in another region.
    TenantElsewhere {
        /// Which.
        region: String,
    },
    /// The policy has no such revision.
    PolicyRevisionNotFound,
    /// Under this policy no global administrator could sign in or reset.
    PolicyLocksOutAdministrators,
    /// The handle or a domain belongs to another tenant.
    TenantTaken,
    /// The first tenant is there already.
    StoreNotEmpty,
    /// No such account.
    AccountNotFound,
    /// The login belongs to another account.
    LoginTaken,
    /// The external id belongs to another account.
    ExternalIdTaken,
    /// No such group.
    GroupNotFound,
    /// The group would be inside itself.
    GroupCycle,
    /// Groups would nest deeper than they are followed.
    GroupTooDeep,
    /// The policy in force names the group.
    GroupInPolicy,

    // Imports.
    /// No such import.
    ImportNotFound,
    /// It was finished or cancelled.
    ImportEnded,
    /// Another chunk comes next.
    ImportSequenceGap {
        /// Which.
        expected: i64,
    },
    /// The chunk of this number was taken with other records.
    ImportChunkChanged,
    /// The tenant has as many open imports as it may.
    ImportsFull,

    // Resets.
    /// Forged, over, superseded or another caller's; never which.
    ResetInvalid,
    /// The tenant shows why this account may not reset.
    ResetNotPossible(Ineligible),
    /// No method at this position of the reset.
    MethodUnknownInReset,
    /// The method was passed in this reset.
    MethodAlreadyProved,
    /// More proofs are needed.
    ProofsMissing {
        /// How many more.
        remaining: u8,
    },
    /// As many attempts to set a password as a reset has were spent.
    AttemptsExhausted,
    /// The message of a help request is not taken.
    HelpMessageRefused(MessageRefused),
    /// The link "this was not me" is forged, spent, too old or overtaken.
    RepudiationInvalid,
    /// A one-time link is forged, spent, too old or overtaken.
    ResetLinkInvalid,
    /// No mail address of the account is one to send a link to.
    NoAddressForLink,
    /// The account is blocked or frozen, so that it could not use what it would get.
    AccountNotOpen,

    // Passwords.
    /// The password breaks rules; the verdict says which.
    PasswordRefused(Verdict),
    /// The account has no password here to change.
    NoPassword,
    /// Another directory owns the password.
    PasswordManagedElsewhere,

    // Help requests.
    /// No such help request.
    HelpRequestNotFound,
    /// It was settled, or its time is over.
    HelpRequestSettled,
    /// Somebody else works on it.
    HelpRequestClaimed,

    // Callers on the phone.
    /// No method of the account is one to verify a caller by.
    NoMethodForCaller,
    /// The code is none of ours, another administrator's, or its time is over.
    CallerCodeInvalid,

    // Bulk resets.
    /// No such job.
    BulkResetNotFound,
    /// Another job of the tenant is not over.
    BulkResetRunning,
    /// The job takes no accounts, or none any more.
    BulkResetNotCollecting,
    /// A chunk before this one is missing.
    BulkResetChunkMissing,

    // Sign-in and sessions.
    /// The challenge is not ours, was answered, is too old or overtaken.
    ChallengeInvalid,
    /// The refresh token does not serve any more.
    RefreshTokenInvalid,
    /// The session of the access token is over.
    AccessTokenInvalid,
    /// The act asks for a sign-in of the last 10 minutes.
    SignInNotRecent,

    // Linked accounts.
    /// The token of the other account is none to link by.
    OtherTokenInvalid,
    /// No link with an account of that tenant.
    TenantNotLinked,
    /// One of the two accounts is not what it was when they were linked.
    LinkSuspended,
    /// One of the two accounts has as many links as it may.
    LinksFull,

    // Security info.
    /// No such entry.
    SecurityInfoNotFound,
    /// The account holds this very address.
    SecurityInfoTaken,
    /// The account holds as many of the kind as it may.
    SecurityInfoFull {
        /// How many that is.
        at_most: usize,
    },

    // Passkeys.
    /// The deployment takes none.
    PasskeysNotConfigured,
    /// The tenant's people do not sign in with a passkey alone.
    PasskeySignInOff,
    /// What the browser made is no passkey for here.
    PasskeyRefused(PasskeyRefused),

    // The audit log.
    /// The token of a stream is not ours, or another tenant's.
    ResumeTokenInvalid,
    /// Events behind the token are not kept any more.
    EventsForgotten,
    /// The process has as many streams as it may.
    WatchersFull {
        /// How long until there is likely room.
        retry_after: Duration,
    },

    // Webhooks.
    /// No such webhook.
    AuditWebhookNotFound,
    /// The tenant has as many as it may.
    AuditWebhooksFull,

    // Limits.
    /// No code is left in this reset: a new one helps, waiting does not.
    SendsExhausted,
    /// A code was asked for too soon or too often.
    SendLimited {
        /// How long until it may be again.
        retry_after: Duration,
    },
    /// Too many calls for what was typed.
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
pub(crate) struct FieldInvalid {
    /// The path in the request.
    pub field: Cow<'static, str>,
    /// What it must be, in fixed text that never quotes the value.
    pub must_be: &'static str,
}

impl Refusal {
    /// Says that a field is not what it must be.
    pub(crate) fn field(field: impl Into<Cow<'static, str>>, must_be: &'static str) -> Self {
        Self::FieldsInvalid(vec![FieldInvalid { field: field.into(), must_be }])
    }

    /// As many passwords of a login are being judged as may. One takes a fraction of a second.
    pub(crate) const fn contended() -> Self {
        Self::HashingBusy { retry_after: Duration::from_secs(1) }
    }

    /// What it is, for logs; the published word is chosen where it leaves.
    pub(crate) fn name(&self) -> &'static str {
        self.into()
    }

    /// How long to wait before trying again, where waiting helps.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SendLimited { retry_after }
            | Self::Throttled { retry_after }
            | Self::WatchersFull { retry_after }
            | Self::HashingBusy { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        match forbidden {
            Forbidden::Missing(missing) => Self::AuthorityMissing(missing),
            Forbidden::OnYourself => Self::NotOnYourself,
        }
    }
}

impl From<MissingPermission> for Refusal {
    fn from(missing: MissingPermission) -> Self {
        Self::AuthorityMissing(missing)
    }
}

impl From<NotNested> for Refusal {
    fn from(not_nested: NotNested) -> Self {
        match not_nested {
            NotNested::Cycle => Self::GroupCycle,
            NotNested::TooDeep => Self::GroupTooDeep,
        }
    }
}

impl From<OutOfScope> for Refusal {
    fn from(_: OutOfScope) -> Self {
        Self::CallerNotAllowed { missing: "tenants" }
    }
}

impl From<InvalidText> for Refusal {
    fn from(invalid: InvalidText) -> Self {
        Self::field(invalid.what, "of the published shape")
    }
}

impl From<NotMoved> for Refusal {
    fn from(why: NotMoved) -> Self {
        match why {
            NotMoved::Settled => Self::HelpRequestSettled,
            NotMoved::ClaimedByAnother => Self::HelpRequestClaimed,
        }
    }
}

impl From<MessageRefused> for Refusal {
    fn from(refused: MessageRefused) -> Self {
        Self::HelpMessageRefused(refused)
    }
}

impl From<PasskeyRefused> for Refusal {
    fn from(why: PasskeyRefused) -> Self {
        Self::PasskeyRefused(why)
    }
}

impl From<NotAdded> for Refusal {
    fn from(not_added: NotAdded) -> Self {
        match not_added {
            NotAdded::AlreadyThere => Self::SecurityInfoTaken,
            NotAdded::TooMany { at_most } => Self::SecurityInfoFull { at_most },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_limits_ask_to_wait() {
        let wait = Duration::from_secs(3);

        assert_eq!(Refusal::SendLimited { retry_after: wait }.retry_after(), Some(wait));
        assert_eq!(Refusal::HashingBusy { retry_after: wait }.retry_after(), Some(wait));
        assert_eq!(Refusal::AttemptsExhausted.retry_after(), None);
    }
}
