//! Every "no" as its published reason, with code and text, in one exhaustive match; and what broke, as little as may be
//! said of it. A test holds the codes to the comments of `error_reason.proto`.

use std::error::Error as _;
use std::fmt::Write as _;

use rekey_wire::identity::v1::ErrorReason;
use rekey_wire::status;
use tonic::{Code, Status};

use crate::domain::eligibility::Ineligible;
use crate::domain::help::MessageRefused;
use crate::domain::password::{Broken, Verdict};
use crate::domain::refusal::Refusal;
use crate::operation::{Error, Failed};

/// The status of a call that got no answer.
pub(super) fn status(error: Error) -> Status {
    match error {
        Error::Refused(refusal) => refused(&refusal),
        Error::Failed(failed) => broken(&failed),
    }
}

/// The same for calls whose password stands in the field `password`.
pub(crate) fn status_of_creation(error: Error) -> Status {
    match error {
        Error::Refused(refusal) => published(&refusal, "password").into_status(),
        Error::Failed(failed) => broken(&failed),
    }
}

/// The reason alone, for what was refused among others.
pub(super) fn reason(error: &Error) -> &'static str {
    match error {
        Error::Refused(refusal) => shape(refusal).reason(),
        Error::Failed(failed) => {
            // Logged as that of a call of its own.
            drop(broken(failed));
            status::Refusal::of_failure::<ErrorReason>(failed.is_unavailable()).reason()
        }
    }
}

/// The status of a refusal.
pub(super) fn refused(refusal: &Refusal) -> Status {
    published(refusal, "new_password").into_status()
}

/// A refusal with everything a caller may know about it.
fn published(refusal: &Refusal, password_field: &'static str) -> status::Refusal {
    let published = shape(refusal);
    let published = match refusal.retry_after() {
        Some(wait) => published.retry_after(wait),
        None => published,
    };
    match refusal {
        Refusal::AuthorityMissing(missing) => {
            let published = published.with("permission", missing.permission.as_str());
            match missing.beyond_reach {
                Some(role) => published.with("beyondReach", role.as_str()),
                None => published,
            }
        }
        Refusal::FieldsInvalid(fields) => fields.iter().fold(published, |published, wrong| {
            published.field(wrong.field.as_ref(), format!("must be {}", wrong.must_be))
        }),
        Refusal::CallerNotAllowed { missing } => published.with("missing", *missing),
        Refusal::TenantElsewhere { region } => published.with("region", region.as_str()),
        Refusal::ProofsMissing { remaining } => published.with("proofsRemaining", remaining.to_string()),
        Refusal::ImportSequenceGap { expected } => published.with("expectedSequence", expected.to_string()),
        Refusal::HelpMessageRefused(why) => published.field("message", help_message(*why)),
        Refusal::PasswordRefused(verdict) => password(published, verdict, password_field),
        Refusal::PasskeyRefused(why) => published.with("why", why.as_str()),
        Refusal::SecurityInfoFull { at_most } => published.with("atMost", at_most.to_string()),
        _ => published,
    }
}

/// The code, the reason and the text of each refusal.
fn shape(refusal: &Refusal) -> status::Refusal {
    use Code::{
        Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied,
        ResourceExhausted, Unauthenticated,
    };
    use ErrorReason as Reason;
    use status::Refusal as Published;
    let new = Published::new::<Reason>;
    match refusal {
        Refusal::CallerNotAllowed { .. } => new(
            PermissionDenied,
            Reason::CallerNotAllowed,
            "the caller may not do this, name this tenant or assert this",
        ),
        Refusal::AuthorityMissing(_) => {
            new(PermissionDenied, Reason::AuthorityMissing, "the administrator's roles do not reach this")
        }
        Refusal::NotOnYourself => {
            new(PermissionDenied, Reason::NotOnYourself, "administrators do not act on themselves")
        }
        Refusal::LastGlobalAdministrator => new(
            FailedPrecondition,
            Reason::LastGlobalAdministrator,
            "a tenant keeps at least one global administrator who can sign in",
        ),
        Refusal::FieldsInvalid(_) => {
            new(InvalidArgument, Reason::FieldInvalid, "one or more fields are missing or malformed")
        }
        Refusal::PageTokenInvalid => {
            new(InvalidArgument, Reason::PageTokenInvalid, "the page token is not valid for this list")
        }
        Refusal::EtagMismatch => {
            new(Aborted, Reason::EtagMismatch, "somebody else changed it meanwhile; read it again")
        }
        Refusal::PolicyRevisionNotFound => {
            new(NotFound, Reason::PolicyRevisionNotFound, "the policy has no such revision")
        }
        Refusal::PolicyLocksOutAdministrators => new(
            FailedPrecondition,
            Reason::PolicyLocksOutAdministrators,
            "under this policy no global administrator could sign in or reset their password",
        ),
        Refusal::RequestIdReused => {
            new(InvalidArgument, Reason::RequestIdReused, "the request id was used for other content")
        }
        Refusal::TenantNotFound => new(NotFound, Reason::TenantNotFound, "no such tenant"),
        Refusal::TenantElsewhere { .. } => {
            new(FailedPrecondition, Reason::TenantElsewhere, "the tenant is at home in another region")
        }
        Refusal::TenantTaken => {
            new(AlreadyExists, Reason::TenantTaken, "another tenant has this handle or domain")
        }
        Refusal::StoreNotEmpty => new(
            FailedPrecondition,
            Reason::StoreNotEmpty,
            "the store holds a tenant already; bootstrap is for an empty one",
        ),
        Refusal::AccountNotFound => new(NotFound, Reason::AccountNotFound, "no such account in this tenant"),
        Refusal::LoginTaken => new(AlreadyExists, Reason::LoginTaken, "another account has this login"),
        Refusal::ExternalIdTaken => {
            new(AlreadyExists, Reason::ExternalIdTaken, "another account has this external id")
        }
        Refusal::GroupNotFound => new(NotFound, Reason::GroupNotFound, "no such group in this tenant"),
        Refusal::GroupCycle => {
            new(FailedPrecondition, Reason::GroupCycle, "the group would be inside itself")
        }
        Refusal::GroupTooDeep => new(FailedPrecondition, Reason::GroupTooDeep, "groups nest at most 16 deep"),
        Refusal::GroupInPolicy => {
            new(FailedPrecondition, Reason::GroupInPolicy, "the policy in force names the group")
        }
        Refusal::ImportNotFound => new(NotFound, Reason::ImportNotFound, "no such import in this tenant"),
        Refusal::ImportEnded => {
            new(FailedPrecondition, Reason::ImportEnded, "the import was finished or cancelled")
        }
        Refusal::ImportSequenceGap { .. } => {
            new(FailedPrecondition, Reason::ImportSequenceGap, "a chunk is missing before this one")
        }
        Refusal::ImportChunkChanged => new(
            InvalidArgument,
            Reason::ImportChunkChanged,
            "the chunk of this number was taken with other records",
        ),
        Refusal::ImportsFull => {
            new(ResourceExhausted, Reason::ImportsFull, "the tenant has as many open imports as it may")
        }
        Refusal::ResetInvalid => {
            new(FailedPrecondition, Reason::ResetInvalid, "the reset is not valid any more; start again")
        }
        Refusal::ResetNotPossible(why) => {
            new(FailedPrecondition, not_possible(*why), "this account cannot be reset by its owner")
        }
        Refusal::MethodUnknownInReset => {
            new(InvalidArgument, Reason::MethodUnknownInReset, "this reset offers no such method")
        }
        Refusal::MethodAlreadyProved => {
            new(FailedPrecondition, Reason::MethodAlreadyProved, "the method has been proved; use another")
        }
        Refusal::ProofsMissing { .. } => {
            new(FailedPrecondition, Reason::ProofsMissing, "the reset needs more proofs")
        }
        Refusal::AttemptsExhausted => new(
            ResourceExhausted,
            Reason::AttemptsExhausted,
            "the reset has used up its attempts; start again",
        ),
        Refusal::HelpMessageRefused(_) => {
            new(InvalidArgument, Reason::HelpMessageRefused, "the message is not taken")
        }
        Refusal::RepudiationInvalid => {
            new(FailedPrecondition, Reason::RepudiationInvalid, "the link is not valid any more")
        }
        Refusal::ResetLinkInvalid => new(
            FailedPrecondition,
            Reason::ResetLinkInvalid,
            "the link is not valid any more; ask for another",
        ),
        Refusal::NoAddressForLink => new(
            FailedPrecondition,
            Reason::NoAddressForLink,
            "the account has no confirmed mail address, or only ones that were changed lately",
        ),
        Refusal::AccountNotOpen => new(
            FailedPrecondition,
            Reason::AccountNotOpen,
            "the account is blocked or frozen; release it first",
        ),
        Refusal::PasswordRefused(_) => {
            new(InvalidArgument, Reason::PasswordRefused, "the password breaks rules of the tenant")
        }
        Refusal::NoPassword => {
            new(FailedPrecondition, Reason::NoPassword, "the account has no password to change")
        }
        Refusal::PasswordManagedElsewhere => new(
            FailedPrecondition,
            Reason::PasswordManagedElsewhere,
            "another directory manages the password; reset it there",
        ),
        Refusal::HelpRequestNotFound => {
            new(NotFound, Reason::HelpRequestNotFound, "no such help request in this tenant")
        }
        Refusal::HelpRequestSettled => {
            new(FailedPrecondition, Reason::HelpRequestSettled, "the help request is settled or has expired")
        }
        Refusal::HelpRequestClaimed => {
            new(FailedPrecondition, Reason::HelpRequestClaimed, "somebody else works on the help request")
        }
        Refusal::NoMethodForCaller => new(
            FailedPrecondition,
            Reason::NoMethodForCaller,
            "the account has no confirmed address of that kind, or only ones that were changed lately",
        ),
        Refusal::CallerCodeInvalid => new(
            FailedPrecondition,
            Reason::CallerCodeInvalid,
            "the caller's code is not valid any more; send another one",
        ),
        Refusal::BulkResetNotFound => {
            new(NotFound, Reason::BulkResetNotFound, "no such bulk reset in this tenant")
        }
        Refusal::BulkResetRunning => new(
            FailedPrecondition,
            Reason::BulkResetRunning,
            "another bulk reset of the tenant is not over; cancel it or wait for its end",
        ),
        Refusal::BulkResetNotCollecting => new(
            FailedPrecondition,
            Reason::BulkResetNotCollecting,
            "the bulk reset takes no accounts, or none any more",
        ),
        Refusal::BulkResetChunkMissing => new(
            FailedPrecondition,
            Reason::BulkResetChunkMissing,
            "a chunk before this one is missing; read the bulk reset for the one that comes next",
        ),
        Refusal::ChallengeInvalid => {
            new(FailedPrecondition, Reason::ChallengeInvalid, "the challenge is not valid any more")
        }
        Refusal::RefreshTokenInvalid => {
            new(Unauthenticated, Reason::RefreshTokenInvalid, "the refresh token is not valid; sign in again")
        }
        Refusal::OtherTokenInvalid => new(
            FailedPrecondition,
            Reason::OtherTokenInvalid,
            "the token of the other account is not live, of another backend, or of this very tenant",
        ),
        Refusal::TenantNotLinked => {
            new(NotFound, Reason::TenantNotLinked, "no account of that tenant is linked with this one")
        }
        Refusal::LinkSuspended => new(
            FailedPrecondition,
            Reason::LinkSuspended,
            "the link is suspended; link the accounts anew, signed in to both",
        ),
        Refusal::LinksFull => {
            new(ResourceExhausted, Reason::LinksFull, "an account has as many links as it may")
        }
        Refusal::AccessTokenInvalid => {
            new(Unauthenticated, Reason::AccessTokenInvalid, "the access token is not valid")
        }
        Refusal::SignInNotRecent => {
            new(FailedPrecondition, Reason::SignInNotRecent, "the sign-in is too old for this; sign in again")
        }
        Refusal::SecurityInfoNotFound => {
            new(NotFound, Reason::SecurityInfoNotFound, "no such security info on this account")
        }
        Refusal::SecurityInfoTaken => new(
            AlreadyExists,
            Reason::SecurityInfoTaken,
            "the account has this address, or an account this passkey",
        ),
        Refusal::SecurityInfoFull { .. } => {
            new(ResourceExhausted, Reason::SecurityInfoFull, "the account may hold no more of this kind")
        }
        Refusal::PasskeysNotConfigured => {
            new(FailedPrecondition, Reason::PasskeysNotConfigured, "this deployment takes no passkeys")
        }
        Refusal::PasskeySignInOff => new(
            FailedPrecondition,
            Reason::PasskeySignInOff,
            "the tenant's people do not sign in with a passkey alone",
        ),
        Refusal::PasskeyRefused(_) => {
            new(InvalidArgument, Reason::PasskeyRefused, "what the browser made is no passkey for here")
        }
        Refusal::SendLimited { .. } => {
            new(ResourceExhausted, Reason::SendLimited, "no code can be sent so soon")
        }
        Refusal::SendsExhausted => {
            new(ResourceExhausted, Reason::SendLimited, "no code is left in this reset; start a new one")
        }
        Refusal::ResumeTokenInvalid => {
            new(InvalidArgument, Reason::ResumeTokenInvalid, "the resume token is not valid for this tenant")
        }
        Refusal::EventsForgotten => {
            new(Code::OutOfRange, Reason::EventsForgotten, "events behind the token are not kept any more")
        }
        Refusal::WatchersFull { .. } => {
            new(ResourceExhausted, Reason::WatchersFull, "too many streams of events are open")
        }
        Refusal::AuditWebhookNotFound => {
            new(NotFound, Reason::AuditWebhookNotFound, "no such webhook in this tenant")
        }
        Refusal::AuditWebhooksFull => {
            new(ResourceExhausted, Reason::AuditWebhooksFull, "the tenant has as many webhooks as it may")
        }
        Refusal::Throttled { .. } => new(ResourceExhausted, Reason::Throttled, "too many calls"),
        Refusal::HashingBusy { .. } => {
            new(ResourceExhausted, Reason::HashingBusy, "too many passwords are being hashed")
        }
    }
}

/// A frozen account shows as blocked: that somebody repudiated a reset is not for whoever asks.
fn not_possible(why: Ineligible) -> ErrorReason {
    match why {
        Ineligible::AccountBlocked | Ineligible::AccountFrozen => ErrorReason::AccountBlocked,
        Ineligible::AccountManagedElsewhere => ErrorReason::AccountManagedElsewhere,
        Ineligible::ResetNotEnabled => ErrorReason::ResetNotEnabled,
        Ineligible::AccountNotInScope => ErrorReason::AccountNotInScope,
        Ineligible::ResetNotLicensed => ErrorReason::ResetNotLicensed,
        Ineligible::TooFewMethods => ErrorReason::TooFewMethods,
    }
}

/// Names the rules in the metadata and explains each to a person.
fn password(published: status::Refusal, verdict: &Verdict, field: &'static str) -> status::Refusal {
    let rules: Vec<_> = verdict.broken.iter().map(|broken| broken.as_str()).collect();
    let published = published.with("rules", rules.join(","));
    verdict.broken.iter().fold(published, |published, broken| published.field(field, explained(*broken)))
}

/// What a person must do about a broken rule; never the word that broke it.
fn explained(broken: Broken) -> String {
    match broken {
        Broken::MinimumLength { minimum } => format!("must have at least {minimum} characters"),
        Broken::MaximumLength { maximum } => format!("must have at most {maximum} characters"),
        Broken::CharacterClasses => {
            "must have three of: upper case, lower case, digits, other characters".to_owned()
        }
        Broken::Common => "must not be a password that many people use, or nearly one".to_owned(),
        Broken::BannedTerm => "must not be a term the organisation has ruled out, or nearly one".to_owned(),
        Broken::Personal => "must not contain the person's names, logins or addresses".to_owned(),
        Broken::Organisation => "must not contain the organisation's name".to_owned(),
        Broken::TooSimple { .. } => "must be more than well-known words".to_owned(),
        Broken::History => "must not be one of the last passwords".to_owned(),
    }
}

fn help_message(why: MessageRefused) -> &'static str {
    match why {
        MessageRefused::TooLong => "must be at most 500 characters",
        MessageRefused::Link => "must hold no links or addresses",
        MessageRefused::NotPlain => "must be plain text",
    }
}

/// Logs a failure once, with everything behind it, and says on the wire only whether to come back.
fn broken(failed: &Failed) -> Status {
    let chain = chain(failed);
    if failed.is_unavailable() {
        tracing::warn!(error = chain, "a store or a neighbour failed");
        return status::Refusal::of_failure::<ErrorReason>(true).into_status();
    }
    tracing::error!(error = chain, "a call failed");
    status::Refusal::of_failure::<ErrorReason>(false).into_status()
}

fn chain(failed: &Failed) -> String {
    let mut text = failed.to_string();
    let mut source = failed.source();
    while let Some(error) = source {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
