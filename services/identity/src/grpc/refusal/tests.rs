use std::time::Duration;

use tonic_types::StatusExt as _;

use super::*;
use crate::domain::authority::{MissingPermission, Permission, Role};
use crate::domain::eligibility::Ineligible;
use crate::domain::passkey::PasskeyRefused;
use crate::store;

const CONTRACT: &str = include_str!("../../../../../proto/rekey/identity/v1/error_reason.proto");

const WAIT: Duration = Duration::from_secs(30);

/// One of each; the match in `shape` fails to build when a kind is added, and `every_kind_is_listed` fails
/// when it is not added here.
fn all() -> Vec<Refusal> {
    let missing = MissingPermission {
        permission: Permission::BlockSignIn,
        beyond_reach: Some(Role::GlobalAdministrator),
    };
    vec![
        Refusal::CallerNotAllowed { missing: "tenants" },
        Refusal::AuthorityMissing(missing),
        Refusal::NotOnYourself,
        Refusal::LastGlobalAdministrator,
        Refusal::field("login", "1 to 256 bytes"),
        Refusal::PageTokenInvalid,
        Refusal::RequestIdReused,
        Refusal::EtagMismatch,
        Refusal::PolicyRevisionNotFound,
        Refusal::PolicyLocksOutAdministrators,
        Refusal::TenantNotFound,
        Refusal::TenantElsewhere { region: "eu".to_owned() },
        Refusal::TenantTaken,
        Refusal::StoreNotEmpty,
        Refusal::AccountNotFound,
        Refusal::LoginTaken,
        Refusal::ExternalIdTaken,
        Refusal::GroupNotFound,
        Refusal::GroupCycle,
        Refusal::GroupTooDeep,
        Refusal::GroupInPolicy,
        Refusal::ImportNotFound,
        Refusal::ImportEnded,
        Refusal::ImportSequenceGap { expected: 3 },
        Refusal::ImportChunkChanged,
        Refusal::ImportsFull,
        Refusal::ResetInvalid,
        Refusal::ResetNotPossible(Ineligible::AccountFrozen),
        Refusal::MethodUnknownInReset,
        Refusal::ResetLinkInvalid,
        Refusal::NoMethodForCaller,
        Refusal::CallerCodeInvalid,
        Refusal::BulkResetNotFound,
        Refusal::BulkResetRunning,
        Refusal::BulkResetNotCollecting,
        Refusal::BulkResetChunkMissing,
        Refusal::NoAddressForLink,
        Refusal::AccountNotOpen,
        Refusal::MethodAlreadyProved,
        Refusal::ProofsMissing { remaining: 1 },
        Refusal::AttemptsExhausted,
        Refusal::HelpMessageRefused(MessageRefused::Link),
        Refusal::RepudiationInvalid,
        Refusal::PasswordRefused(Verdict::reused()),
        Refusal::NoPassword,
        Refusal::PasswordManagedElsewhere,
        Refusal::HelpRequestNotFound,
        Refusal::HelpRequestSettled,
        Refusal::HelpRequestClaimed,
        Refusal::ChallengeInvalid,
        Refusal::RefreshTokenInvalid,
        Refusal::AccessTokenInvalid,
        Refusal::SignInNotRecent,
        Refusal::OtherTokenInvalid,
        Refusal::TenantNotLinked,
        Refusal::LinkSuspended,
        Refusal::LinksFull,
        Refusal::SecurityInfoNotFound,
        Refusal::SecurityInfoTaken,
        Refusal::SecurityInfoFull { at_most: 5 },
        Refusal::PasskeysNotConfigured,
        Refusal::PasskeySignInOff,
        Refusal::PasskeyRefused(PasskeyRefused::Origin),
        Refusal::ResumeTokenInvalid,
        Refusal::EventsForgotten,
        Refusal::WatchersFull { retry_after: WAIT },
        Refusal::AuditWebhookNotFound,
        Refusal::AuditWebhooksFull,
        Refusal::SendLimited { retry_after: WAIT },
        Refusal::SendsExhausted,
        Refusal::Throttled { retry_after: WAIT },
        Refusal::HashingBusy { retry_after: WAIT },
    ]
}

/// The code that the comment of a reason begins with.
fn published_code(reason: &str) -> String {
    let value = format!("  ERROR_REASON_{reason} = ");
    let before = CONTRACT.split(&value).next().unwrap();
    let mut comment: Vec<&str> =
        before.lines().rev().map(str::trim).take_while(|line| line.starts_with("//")).collect();
    comment.reverse();
    comment[0].trim_start_matches("// ").split(':').next().unwrap().to_owned()
}

fn wire_name(code: Code) -> String {
    let words = format!("{code:?}");
    let mut name = String::new();
    for letter in words.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

#[test]
fn every_kind_is_listed() {
    let source = include_str!("../refusal.rs");
    let details = source.split("fn shape").next().unwrap();
    let kinds = source.matches("        Refusal::").count();

    assert_eq!(all().len(), kinds - details.matches("        Refusal::").count());
}

#[test]
fn every_refusal_has_a_published_reason_and_the_code_its_comment_says() {
    for refusal in all() {
        let status = refused(&refusal);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();

        assert!(ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)).is_some(), "{info:?}");
        assert_eq!(wire_name(status.code()), published_code(&info.reason), "{}", info.reason);
        assert_eq!(info.domain, "rekey.identity");
    }
}

#[test]
fn what_refuses_an_account_of_a_job_is_named_as_its_reason() {
    let missing = MissingPermission { permission: Permission::ResetPassword, beyond_reach: None };
    for refusal in [
        Refusal::AccountNotFound,
        Refusal::AuthorityMissing(missing),
        Refusal::NotOnYourself,
        Refusal::PasswordManagedElsewhere,
        Refusal::NoPassword,
        Refusal::NoAddressForLink,
        Refusal::AccountNotOpen,
    ] {
        assert_eq!(refusal.name().to_ascii_uppercase(), shape(&refusal).reason(), "{refusal:?}");
    }
}

#[test]
fn a_frozen_account_shows_as_blocked() {
    let reasons = [
        Ineligible::AccountBlocked,
        Ineligible::AccountFrozen,
        Ineligible::AccountManagedElsewhere,
        Ineligible::AccountNotInScope,
        Ineligible::ResetNotEnabled,
        Ineligible::ResetNotLicensed,
        Ineligible::TooFewMethods,
    ]
    .map(not_possible);

    assert_eq!(reasons[0], reasons[1]);
    assert_eq!(reasons[2..].iter().collect::<std::collections::HashSet<_>>().len(), 5);
}

#[test]
fn only_limits_say_when_to_come_back() {
    for refusal in all() {
        let details = refused(&refusal).get_error_details();
        let wait = details.retry_info().and_then(|info| info.retry_delay);

        assert_eq!(wait, refusal.retry_after(), "{refusal:?}");
    }
}

#[test]
fn a_refused_password_names_its_rules_and_explains_each() {
    let broken = vec![Broken::MinimumLength { minimum: 15 }, Broken::Common];
    let refusal = Refusal::PasswordRefused(Verdict { broken });

    let reset = refused(&refusal).get_error_details();
    let creation = status_of_creation(Error::Refused(refusal)).get_error_details();

    assert_eq!(reset.error_info().unwrap().metadata["rules"], "MINIMUM_LENGTH,COMMON");
    let violations = &reset.bad_request().unwrap().field_violations;
    assert_eq!((violations.len(), violations[0].field.as_str()), (2, "new_password"));
    assert_eq!(violations[0].description, "must have at least 15 characters");
    assert_eq!(creation.bad_request().unwrap().field_violations[1].field, "password");
}

#[test]
fn a_missing_authority_is_named() {
    let missing = &all()[1];

    let metadata = refused(missing).get_error_details().error_info().unwrap().metadata.clone();

    assert_eq!(metadata["permission"], "block_sign_in");
    assert_eq!(metadata["beyondReach"], "global_administrator");
}

#[test]
fn what_broke_says_nothing_but_whether_to_come_back() {
    let away = store::Failure::Unavailable("postgres://rekey:s3cr3t@db".into());
    let lost = Failed::Unreadable { what: "a kept answer" };

    let unavailable = status(Error::from(away));
    let internal = status(Error::from(lost));

    assert_eq!((unavailable.code(), internal.code()), (Code::Unavailable, Code::Internal));
    let details = unavailable.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "UNAVAILABLE");
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(2)));
    assert_eq!(internal.get_error_details().error_info().unwrap().reason, "INTERNAL");
    assert!(!format!("{unavailable:?}{internal:?}").contains("s3cr3t"));
    assert!(!internal.message().contains("kept"));
}
