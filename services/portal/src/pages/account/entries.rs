//! Entries of security info, as their pages name them.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use crate::web::{CurrentUser, Fault};
use crate::words::{AccountWords, interpolate};

/// More than an account has.
const ALL: i32 = 200;

/// Every entry of the account, the default first.
pub(super) async fn all(user: &CurrentUser) -> Result<Vec<wire::SecurityInfo>, Fault> {
    let request = wire::ListSecurityInfoRequest { page_size: ALL, page_token: String::new() };
    let listed = SecurityInfoServiceClient::new(user.identity()).list_security_info(request).await?;
    Ok(listed.into_inner().security_info)
}

/// The entry that an address names.
pub(super) async fn find(user: &CurrentUser, id: &str) -> Result<wire::SecurityInfo, Fault> {
    let found = all(user).await?.into_iter().find(|entry| entry.security_info_id == id);
    found.ok_or(Fault::NotFound)
}

/// The address of a page of an entry.
pub(super) fn path(entry: &wire::SecurityInfo, page: &str) -> String {
    format!("/account/security-info/{}/{page}", entry.security_info_id)
}

/// Whether its code is sent, instead of being shown by an app.
pub(super) fn is_sent(entry: &wire::SecurityInfo) -> bool {
    matches!(entry.kind(), wire::MethodKind::Email | wire::MethodKind::Phone)
}

/// Whether a code is to be typed before it counts.
pub(super) fn is_unconfirmed(entry: &wire::SecurityInfo) -> bool {
    use wire::SecurityInfoState::{Disabled, Prefilled, Unconfirmed};
    matches!(entry.state(), Unconfirmed | Prefilled | Disabled)
        && (is_sent(entry) || entry.kind() == wire::MethodKind::Authenticator)
}

/// Whether codes for it go by the telephone network.
pub(super) fn is_restricted(entry: &wire::SecurityInfo) -> bool {
    entry.notices.contains(&wire::SecurityInfoNotice::ChannelRestricted.into())
}

/// What kind of proof it is.
pub(super) fn kind<'a>(words: &'a AccountWords, entry: &wire::SecurityInfo) -> &'a str {
    match entry.kind() {
        wire::MethodKind::Email => &words.kind_email,
        wire::MethodKind::Phone => &words.kind_phone,
        wire::MethodKind::Authenticator => &words.kind_authenticator,
        wire::MethodKind::RecoveryCode => &words.recovery_codes,
        wire::MethodKind::Passkey => &words.kind_passkey,
        wire::MethodKind::Unspecified => "?",
    }
}

/// What tells it from others of its kind; empty where nothing does.
pub(super) fn detail(words: &AccountWords, entry: &wire::SecurityInfo) -> String {
    match entry.kind() {
        wire::MethodKind::RecoveryCode => {
            interpolate(&words.codes_left, "count", entry.recovery_codes_remaining)
        }
        wire::MethodKind::Passkey => entry.display_name.clone(),
        _ => entry.masked_destination.clone(),
    }
}

/// Both, on one line.
pub(super) fn name(words: &AccountWords, entry: &wire::SecurityInfo) -> String {
    let (kind, detail) = (kind(words, entry), detail(words, entry));
    if detail.is_empty() { kind.to_owned() } else { format!("{kind}: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: wire::MethodKind, state: wire::SecurityInfoState) -> wire::SecurityInfo {
        wire::SecurityInfo { kind: kind.into(), state: state.into(), ..wire::SecurityInfo::default() }
    }

    #[test]
    fn a_code_is_asked_for_what_does_not_count_yet_and_has_one() {
        use wire::MethodKind::{Authenticator, Email, Passkey, Phone, RecoveryCode};
        use wire::SecurityInfoState::{Disabled, Prefilled, Quarantined, Unconfirmed, Usable};

        for (kind, state) in [(Email, Unconfirmed), (Phone, Prefilled), (Authenticator, Disabled)] {
            assert!(is_unconfirmed(&entry(kind, state)), "{kind:?} {state:?}");
        }
        for (kind, state) in
            [(Email, Usable), (Phone, Quarantined), (Passkey, Disabled), (RecoveryCode, Unconfirmed)]
        {
            assert!(!is_unconfirmed(&entry(kind, state)), "{kind:?} {state:?}");
        }
    }
}
