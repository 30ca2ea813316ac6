//! Every "no" as its published reason, in one exhaustive match; and what broke, as little as may be said of it.
//!
//! The names of reasons are the domain's, which a test there holds to `error_reason.proto`; codes, texts and details
//! are chosen here, and a test holds the codes to the comments of the same file.

use std::error::Error as _;
use std::fmt::Write as _;

use rekey_wire::identity::v1::{DOMAIN, ErrorReason};
use rekey_wire::reason::Reason as _;
use rekey_wire::status;
use tonic::{Code, Status};

use crate::domain::help::MessageRefused;
use crate::domain::password::{Broken, Verdict};
use crate::domain::refusal::Refusal;
use crate::flows::{Error, Failed};

/// The status of a flow that gave no answer.
pub(super) fn status(error: Error) -> Status {
    match error {
        Error::Refused(refusal) => refused(&refusal),
        Error::Failed(failed) => broken(&failed),
    }
}

/// The same for flows whose password stands in the field `password`.
pub(crate) fn status_of_creation(error: Error) -> Status {
    match error {
        Error::Refused(refusal) => published(&refusal, "password").into_status(),
        Error::Failed(failed) => broken(&failed),
    }
}

/// The status of a refusal.
pub(super) fn refused(refusal: &Refusal) -> Status {
    published(refusal, "new_password").into_status()
}

/// A refusal with everything a caller may know about it.
fn published(refusal: &Refusal, password_field: &'static str) -> status::Refusal {
    let (code, text) = code_and_text(refusal);
    // A test holds the domain's words to the contract.
    let reason = ErrorReason::read(DOMAIN, refusal.reason()).unwrap_or(ErrorReason::Internal);
    let published = status::Refusal::new(code, reason, text);
    let published = match refusal.retry_after() {
        Some(wait) => published.retry_after(wait),
        None => published,
    };
    match refusal {
        Refusal::AuthorityMissing(missing) => {
            let published = published.with("permission", missing.permission.as_str());
            match missing.beyond_reach {
                Some(role) => published.with("beyond_reach", role.as_str()),
                None => published,
            }
        }
        Refusal::FieldsInvalid(fields) => fields.iter().fold(published, |published, wrong| {
            published.field(wrong.field.as_ref(), format!("must be {}", wrong.must_be))
        }),
        Refusal::ProofsMissing { remaining } => published.with("proofs_remaining", remaining.to_string()),
        Refusal::HelpMessageRefused(why) => published.field("message", help_message(*why)),
        Refusal::PasswordRefused(verdict) => password(published, verdict, password_field),
        Refusal::SecurityInfoFull { at_most } => published.with("at_most", at_most.to_string()),
        _ => published,
    }
}

fn code_and_text(refusal: &Refusal) -> (Code, &'static str) {
    use Code::{
        AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, ResourceExhausted,
        Unauthenticated,
    };
    match refusal {
        Refusal::CallerNotAllowed => {
            (PermissionDenied, "the caller may not do this, name this tenant or assert this")
        }
        Refusal::AuthorityMissing(_) => (PermissionDenied, "the administrator's roles do not reach this"),
        Refusal::NotOnYourself => (PermissionDenied, "administrators do not act on themselves"),
        Refusal::LastGlobalAdministrator => {
            (FailedPrecondition, "a tenant keeps at least one global administrator who can sign in")
        }
        Refusal::FieldsInvalid(_) => (InvalidArgument, "one or more fields are missing or malformed"),
        Refusal::PageTokenInvalid => (InvalidArgument, "the page token is not valid for this list"),
        Refusal::RequestIdReused => (InvalidArgument, "the request id was used for other content"),
        Refusal::TenantNotFound => (NotFound, "no such tenant"),
        Refusal::TenantTaken => (AlreadyExists, "another tenant has this handle or domain"),
        Refusal::StoreNotEmpty => {
            (FailedPrecondition, "the store holds a tenant already; bootstrap is for an empty one")
        }
        Refusal::AccountNotFound => (NotFound, "no such account in this tenant"),
        Refusal::LoginTaken => (AlreadyExists, "another account has this login"),
        Refusal::ExternalIdTaken => (AlreadyExists, "another account has this external id"),
        Refusal::ResetInvalid => (FailedPrecondition, "the reset is not valid any more; start again"),
        Refusal::ResetNotPossible(_) => (FailedPrecondition, "this account cannot be reset by its owner"),
        Refusal::MethodUnknownInReset => (InvalidArgument, "this reset offers no such method"),
        Refusal::MethodAlreadyProved => (FailedPrecondition, "the method has been proved; use another"),
        Refusal::ProofsMissing { .. } => (FailedPrecondition, "the reset needs more proofs"),
        Refusal::AttemptsExhausted => (ResourceExhausted, "the reset has used up its attempts; start again"),
        Refusal::HelpMessageRefused(_) => (InvalidArgument, "the message is not taken"),
        Refusal::RepudiationInvalid => (FailedPrecondition, "the link is not valid any more"),
        Refusal::PasswordRefused(_) => (InvalidArgument, "the password breaks rules of the tenant"),
        Refusal::CurrentPasswordRejected => (Unauthenticated, "the current password is not right"),
        Refusal::NoPassword => (FailedPrecondition, "the account has no password to change"),
        Refusal::ChallengeInvalid => (FailedPrecondition, "the challenge is not valid any more"),
        Refusal::RefreshTokenInvalid => (Unauthenticated, "the refresh token is not valid; sign in again"),
        Refusal::AccessTokenInvalid => (Unauthenticated, "the access token is not valid"),
        Refusal::SignInNotRecent => (FailedPrecondition, "the sign-in is too old for this; sign in again"),
        Refusal::SecurityInfoNotFound => (NotFound, "no such security info on this account"),
        Refusal::SecurityInfoTaken => (AlreadyExists, "the account has this address already"),
        Refusal::SecurityInfoFull { .. } => (ResourceExhausted, "the account may hold no more of this kind"),
        Refusal::CodeRejected => (InvalidArgument, "the code is not right"),
        Refusal::SendLimited { .. } => (ResourceExhausted, "no code can be sent so soon"),
        Refusal::Throttled { .. } => (ResourceExhausted, "too many calls"),
        Refusal::HashingBusy { .. } => (ResourceExhausted, "too many passwords are being hashed"),
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
