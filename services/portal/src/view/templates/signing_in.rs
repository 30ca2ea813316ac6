//! The pages of signing in.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("credentials", include_str!("signing_in/credentials.html")),
    ("use_passkey", include_str!("signing_in/use_passkey.html")),
    ("ask_code", include_str!("signing_in/ask_code.html")),
    ("reconfirm", include_str!("signing_in/reconfirm.html")),
];
