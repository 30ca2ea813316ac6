//! Groups and their members.

use super::Templates;

pub(super) const TEMPLATES: Templates = &[
    ("groups_list", include_str!("groups/list.html")),
    ("groups_create", include_str!("groups/create.html")),
    ("groups_one", include_str!("groups/one.html")),
    ("groups_members", include_str!("groups/members.html")),
    ("groups_choose", include_str!("groups/choose.html")),
    ("groups_add", include_str!("groups/add.html")),
    ("groups_rename", include_str!("groups/rename.html")),
];
