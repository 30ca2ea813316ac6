//! Why the person of an account cannot sign in or reset: every check in its order, and the one step that mends what is wrong.

use rekey_primitives::clock::Timestamp;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{SignInCheck, SignInCheckResult, SignInCheckState, SignInRemedy};
use tonic::Status;

use super::super::listing::time_cell;
use crate::peers::timestamp_from_wire;
use crate::view::{Badge, Cell, Html, Table};
use crate::web::{CurrentUser, Fault, role_name};
use crate::words::{AdministrationWords, DiagnosisWords};

/// The checks of the account that has this login.
pub(super) async fn diagnose(user: &CurrentUser, login: &str) -> Result<Vec<SignInCheckResult>, Status> {
    let request = wire::DiagnoseSignInRequest {
        tenant_id: user.tenant().to_string(),
        login: login.to_owned(),
        context: user.request_context(),
    };
    let diagnosed = HelpDeskServiceClient::new(user.identity()).diagnose_sign_in(request).await?;
    Ok(diagnosed.into_inner().checks)
}

/// Until when wrong passwords have locked the login.
pub(super) fn locked_until(checks: &[SignInCheckResult]) -> Option<Timestamp> {
    let locked = checks.iter().find(|result| {
        result.check == i32::from(SignInCheck::NotLocked)
            && result.state == i32::from(SignInCheckState::Wrong)
    });
    locked.and_then(|result| timestamp_from_wire(result.end_time.as_ref()))
}

/// The checks, and what to do.
pub(super) fn table(user: &CurrentUser, checks: &[SignInCheckResult]) -> Result<Html, Fault> {
    let texts = user.context.texts();
    let words = &texts.diagnosis;
    let row = |result: &SignInCheckResult| {
        let name = check_name(words, result.check);
        let check =
            if result.method.is_empty() { name.to_owned() } else { format!("{name}: {}", result.method) };
        vec![
            Cell::Text(check),
            state(words, result.state),
            Cell::Text(remedy_name(words, result.remedy).to_owned()),
            Cell::Text(roles(&texts.administration, &result.remedy_roles)),
            time_cell(result.end_time.as_ref()),
        ]
    };
    user.context.table(Table {
        caption: &words.title,
        columns: &[
            &words.column_check,
            &words.column_result,
            &words.column_remedy,
            &words.column_roles,
            &words.column_until,
        ],
        rows: checks.iter().map(row).collect(),
        empty: &words.empty,
        next: None,
    })
}

fn roles(names: &AdministrationWords, roles: &[i32]) -> String {
    roles.iter().map(|role| role_name(names, *role)).collect::<Vec<_>>().join(", ")
}

fn state(words: &DiagnosisWords, state: i32) -> Cell {
    let (badge, text) = match SignInCheckState::try_from(state) {
        Ok(SignInCheckState::Ok) => (Badge::Good, words.state_ok.as_str()),
        Ok(SignInCheckState::Wrong) => (Badge::Bad, words.state_wrong.as_str()),
        Ok(SignInCheckState::Unknown | SignInCheckState::Unspecified) | Err(_) => {
            (Badge::Plain, words.state_unknown.as_str())
        }
    };
    Cell::Badge(badge, text.to_owned())
}

fn check_name(words: &DiagnosisWords, check: i32) -> &str {
    match SignInCheck::try_from(check) {
        Ok(SignInCheck::Exists) => &words.check_exists,
        Ok(SignInCheck::NotBlocked) => &words.check_not_blocked,
        Ok(SignInCheck::NotFrozen) => &words.check_not_frozen,
        Ok(SignInCheck::ManagedHere) => &words.check_managed_here,
        Ok(SignInCheck::NotLocked) => &words.check_not_locked,
        Ok(SignInCheck::HasPassword) => &words.check_has_password,
        Ok(SignInCheck::TemporaryPasswordAlive) => &words.check_temporary_password_alive,
        Ok(SignInCheck::PasswordNotExpired) => &words.check_password_not_expired,
        Ok(SignInCheck::NoChangeRequired) => &words.check_no_change_required,
        Ok(SignInCheck::ResetInScope) => &words.check_reset_in_scope,
        Ok(SignInCheck::ResetLicensed) => &words.check_reset_licensed,
        Ok(SignInCheck::EnoughMethods) => &words.check_enough_methods,
        Ok(SignInCheck::MethodServes) => &words.check_method_serves,
        Ok(SignInCheck::AddressDeliverable) => &words.check_address_deliverable,
        Ok(SignInCheck::NotThrottled) => &words.check_not_throttled,
        Ok(SignInCheck::Unspecified) | Err(_) => "?",
    }
}

/// The step that mends it; nothing where nothing is wrong.
fn remedy_name(words: &DiagnosisWords, remedy: i32) -> &str {
    match SignInRemedy::try_from(remedy) {
        Ok(SignInRemedy::CheckLogin) => &words.remedy_check_login,
        Ok(SignInRemedy::Unblock) => &words.remedy_unblock,
        Ok(SignInRemedy::Unfreeze) => &words.remedy_unfreeze,
        Ok(SignInRemedy::OtherDirectory) => &words.remedy_other_directory,
        Ok(SignInRemedy::Unlock) => &words.remedy_unlock,
        Ok(SignInRemedy::ResetPassword) => &words.remedy_reset_password,
        Ok(SignInRemedy::ChangePassword) => &words.remedy_change_password,
        Ok(SignInRemedy::ChangePolicy) => &words.remedy_change_policy,
        Ok(SignInRemedy::AddSeat) => &words.remedy_add_seat,
        Ok(SignInRemedy::AddMethod) => &words.remedy_add_method,
        Ok(SignInRemedy::Wait) => &words.remedy_wait,
        Ok(SignInRemedy::ConfirmMethod) => &words.remedy_confirm_method,
        Ok(SignInRemedy::LookAtMessages) => &words.remedy_look_at_messages,
        Ok(SignInRemedy::Unspecified) => "",
        Err(_) => "?",
    }
}

#[cfg(test)]
mod tests {
    use rekey_wire::time::timestamp;

    use super::*;

    fn result(check: SignInCheck, state: SignInCheckState) -> SignInCheckResult {
        let end_time = Some(timestamp(1_000_000));
        SignInCheckResult {
            check: check.into(),
            state: state.into(),
            end_time,
            ..SignInCheckResult::default()
        }
    }

    #[test]
    fn an_account_is_locked_while_its_check_says_so() {
        let throttled = result(SignInCheck::NotThrottled, SignInCheckState::Wrong);
        let open = result(SignInCheck::NotLocked, SignInCheckState::Ok);
        let locked = result(SignInCheck::NotLocked, SignInCheckState::Wrong);

        assert_eq!(locked_until(&[throttled.clone(), open]), None);
        assert_eq!(locked_until(&[throttled, locked]), Some(Timestamp::from_unix_micros(1_000_000)));
    }
}
