//! Why somebody cannot sign in: checks, how they came out, and what to do.

use super::words;

words! { DiagnosisWords:
    title empty column_check column_result column_remedy column_roles column_until state_ok state_wrong
    state_unknown check_exists check_not_blocked check_not_frozen check_managed_here check_not_locked
    check_has_password check_temporary_password_alive check_password_not_expired check_no_change_required
    check_reset_in_scope check_reset_licensed check_enough_methods check_method_serves
    check_address_deliverable check_not_throttled remedy_check_login remedy_unblock remedy_unfreeze
    remedy_other_directory remedy_unlock remedy_reset_password remedy_change_password remedy_change_policy
    remedy_add_seat remedy_add_method remedy_wait remedy_confirm_method remedy_look_at_messages
}
