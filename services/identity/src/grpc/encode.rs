//! From views into messages, for what more than one service shows.

use prost_types::Timestamp as Wire;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::{access, time};

use crate::views::{AccountView, SecurityInfoState, SecurityInfoView, TenantView};

/// A moment.
pub(super) fn moment(at: Timestamp) -> Option<Wire> {
    Some(time::timestamp(at.unix_micros()))
}

/// A moment that may be missing.
pub(super) fn maybe_moment(at: Option<Timestamp>) -> Option<Wire> {
    at.and_then(moment)
}

/// A number that the contract has as `int32`, clamped: what is beyond it is not told apart anyway.
pub(super) fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The etag of a version. Callers compare it and look no further.
pub(super) fn etag(version: i64) -> String {
    format!("\"{version:x}\"")
}

/// What may be missing, as a text: empty where it is.
pub(super) fn optional(value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Leads to the next page; empty on the last.
pub(super) fn page_token(next: Option<SecretString>) -> String {
    next.map(|token| token.expose_secret().to_owned()).unwrap_or_default()
}

/// The kind of a method.
pub(super) fn kind(kind: MethodKind) -> wire::MethodKind {
    match kind {
        MethodKind::Email => wire::MethodKind::Email,
        MethodKind::Phone => wire::MethodKind::Phone,
        MethodKind::Authenticator => wire::MethodKind::Authenticator,
        MethodKind::RecoveryCode => wire::MethodKind::RecoveryCode,
        MethodKind::Passkey => wire::MethodKind::Passkey,
    }
}

/// Kinds by their words, as numbers of the contract.
pub(super) fn kinds(words: &[String]) -> Vec<i32> {
    words.iter().filter_map(|word| MethodKind::parse(word)).map(|of| kind(of).into()).collect()
}

/// Roles by their words, as numbers of the contract.
pub(super) fn roles<'a>(words: impl Iterator<Item = &'a str>) -> Vec<i32> {
    words.filter_map(access::role_named).map(i32::from).collect()
}

/// Whether its person gets in, by what stops them first.
const fn state(view: &AccountView) -> wire::AccountState {
    match view {
        AccountView { deleted_at: Some(_), .. } => wire::AccountState::Deleted,
        AccountView { blocked: true, .. } => wire::AccountState::Blocked,
        AccountView { frozen: true, .. } => wire::AccountState::Frozen,
        _ => wire::AccountState::Active,
    }
}

pub(super) fn account(view: AccountView) -> wire::Account {
    let state = state(&view).into();
    wire::Account {
        account_id: view.account_id.hyphenated().to_string(),
        tenant_id: view.tenant_id.hyphenated().to_string(),
        logins: view.logins,
        display_name: view.display_name,
        external_id: view.external_id.unwrap_or_default(),
        has_password: view.password.is_some(),
        must_change_password: view.password.is_some_and(|password| password.must_change),
        state,
        managed_elsewhere: view.managed_elsewhere,
        roles: roles(view.roles.iter().map(String::as_str)),
        etag: etag(view.version),
        create_time: Some(time::timestamp(view.created_at)),
        update_time: Some(time::timestamp(view.updated_at)),
        password_time: view.password.map(|password| time::timestamp(password.set_at)),
        last_sign_in_time: view.last_sign_in_at.map(time::timestamp),
        delete_time: view.deleted_at.map(time::timestamp),
    }
}

pub(super) fn tenant(view: TenantView) -> wire::Tenant {
    wire::Tenant {
        tenant_id: view.tenant_id.hyphenated().to_string(),
        handle: view.handle,
        display_name: view.display_name,
        domains: view.domains,
        licensed_accounts: view.licensed_accounts.map_or(0, count),
        help_mailbox: view.help_mailbox.unwrap_or_default(),
        help_url: view.help_url.unwrap_or_default(),
        home_region: view.home_region.unwrap_or_default(),
        delete_time: view.deleted_at.map(time::timestamp),
        etag: etag(view.version),
        create_time: Some(time::timestamp(view.created_at)),
        update_time: Some(time::timestamp(view.updated_at)),
    }
}

pub(super) const fn security_info_state(state: SecurityInfoState) -> wire::SecurityInfoState {
    match state {
        SecurityInfoState::Unconfirmed => wire::SecurityInfoState::Unconfirmed,
        SecurityInfoState::Prefilled => wire::SecurityInfoState::Prefilled,
        SecurityInfoState::Quarantined => wire::SecurityInfoState::Quarantined,
        SecurityInfoState::Usable => wire::SecurityInfoState::Usable,
        SecurityInfoState::Disabled => wire::SecurityInfoState::Disabled,
    }
}

/// What a page tells beside an entry: that its channel is a restricted one (NIST SP 800-63B-4, 3.1.3.3 and 3.2.9).
fn notices(kind: Option<MethodKind>) -> Vec<i32> {
    let is_restricted = kind == Some(MethodKind::Phone);
    is_restricted.then_some(wire::SecurityInfoNotice::ChannelRestricted.into()).into_iter().collect()
}

pub(super) fn security_info(view: SecurityInfoView) -> wire::SecurityInfo {
    wire::SecurityInfo {
        security_info_id: view.security_info_id.hyphenated().to_string(),
        kind: view.kind().map_or(wire::MethodKind::Unspecified, kind).into(),
        notices: notices(view.kind()),
        masked_destination: view.masked_destination,
        state: security_info_state(view.state).into(),
        is_default: view.is_default,
        create_time: Some(time::timestamp(view.added_at)),
        usable_time: view.usable_at.map(time::timestamp),
        recovery_codes_remaining: view.codes_remaining.map_or(0, count),
        display_name: view.label.unwrap_or_default(),
    }
}
