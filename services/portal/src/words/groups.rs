//! Groups and their members.

use super::words;

words! { GroupWords:
    title title_one lead name name_hint name_missing name_invalid created_at changed_at none none_to_see new create created
    members members_lead member kind kind_account kind_group choose choose_one no_members no_members_to_see remove remove_says removed nobody_chosen
    add_title login login_hint login_missing login_unknown nest_title group group_hint group_choose group_missing other_group other_group_hint other_group_unknown other_group_several add
    added rename_title rename renamed changed_meanwhile delete delete_says deleted in_policy to_list
}
