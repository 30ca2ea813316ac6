//! The built-in texts: one file per template and language, in three parts divided by `--- text` and `--- sms`.

use crate::domain::template::TemplateName;

/// The languages that are spoken here, English first.
pub(super) const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "ja", "ar"];

/// The parts of one file.
pub(super) struct Parts {
    /// One line.
    pub(super) subject: String,
    /// Paragraphs with an empty line between them.
    pub(super) text: String,
    /// The text message.
    pub(super) sms: String,
}

/// A template in a language.
///
/// # Panics
/// Never: a test reads every file.
pub(super) fn text(template: TemplateName, language: &'static str) -> Parts {
    let source = match language {
        "de" => german(template),
        "fr" => french(template),
        "es" => spanish(template),
        "ja" => japanese(template),
        "ar" => arabic(template),
        _ => english(template),
    };
    let (subject, rest) = source.split_once("\n--- text\n").expect("the file has a part `text`");
    let (text, sms) = rest.split_once("\n--- sms\n").expect("the file has a part `sms`");
    Parts {
        subject: subject.to_owned(),
        text: format!("{}\n", text.trim_end()),
        sms: sms.trim_end().to_owned(),
    }
}

macro_rules! sources {
    ($function:ident, $folder:literal) => {
        fn $function(template: TemplateName) -> &'static str {
            match template {
                TemplateName::PasswordResetCode => include_str!(concat!($folder, "/password_reset_code.txt")),
                TemplateName::SecurityInfoCode => include_str!(concat!($folder, "/security_info_code.txt")),
                TemplateName::VerificationCode => include_str!(concat!($folder, "/verification_code.txt")),
                TemplateName::PasswordResetNotice => {
                    include_str!(concat!($folder, "/password_reset_notice.txt"))
                }
                TemplateName::PasswordChangedNotice => {
                    include_str!(concat!($folder, "/password_changed_notice.txt"))
                }
                TemplateName::SecurityInfoChangedNotice => {
                    include_str!(concat!($folder, "/security_info_changed_notice.txt"))
                }
                TemplateName::HelpRequest => include_str!(concat!($folder, "/help_request.txt")),
                TemplateName::HelpRequestDigest => include_str!(concat!($folder, "/help_request_digest.txt")),
                TemplateName::AdministratorResetAlarm => {
                    include_str!(concat!($folder, "/administrator_reset_alarm.txt"))
                }
                TemplateName::ResetRepudiatedAlarm => {
                    include_str!(concat!($folder, "/reset_repudiated_alarm.txt"))
                }
                TemplateName::PasswordExpiryNotice => {
                    include_str!(concat!($folder, "/password_expiry_notice.txt"))
                }
            }
        }
    };
}

sources!(english, "en");
sources!(german, "de");
sources!(french, "fr");
sources!(spanish, "es");
sources!(japanese, "ja");
sources!(arabic, "ar");
