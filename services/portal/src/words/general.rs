//! What every page may say, and the pages of a reset.

use super::words;

words! { Words:
    portal_name skip error_prefix error_title languages steps step_who step_prove step_password step_done support_code next
    start_title start_lead start_forgot start_forgot_hint start_help start_help_hint change_organisation
    organisation_title organisation_lead organisation_label organisation_hint organisation_missing organisation_unknown
    organisation_elsewhere
    who_title who_lead login_label login_missing login_invalid
    prove_title prove_lead prove_again methods_none method_email method_phone method_email_to method_phone_to
    method_authenticator method_recovery_code method_missing get_code help_link
    code_title code_sent code_sent_to code_authenticator code_recovery_code code_label code_hint code_missing code_rejected
    code_good_until code_minutes_left code_dead resend_possible in_seconds resend_button resend_none waiting_title waiting_text other_way verify
    password_title password_lead rules_title strength rules_kept rule_minimum_length rule_minimum_length_unknown rule_maximum_length
    rule_maximum_length_unknown rule_character_classes rule_character_classes_unknown rule_common
    rule_banned_term rule_personal rule_organisation rule_too_simple rule_history rule_broken new_password_label repeat_password_label
    password_missing password_too_long password_mismatch set_password
    done_title done_lead
    help_title help_lead help_message_label help_message_hint help_message_refused send help_sent_title help_sent_lead
    help_elsewhere help_elsewhere_link
    reset_over_title reset_over_lead start_again throttled throttled_for busy send_limited send_limited_for method_proved
    proofs_missing attempts_exhausted not_enabled not_licensed not_in_scope too_few_methods managed_elsewhere blocked
    form_repeated
    not_found_title not_found_lead form_expired_title form_expired_lead too_large_title too_large_lead unavailable_title
    unavailable_lead broken_title broken_lead
    sign_in sign_out my_account to_administration not_allowed_title not_allowed_lead refused next_page first_page cancel yes no none all filter back more save never
}
