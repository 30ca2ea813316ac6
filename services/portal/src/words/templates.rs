//! The pages of what messages say.

use super::words;

words! { TemplateWords:
    title lead locale_label own_label locale_invalid none_own column_message column_language column_text column_since
    column_version column_action column_author built_in own_text own_version version in_force in_force_now is_in_force
    origin_own origin_own_nearest origin_built_in subject_label subject_hint text_label text_hint sms_label sms_hint
    variables_title variables_lead required other_locale other_locale_hint other_locale_button preview_button save_button saved
    preview_title preview_lead preview_mail preview_frame preview_text preview_sms check_button frame_unseen
    frame_refused sms_size part_refused overtaken
    locales_full not_overridden versions_title versions_none action_set action_reset action_rolled_back this_text rollback_lead
    rollback_button rolled_back reset_link reset_lead reset_button was_reset message_access_pass_notice
    message_account_linked_notice message_administrator_reset_alarm message_caller_verification_code message_delivery_test
    message_help_request message_help_request_digest message_password_changed_notice message_password_expiry_notice
    message_password_reset_by_administrator_notice message_password_reset_code message_password_reset_link
    message_password_reset_notice message_payment_code message_reset_repudiated_alarm message_security_info_changed_notice
    message_security_info_code message_sign_in_code message_sign_up_code message_verification_code
}
