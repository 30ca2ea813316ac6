//! Administrators' pages of accounts.

use super::words;

words! { AccountsWords:
    title search_label search_hint search_refused state_any state_active state_blocked state_frozen
    state_deleted group_label since_label before_label day_invalid found found_at_least empty empty_so_far
    column_name column_logins column_state column_role column_last_sign_in column_method select_one select_all
    reset_selected reset_selected_hint new_title logins_hint logins_missing name_hint external_id_label
    external_id_hint first_password_label first_password_hint emails_label emails_hint phones_label
    phones_hint must_change_label managed_label managed_hint create created field_refused edit saved
    own_account out_of_reach locked_until deleted_at created_at password password_none password_elsewhere
    must_change reset_password reset_lead mode_label mode_generate mode_link mode_require_change mode_set
    mode_set_hint temporary_password reset_done shown_once shown_before link_sent change_required
    password_given good_until sessions_ended copy copied print back_to_account back_to_accounts batch_none
    batch_too_many batch_title batch_lead batch_button batch_done issue_pass pass_lead life_label life_hour
    life_day life_week life_month one_time_label pass_done pass_shown_once access_pass unlock unlock_lead
    unlock_done block block_lead block_done unblock unblock_lead unblock_done unfreeze unfreeze_lead
    unfreeze_done end_sessions end_sessions_lead end_sessions_done end_session end_session_lead
    end_session_done revoke_pass revoke_pass_lead revoke_pass_done remove_method remove_method_lead
    remove_method_done grant_role grant_role_lead grant_role_done revoke_role revoke_role_lead
    revoke_role_done exempt exempt_lead exempt_done end_exemption end_exemption_lead end_exemption_done delete
    delete_lead delete_done undelete undelete_lead undelete_done erase erase_lead erase_done methods_title
    methods_empty kind_email kind_phone kind_authenticator kind_recovery_code kind_passkey standing_usable
    standing_unconfirmed standing_prefilled standing_quarantined standing_disabled column_default column_added
    column_usable sessions_title sessions_empty more_sessions place_unknown column_place column_begun
    column_last_used column_ends roles_title roles_empty groups_lead groups_empty timeline_title
    timeline_empty column_time column_event column_outcome column_actor column_address outcome_success
    outcome_refused outcome_failed actor_self actor_administrator actor_stranger actor_erased
}
