//! The pages of what messages say.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("templates", include_str!("message_templates/list.html")),
    ("template_editor", include_str!("message_templates/editor.html")),
    ("template_fields", include_str!("message_templates/fields.html")),
    ("template_frame", include_str!("message_templates/frame.html")),
    ("template_versions", include_str!("message_templates/versions.html")),
    ("template_version", include_str!("message_templates/version.html")),
];
