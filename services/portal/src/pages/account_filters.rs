//! What accounts are filtered by, wherever that is done: the words that addresses and forms have for it, and what people read.

use rekey_wire::access::role_word;
use rekey_wire::identity::v1::{FilteredState, MethodKind};

use crate::web::{ALL_ROLES, role_name};
use crate::words::{AccountsWords, AdministrationWords};

/// States of accounts that have a password.
pub(super) const STATES: [(&str, FilteredState); 3] = [
    ("active", FilteredState::Active),
    ("blocked", FilteredState::Blocked),
    ("frozen", FilteredState::Frozen),
];

/// The state of those that have none any more.
pub(super) const DELETED: (&str, FilteredState) = ("deleted", FilteredState::Deleted);

pub(super) const METHODS: [(&str, MethodKind); 5] = [
    ("email", MethodKind::Email),
    ("phone", MethodKind::Phone),
    ("authenticator", MethodKind::Authenticator),
    ("recovery-code", MethodKind::RecoveryCode),
    ("passkey", MethodKind::Passkey),
];

/// The name of a state.
pub(super) fn state_name(words: &AccountsWords, state: FilteredState) -> &str {
    match state {
        FilteredState::Active => &words.state_active,
        FilteredState::Blocked => &words.state_blocked,
        FilteredState::Frozen => &words.state_frozen,
        FilteredState::Deleted => &words.state_deleted,
        FilteredState::Unspecified => "?",
    }
}

/// The name of a kind of method, by its number in the contract.
pub(super) fn method_name(words: &AccountsWords, kind: i32) -> &str {
    match MethodKind::try_from(kind) {
        Ok(MethodKind::Email) => &words.kind_email,
        Ok(MethodKind::Phone) => &words.kind_phone,
        Ok(MethodKind::Authenticator) => &words.kind_authenticator,
        Ok(MethodKind::RecoveryCode) => &words.kind_recovery_code,
        Ok(MethodKind::Passkey) => &words.kind_passkey,
        Ok(MethodKind::Unspecified) | Err(_) => "?",
    }
}

/// The methods to choose from.
pub(super) fn methods(words: &AccountsWords) -> [(&'static str, &str); 5] {
    METHODS.map(|(word, kind)| (word, method_name(words, kind.into())))
}

/// The roles to choose from.
pub(super) fn roles(words: &AdministrationWords) -> [(String, &str); 7] {
    ALL_ROLES.map(|role| (role_word(role), role_name(words, role.into())))
}
