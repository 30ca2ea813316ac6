//! What a provider of kind `sms` takes from the settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// `[[notification.providers]]` with `kind = "sms"`. The defaults are the words of Twilio's form.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::providers) struct SmsSettings {
    /// Where the form is posted; `{account}` stands for `account`.
    pub(super) url: Option<String>,
    pub(super) account: Option<String>,
    /// The name of HTTP Basic authentication; without it `account`.
    pub(super) username: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    /// A bearer token instead.
    pub(super) token_file: Option<PathBuf>,
    /// The sender: a number in E.164, or a name where the country allows one.
    pub(super) from: Option<String>,
    pub(super) to_field: String,
    pub(super) from_field: String,
    pub(super) text_field: String,
    /// Seconds the provider may keep trying: always the rest of the message's life. Empty: there is no such field.
    pub(super) validity_field: String,
    /// The most that field may say: four hours, Twilio's own bound.
    pub(super) validity_longest_seconds: u64,
    /// What the gateway signs its status callbacks with. With it, and where `receipts.http` has a public URL, it is asked to
    /// report of every message.
    pub(super) callback_token_file: Option<PathBuf>,
    /// The field with the URL that it reports to.
    pub(super) callback_field: String,
    /// Fields sent with every message.
    pub(super) fields: BTreeMap<String, String>,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            url: None,
            account: None,
            username: None,
            password_file: None,
            token_file: None,
            from: None,
            to_field: "To".to_owned(),
            from_field: "From".to_owned(),
            text_field: "Body".to_owned(),
            validity_field: "ValidityPeriod".to_owned(),
            validity_longest_seconds: 14_400,
            callback_token_file: None,
            callback_field: "StatusCallback".to_owned(),
            fields: BTreeMap::new(),
        }
    }
}
