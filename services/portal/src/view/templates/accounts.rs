//! Administrators' pages of accounts.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("accounts_account", include_str!("accounts/account.html")),
    ("accounts_batch", include_str!("accounts/batch.html")),
    ("accounts_form", include_str!("accounts/form.html")),
    ("accounts_grant", include_str!("accounts/grant.html")),
    ("accounts_groups", include_str!("accounts/groups.html")),
    ("accounts_parts", include_str!("accounts/parts.html")),
    ("accounts_pick", include_str!("accounts/pick.html")),
    ("accounts_search", include_str!("accounts/search.html")),
    ("accounts_secret", include_str!("accounts/secret.html")),
    ("accounts_sessions", include_str!("accounts/sessions.html")),
];
