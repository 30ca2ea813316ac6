//! The pages of messages and of who carries them.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("messages", include_str!("messages/list.html")),
    ("message", include_str!("messages/one.html")),
    ("providers", include_str!("messages/providers.html")),
    ("suppressions", include_str!("messages/suppressions.html")),
];
