//! What the portal says, in each of its languages: a catalogue a language (`words/*.toml`), all with the same texts.
//!
//! A text is a field, so that one that is missing or misspelt does not read or does not build. In braces stands what is filled in.

mod locale;

use std::fmt::Display;

use serde::Deserialize;

pub(crate) use self::locale::UiLocale;

macro_rules! words {
    ($($key:ident)+) => {
        /// The texts of one language.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Words {
            $(pub(crate) $key: String,)+
        }

        impl Words {
            /// Each text with its name, as templates know it.
            pub(crate) fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$((stringify!($key), self.$key.as_str()),)+].into_iter()
            }
        }
    };
}

words! {
    portal_name skip error_prefix error_title languages steps step_who step_prove step_password step_done support_code next
    start_title start_lead start_forgot start_forgot_hint start_help start_help_hint change_organisation
    organisation_title organisation_lead organisation_label organisation_hint organisation_missing organisation_unknown
    organisation_elsewhere
    who_title who_lead login_label login_missing login_invalid
    prove_title prove_lead prove_again methods_none method_email method_phone method_email_to method_phone_to
    method_authenticator method_recovery_code method_missing get_code help_link
    code_title code_sent code_sent_to code_authenticator code_recovery_code code_label code_hint code_missing code_rejected
    code_good_until resend_possible in_seconds resend_button resend_none waiting_title waiting_text other_way verify
    password_title password_lead rules_title rule_minimum_length rule_maximum_length rule_character_classes rule_common
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
}

/// All languages.
pub(crate) struct Catalogue(Vec<Words>);

impl Catalogue {
    /// Reads the texts that are built in.
    ///
    /// # Errors
    /// A language lacks a text, or has one that nobody knows.
    pub(crate) fn load() -> Result<Self, toml::de::Error> {
        let read = UiLocale::ALL.into_iter().map(|locale| toml::from_str(locale.texts()));
        Ok(Self(read.collect::<Result<Vec<Words>, _>>()?))
    }

    pub(crate) fn of(&self, locale: UiLocale) -> &Words {
        &self.0[locale as usize]
    }
}

/// The text with something filled in.
pub(crate) fn filled(text: &str, name: &str, value: impl Display) -> String {
    text.replace(&format!("{{{name}}}"), &value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in braces, in its order.
    fn blanks(text: &str) -> Vec<&str> {
        let mut blanks: Vec<&str> =
            text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        blanks.sort_unstable();
        blanks
    }

    #[test]
    fn every_language_has_every_text_with_the_same_blanks() {
        let catalogue = Catalogue::load().unwrap();
        let english = catalogue.of(UiLocale::En);

        for locale in UiLocale::ALL {
            for ((key, text), (_, model)) in catalogue.of(locale).entries().zip(english.entries()) {
                assert!(!text.trim().is_empty(), "{locale:?} {key}");
                assert_eq!(blanks(text), blanks(model), "{locale:?} {key}");
            }
        }
    }

    #[test]
    fn no_text_is_left_in_english() {
        let catalogue = Catalogue::load().unwrap();
        let english = catalogue.of(UiLocale::En);

        for locale in UiLocale::ALL.into_iter().filter(|locale| *locale != UiLocale::En) {
            let same =
                catalogue.of(locale).entries().zip(english.entries()).filter(|(own, model)| own == model);
            let same: Vec<&str> = same.map(|((key, _), _)| key).collect();
            assert!(same.len() <= 2, "{locale:?} {same:?}");
        }
    }

    #[test]
    fn the_words_that_administrators_hand_out_are_the_pages_words() {
        let catalogue = Catalogue::load().unwrap();
        let english = catalogue.of(UiLocale::En);

        assert_eq!(english.start_title, "Can't access your account?");
        assert_eq!(english.start_forgot, "I forgot my password");
        assert_eq!(english.get_code, "Get a verification code");
        assert_eq!(english.help_link, "Contact an administrator");
    }

    #[test]
    fn a_blank_is_filled_in() {
        assert_eq!(filled("in {seconds} s", "seconds", 30), "in 30 s");
    }
}
