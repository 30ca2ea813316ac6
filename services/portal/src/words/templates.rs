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
    variable_organisation variable_code variable_minutes variable_amount variable_payee variable_name variable_login
    variable_time variable_place variable_other variable_link variable_change variable_method variable_message
    variable_count variable_requests variable_days
}

impl TemplateWords {
    /// What a message is; its name for one that this release does not know.
    pub(crate) fn message<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(&format!("message_{name}")).unwrap_or(name)
    }

    /// What a variable holds, where this release knows it.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.find(&format!("variable_{name}"))
    }

    fn find(&self, key: &str) -> Option<&str> {
        self.entries().into_iter().find(|(known, _)| *known == key).map(|(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::template::TemplateName;

    use crate::words::{Catalogue, UiLocale};

    #[test]
    fn every_message_and_every_variable_is_named() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).templates;

        for template in TemplateName::ALL {
            let name = template.as_str();
            assert_ne!(words.message(name), name);
            for variable in template.variables() {
                assert!(words.variable(variable).is_some(), "{variable}");
            }
        }
    }
}
