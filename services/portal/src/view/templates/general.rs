//! What every page is made of, and the pages of a reset.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("layout", include_str!("general/layout.html")),
    ("field", include_str!("general/field.html")),
    ("hidden", include_str!("general/hidden.html")),
    ("select", include_str!("general/select.html")),
    ("toggle", include_str!("general/toggle.html")),
    ("confirmation", include_str!("general/confirmation.html")),
    ("table", include_str!("general/table.html")),
    ("facts", include_str!("general/facts.html")),
    ("sentence", include_str!("general/sentence.html")),
    ("start", include_str!("general/start.html")),
    ("organisation", include_str!("general/organisation.html")),
    ("who", include_str!("general/who.html")),
    ("prove", include_str!("general/prove.html")),
    ("code", include_str!("general/code.html")),
    ("password", include_str!("general/password.html")),
    ("done", include_str!("general/done.html")),
    ("help", include_str!("general/help.html")),
];
