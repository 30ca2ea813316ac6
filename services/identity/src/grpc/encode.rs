//! From views into messages, for what more than one service shows.

use prost_types::Timestamp as Wire;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::method::MethodKind;
use rekey_wire::identity::v1 as wire;
use rekey_wire::time;

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

/// The kind of a method.
pub(super) fn kind(kind: MethodKind) -> wire::MethodKind {
    match kind {
        MethodKind::Email => wire::MethodKind::Email,
        MethodKind::Phone => wire::MethodKind::Phone,
        MethodKind::Authenticator => wire::MethodKind::Authenticator,
        MethodKind::RecoveryCode => wire::MethodKind::RecoveryCode,
    }
}

pub(super) fn account(view: AccountView) -> wire::Account {
    wire::Account {
        account_id: view.account_id.hyphenated().to_string(),
        tenant_id: view.tenant_id.hyphenated().to_string(),
        logins: view.logins,
        display_name: view.display_name,
        external_id: view.external_id.unwrap_or_default(),
        has_password: view.password.is_some(),
        must_change_password: view.password.is_some_and(|password| password.must_change),
        blocked: view.blocked,
        frozen: view.frozen,
        managed_elsewhere: view.managed_elsewhere,
        roles: view.roles,
        etag: etag(view.version),
        create_time: Some(time::timestamp(view.created_at)),
        update_time: Some(time::timestamp(view.updated_at)),
        password_time: view.password.map(|password| time::timestamp(password.set_at)),
    }
}

pub(super) fn tenant(view: TenantView) -> wire::Tenant {
    wire::Tenant {
        tenant_id: view.tenant_id.hyphenated().to_string(),
        handle: view.handle,
        display_name: view.display_name,
        domains: view.domains,
        licensed_accounts: view.licensed_accounts.map_or(0, count),
        etag: etag(view.version),
        create_time: Some(time::timestamp(view.created_at)),
        update_time: Some(time::timestamp(view.updated_at)),
    }
}

pub(super) fn security_info(view: SecurityInfoView) -> wire::SecurityInfo {
    let state = match view.state {
        SecurityInfoState::Unconfirmed => wire::SecurityInfoState::Unconfirmed,
        SecurityInfoState::Prefilled => wire::SecurityInfoState::Prefilled,
        SecurityInfoState::Quarantined => wire::SecurityInfoState::Quarantined,
        SecurityInfoState::Usable => wire::SecurityInfoState::Usable,
        SecurityInfoState::Disabled => wire::SecurityInfoState::Disabled,
    };
    wire::SecurityInfo {
        security_info_id: view.security_info_id.hyphenated().to_string(),
        kind: view.kind().map_or(wire::MethodKind::Unspecified, kind).into(),
        masked_destination: view.masked_destination,
        state: state.into(),
        is_default: view.is_default,
        create_time: Some(time::timestamp(view.added_at)),
        usable_time: view.usable_at.map(time::timestamp),
    }
}
