//! The pages of the audit log.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("audit", include_str!("audit/list.html")),
    ("audit_details", include_str!("audit/details.html")),
    ("audit_funnel", include_str!("audit/funnel.html")),
    ("audit_bar", include_str!("audit/bar.html")),
    ("audit_course", include_str!("audit/course.html")),
    ("audit_verification", include_str!("audit/verification.html")),
];
