//! What a message would look like on every channel.

use rekey_primitives::secret::Zeroizing;

use super::sms::SmsSize;
use super::template_text::{Candidate, Origin};

/// A message on every channel. It may hold values that somebody gave: no `Debug`.
pub(crate) struct Preview {
    pub(crate) email: EmailPreview,
    pub(crate) sms: Zeroizing<String>,
    pub(crate) sms_size: SmsSize,
    pub(crate) origin: Origin,
    /// The locale that it is written in.
    pub(crate) source_locale: String,
    /// The version of the tenant's text; 0 for a draft and for a built-in one.
    pub(crate) version: i32,
    /// What is looked for to write to this reader, in this order.
    pub(crate) candidates: Vec<Candidate>,
}

/// A mail as it would go out.
pub(crate) struct EmailPreview {
    pub(crate) subject: Zeroizing<String>,
    pub(crate) text: Zeroizing<String>,
    pub(crate) html: Zeroizing<String>,
}
