//! The pages of the policy.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("policy", include_str!("policy/policy.html")),
    ("policy_switch", include_str!("policy/switch.html")),
    ("policy_groups", include_str!("policy/groups.html")),
    ("policy_several", include_str!("policy/several.html")),
    ("policy_editor", include_str!("policy/editor.html")),
    ("policy_image", include_str!("policy/image.html")),
    ("policy_logo", include_str!("policy/logo.html")),
    ("policy_review", include_str!("policy/review.html")),
    ("policy_forecast", include_str!("policy/forecast.html")),
    ("policy_revisions", include_str!("policy/revisions.html")),
    ("policy_revision", include_str!("policy/revision.html")),
];
