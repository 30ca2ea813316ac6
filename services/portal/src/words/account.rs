//! What the pages of one's own account say.

use super::words;

words! { AccountWords:
    sign_in_again
    login organisation roles security_info_hint password_hint recovery_codes recovery_codes_hint sessions_hint directories_hint
    no_method_title no_method
    password_lead current_password_label current_password_missing current_password_rejected password_changed
    change_password
    security_info_lead security_info_empty method state confirm make_default rename remove
    kind_email kind_phone kind_authenticator kind_passkey codes_left
    state_unconfirmed state_prefilled state_quarantined state_usable state_disabled offered_first counts_from restricted
    made_default removed remove_title remove_lead remove_button confirmed
    add_title add_email add_email_hint add_phone add_phone_hint add_authenticator add_authenticator_hint add_passkey add_passkey_hint
    email_lead email_label email_refused phone_lead phone_label phone_hint phone_refused address_missing
    told
    confirm_send confirm_sent confirm_authenticator
    authenticator_lead authenticator_button authenticator_scan authenticator_type authenticator_once qr_label
    passkey_lead passkey_name_label passkey_name_hint passkey_button passkey_missing passkey_failed passkey_added
    passkey_default_name rename_title rename_lead rename_label rename_missing rename_refused renamed
    codes_lead codes_none codes_remaining codes_void codes_button codes_shown_title codes_shown_lead
    codes_print codes_copy codes_copied codes_saved codes_shown_before
    sessions_lead sessions_empty session_place session_unknown session_opened session_used session_ends session_current
    session_end session_ended sessions_end_others sessions_ended
    directories_lead directories_empty directory_linked_at directory_current directory_linked
    directory_suspended switch unlink unlink_title unlink_lead unlink_button unlinked link_again link_choice link_choice_hint
    link_lead link_organisation_label link_login_label link_password_label link_password_missing link_same link_rejected
    link_button link_confirm_title link_confirm_lead link_confirm_button link_cancel linked link_cancelled link_over
}
