//! Requests for help.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("requests_list", include_str!("requests/list.html")),
    ("requests_one", include_str!("requests/one.html")),
    ("requests_own", include_str!("requests/own.html")),
    ("requests_acts", include_str!("requests/acts.html")),
    ("requests_caller", include_str!("requests/caller.html")),
    ("requests_code", include_str!("requests/code.html")),
];
