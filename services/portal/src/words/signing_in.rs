//! What the pages of signing in say, and those behind links of mails.

use super::words;

words! { SigningInWords:
    lead password_label password_missing rejected options_title option_passkey option_access_pass
    option_password start_hint access_pass_title access_pass_lead access_pass_label access_pass_hint
    access_pass_missing access_pass_rejected passkey_title passkey_lead passkey_second_lead passkey_reset_lead
    passkey_button passkey_failed passkey_unsupported passkey_missing passkey_rejected method_passkey
    second_factor_title code_rejected sent_code_title sent_code_email sent_code_phone sent_code_to
    sent_code_on_its_way password_expired password_change_required reconfirm_title reconfirm_lead still_right
    something_changed verdict_missing entry_email entry_phone entry_authenticator entry_recovery_codes
    entry_passkey signed_out over_title over_lead not_me_title not_me_lead not_me_button not_me_done_title
    not_me_done_lead link_incomplete_title link_incomplete_lead link_over_title link_over_lead
}
