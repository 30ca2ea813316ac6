//! Resets of many passwords.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("bulk_list", include_str!("bulk/list.html")),
    ("bulk_new", include_str!("bulk/new.html")),
    ("bulk_filters", include_str!("bulk/filters.html")),
    ("bulk_job", include_str!("bulk/job.html")),
    ("bulk_progress", include_str!("bulk/progress.html")),
    ("bulk_go_on", include_str!("bulk/go_on.html")),
    ("bulk_results", include_str!("bulk/results.html")),
];
