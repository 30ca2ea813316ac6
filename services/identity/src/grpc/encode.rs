//! From values of the flows into messages, for what more than one service shows.

use prost_types::Timestamp as Wire;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::method::MethodKind;
use rekey_wire::identity::v1 as wire;

use crate::flows::shown::{EntryState, ShownAccount, ShownEntry, ShownTenant};

/// A moment.
pub(super) fn time(at: Timestamp) -> Option<Wire> {
    micros(at.unix_micros())
}

/// A moment that may be missing.
pub(super) fn maybe_time(at: Option<Timestamp>) -> Option<Wire> {
    at.and_then(time)
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

pub(super) fn account(shown: ShownAccount) -> wire::Account {
    wire::Account {
        account_id: shown.account_id.hyphenated().to_string(),
        tenant_id: shown.tenant_id.hyphenated().to_string(),
        logins: shown.logins,
        display_name: shown.display_name,
        external_id: shown.external_id.unwrap_or_default(),
        has_password: shown.password.is_some(),
        must_change_password: shown.password.is_some_and(|password| password.must_change),
        blocked: shown.blocked,
        frozen: shown.frozen,
        managed_elsewhere: shown.managed_elsewhere,
        roles: shown.roles,
        etag: etag(shown.version),
        create_time: micros(shown.created_at),
        update_time: micros(shown.updated_at),
        password_time: shown.password.and_then(|password| micros(password.set_at)),
    }
}

pub(super) fn tenant(shown: ShownTenant) -> wire::Tenant {
    wire::Tenant {
        tenant_id: shown.tenant_id.hyphenated().to_string(),
        handle: shown.handle,
        display_name: shown.display_name,
        domains: shown.domains,
        licensed_accounts: shown.licensed_accounts.map_or(0, count),
        etag: etag(shown.version),
        create_time: micros(shown.created_at),
        update_time: micros(shown.updated_at),
    }
}

pub(super) fn security_info(shown: ShownEntry) -> wire::SecurityInfo {
    let state = match shown.state {
        EntryState::Unconfirmed => wire::SecurityInfoState::Unconfirmed,
        EntryState::Prefilled => wire::SecurityInfoState::Prefilled,
        EntryState::Quarantined => wire::SecurityInfoState::Quarantined,
        EntryState::Usable => wire::SecurityInfoState::Usable,
        EntryState::Disabled => wire::SecurityInfoState::Disabled,
    };
    wire::SecurityInfo {
        security_info_id: shown.security_info_id.hyphenated().to_string(),
        kind: shown.kind().map_or(wire::MethodKind::Unspecified, kind).into(),
        masked_destination: shown.masked_destination,
        state: state.into(),
        is_default: shown.is_default,
        create_time: micros(shown.added_at),
        usable_time: shown.usable_at.and_then(micros),
    }
}

fn micros(at: i64) -> Option<Wire> {
    let nanos = i32::try_from(at.rem_euclid(1_000_000) * 1_000).ok()?;
    Some(Wire { seconds: at.div_euclid(1_000_000), nanos })
}
