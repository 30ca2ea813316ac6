//! The pages of one's own account.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("account_overview", include_str!("account/overview.html")),
    ("account_narrow", include_str!("account/narrow.html")),
    ("account_security_info", include_str!("account/security_info.html")),
    ("account_entry_name", include_str!("account/entry_name.html")),
    ("account_entry_state", include_str!("account/entry_state.html")),
    ("account_entry_actions", include_str!("account/entry_actions.html")),
    ("account_address", include_str!("account/address.html")),
    ("account_confirm", include_str!("account/confirm.html")),
    ("account_authenticator", include_str!("account/authenticator.html")),
    ("account_authenticator_key", include_str!("account/authenticator_key.html")),
    ("account_passkey", include_str!("account/passkey.html")),
    ("account_rename", include_str!("account/rename.html")),
    ("account_recovery_codes", include_str!("account/recovery_codes.html")),
    ("account_codes", include_str!("account/codes.html")),
    ("account_sessions", include_str!("account/sessions.html")),
    ("account_row_form", include_str!("account/row_form.html")),
    ("account_directories", include_str!("account/directories.html")),
    ("account_directory_actions", include_str!("account/directory_actions.html")),
    ("account_link", include_str!("account/link.html")),
    ("account_link_confirm", include_str!("account/link_confirm.html")),
];
